"""Messages over SOAP: journal entries, with an answer or without one, and billing document requests, always without.

A message without an answer is taken with 202. What becomes of it shows in the monitor of the tenant, to people only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ..amounts import decimal
from ..messages import Call, Json, Misshapen, Refusal, Reply
from .errors import problem
from .posting import Entry, Line, Posting, Refused
from .rows import Rows
from .schema import SETS

SERVICES = "/sap/bc/srt/scs_ext/sap"
_QUEUE = "sap:queue"
_XML = {"Content-Type": "text/xml; charset=utf-8"}


class Messages:
    """What comes in over SOAP."""

    def __init__(self, rows: Rows, posting: Posting, setting: Callable[[str], Any]) -> None:
        self._rows = rows
        self._posting = posting
        self._setting = setting
        self._store = rows.store

    def clear(self) -> None:
        self._store.forget(_QUEUE)

    # -- with an answer -----------------------------------------------------------------------------------------

    def journal(self, call: Call) -> Reply:
        """Post at once; the answer says the number, or why not."""
        entry = _entry(_body(call))
        try:
            with self._store.attempt("message"):
                number, year = self._posting.post(entry)
        except Refused as refused:
            return Reply(200, _confirmation("0000000000", entry.company, "0000", refused), _XML)
        return Reply(200, _confirmation(number, entry.company, year, None), _XML)

    # -- without ------------------------------------------------------------------------------------------------

    def journal_later(self, call: Call) -> Reply:
        return self._take("journal", call)

    def request(self, call: Call) -> Reply:
        return self._take("request", call)

    def _take(self, kind: str, call: Call) -> Reply:
        _body(call)  # what is no XML is refused at the door
        text = call.body.decode(errors="replace")
        if self._setting("message_ms"):
            due = self._store.clock.now() + self._setting("message_ms")
            self._store.remember(_QUEUE, f"{self._store.next('sap:message'):09d}", [due, kind, text])
        else:
            self._work(kind, text)
        return Reply(202)

    def work(self) -> None:
        """The messages that are due."""
        for name, (due, kind, text) in self._store.facts(_QUEUE).items():
            if due <= self._store.clock.now():
                self._store.forget(_QUEUE, name)
                self._work(kind, text)

    def _work(self, kind: str, text: str) -> None:
        """One message. What fails leaves nothing but a line in the monitor."""
        body = fromstring(text)
        try:
            with self._store.attempt("message"):
                if kind == "journal":
                    self._posting.post(_entry(body))
                else:
                    self._requested(_request(body))
        except (Refused, Refusal, ValueError):
            return

    def _requested(self, request: Json) -> None:
        if self._rows.of["A_Customer"].get(request["customer"]) is None:
            raise Refused("V1/359", f"Customer {request['customer']} is not defined in the sales area")
        found = f"{self._store.next('sap:request') + 70_000_000:010d}"
        row = {"BillingDocumentRequest": found, "SoldToParty": request["customer"], "OverallStatus": "A"}
        row |= {"SalesOrganization": request["organisation"], "AssignmentReference": request["reference"]}
        if self._setting("billing") == "now":
            self._posting.bill(request)
            row["OverallStatus"] = "C"
        else:
            self._store.remember("sap:unbilled", found, _plain(request))
        self._rows.insert(SETS["A_BillingDocumentRequest"], row)

    def bill(self) -> list[str]:
        """The billing run: documents of all requests that wait for it."""
        made = []
        for name, request in self._store.facts("sap:unbilled").items():
            self._store.forget("sap:unbilled", name)
            items = [
                item | {part: decimal(item[part]) for part in ("quantity", "net", "tax")} for item in request["items"]
            ]
            made.append(self._posting.bill({**request, "items": items}))
            body = self._rows.get(SETS["A_BillingDocumentRequest"], {"BillingDocumentRequest": name})
            self._rows.save(SETS["A_BillingDocumentRequest"], body | {"OverallStatus": "C"})
        return made


def _plain(request: Json) -> Json:
    parts = ("quantity", "net", "tax")
    return {**request, "items": [item | {part: str(item[part]) for part in parts} for item in request["items"]]}


# -- reading XML ------------------------------------------------------------------------------------------------------


def _body(call: Call) -> Element:
    try:
        body: Element = fromstring(call.body)
    except (ParseError, DefusedXmlException, ValueError) as wrong:
        raise Refusal(problem(400, "SOAP:1", f"The message is no XML: {wrong}")) from None
    return body


def _text(node: Element, name: str) -> str:
    return (node.findtext(f".//{name}") or "").strip()


def _amount(node: Element, name: str) -> Any:
    return decimal(_text(node, name))


def _entry(body: Element) -> Entry:
    node = body.find(".//JournalEntry")
    if node is None:
        raise Refusal(problem(400, "SOAP:2", "The message has no JournalEntry."))
    kinds = {"Item": ("S", "GLAccount"), "DebtorItem": ("D", "Debtor"), "CreditorItem": ("K", "Creditor")}
    lines, currency = [], ""
    for part in node:
        if part.tag in kinds:
            kind, account = kinds[part.tag]
            amount = part.find("AmountInTransactionCurrency")
            currency = (amount.get("currencyCode") or "") if amount is not None else ""
            worth, text = _amount(part, "AmountInTransactionCurrency"), _text(part, "DocumentItemText")
            lines.append(Line(kind, _text(part, account), worth, text, _text(part, "CostCenter")))
    company, kind = _text(node, "CompanyCode"), _text(node, "AccountingDocumentType")
    return Entry(company, kind, _text(node, "PostingDate"), currency, _text(node, "OriginalReferenceDocument"), lines)


def _request(body: Element) -> Json:
    node = body.find(".//BillingDocumentRequest")
    if node is None:
        raise ValueError("no BillingDocumentRequest")
    named = {
        "type": "BillingDocumentRequestType", "organisation": "SalesOrganization", "customer": "SoldToParty",
        "day": "BillingDocumentDate", "currency": "TransactionCurrency", "reference": "AssignmentReference",
        "order": "PurchaseOrderByCustomer", "terms": "CustomerPaymentTerms", "invoice": "InvoiceReference",
        "invoice_year": "InvoiceReferenceFiscalYear", "memo": "DocumentHeaderText",
    }  # fmt: skip
    request: Json = {ours: _text(node, theirs) for ours, theirs in named.items()}
    request["category"] = "O" if _text(node, "SDDocumentCategory") == "O" else "M"
    request["items"] = [
        {
            "text": _text(item, "BillingDocumentRequestItemText"),
            "reference": _text(item, "ReferenceItemID"),
            "product": _text(item, "Product"),
            "wbs": _text(item, "WBSElement"),
            "quantity": _amount(item, "BillingQuantity"),
            "net": _amount(item, "NetAmount"),
            "tax": _amount(item, "TaxAmount"),
        }
        for item in node.iter("Item")
    ]
    if not request["items"]:
        raise Misshapen("no items")
    return request


def _confirmation(number: str, company: str, year: str, refused: Refused | None) -> str:
    log = "<Item><SeverityCode>1</SeverityCode><Note>Document posted successfully</Note></Item>"
    if refused is not None:
        group, _, at = refused.code.partition("/")
        said = f"<TypeID>{at}({group})</TypeID><SeverityCode>3</SeverityCode><Note>{escape(str(refused))}</Note>"
        log = f"<Item>{said}</Item>"
    return (
        '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Body>'
        '<n0:JournalEntryBulkCreateConfirmation xmlns:n0="http://sap.com/xi/SAPSCORE/SFIN">'
        "<JournalEntryCreateConfirmation><JournalEntryCreateConfirmation>"
        f"<AccountingDocument>{number}</AccountingDocument><CompanyCode>{escape(company)}</CompanyCode>"
        f"<FiscalYear>{year}</FiscalYear></JournalEntryCreateConfirmation><Log>{log}</Log>"
        "</JournalEntryCreateConfirmation></n0:JournalEntryBulkCreateConfirmation></soap-env:Body></soap-env:Envelope>"
    )
