"""What posts: journal entries, billing documents and incoming payments, all into the same journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .. import stamps
from ..amounts import decimal, number, rounded
from ..messages import Json
from . import seed
from .rows import Rows
from .schema import SETS

PERIODS = "sap:periods"
TERMS = {"Net 15": 15, "Net 45": 45, "Net 60": 60, "Due on receipt": 0}
ITEM = "A_JournalEntryItemBasic"


class Refused(Exception):
    """A posting is refused: message class and number, and words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Line:
    """One line of a journal entry; `kind` is D, K or S."""

    kind: str
    account: str
    amount: Decimal
    text: str = ""
    cost_centre: str = ""


@dataclass(slots=True)
class Entry:
    """A journal entry to be posted."""

    company: str
    kind: str
    day: str
    currency: str
    reference: str
    lines: list[Line]
    invoice: tuple[str, str] = ("", "")
    """Number and year of the invoice that its customer lines are for."""


class Posting:
    """The books."""

    def __init__(self, rows: Rows, setting: Callable[[str], Any]) -> None:
        self._rows = rows
        self._setting = setting
        self._store = rows.store

    def post(self, entry: Entry) -> tuple[str, str]:
        """Number and year of the entry. Raises Refused."""
        self._check(entry)
        year = entry.day[:4]
        found = f"{self._store.next(f'sap:entry:{entry.company}') + 100_000_000:010d}"
        for at, line in enumerate(entry.lines, 1):
            party = {"D": {"Customer": line.account}, "K": {"Supplier": line.account}}.get(line.kind, {})
            account = {"D": seed.RECEIVABLE, "K": seed.PAYABLE}.get(line.kind, line.account)
            item: Json = {"CompanyCode": entry.company, "FiscalYear": year, "AccountingDocument": found}
            item |= {
                "LedgerGLLineItem": f"{at:06d}",
                "AccountingDocumentType": entry.kind,
                "GLAccount": account,
                **party,
            }
            item |= {"FinancialAccountType": line.kind, "TransactionCurrency": entry.currency}
            item |= {"CostCenter": line.cost_centre, "DocumentItemText": line.text, "PostingDate": entry.day}
            item |= {"DocumentDate": entry.day, "OriginalReferenceDocument": entry.reference}
            item |= {"AmountInTransactionCurrency": number(line.amount)}
            if line.kind == "D" and entry.invoice[0]:
                item |= {"InvoiceReference": entry.invoice[0], "InvoiceReferenceFiscalYear": entry.invoice[1]}
            self._rows.insert(SETS[ITEM], item)
        return found, year

    def _check(self, entry: Entry) -> None:
        if self._rows.of["A_CompanyCode"].get(entry.company) is None:
            raise Refused("F5/165", f"Company code {entry.company} does not exist")
        if entry.currency not in seed.CURRENCIES:
            raise Refused("F5/121", f"Currency key {entry.currency} is not defined")
        if sum((line.amount for line in entry.lines), Decimal(0)):
            raise Refused("RW/022", "Balance in transaction currency")
        if self._setting("duplicate_check") and self._rows.of[ITEM].first(
            '"OriginalReferenceDocument" = ? AND "CompanyCode" = ?', (entry.reference, entry.company)
        ):
            raise Refused("RW/031", f"Document {entry.reference} was posted already")
        month, closed = entry.day[:7], self._store.facts(PERIODS)
        for line in entry.lines:
            self._check_line(line)
            if any(f"{entry.company}|{month}|{kind}" in closed for kind in ("+", line.kind)):
                raise Refused("F5/201", f"Posting period 0{month[5:]} {month[:4]} is not open")

    def _check_line(self, line: Line) -> None:
        if line.kind == "S" and line.account not in seed.ACCOUNTS:
            raise Refused("F5/507", f"Account {line.account} does not exist in chart of accounts YCOA")
        if line.kind == "D" and self._rows.of["A_Customer"].get(line.account) is None:
            raise Refused("F5/102", f"Customer {line.account} is not defined")

    # -- billing ------------------------------------------------------------------------------------------------

    def bill(self, request: Json) -> str:
        """A billing document and its entry; its number. Raises Refused."""
        sign = -1 if request["category"] == "O" else 1
        company, day, currency = request["organisation"], request["day"], request["currency"]
        items = [item | {"net": rounded(item["net"], currency), "tax": item["tax"]} for item in request["items"]]
        net, tax = (sum((item[name] for item in items), Decimal(0)) for name in ("net", "tax"))
        if unknown := [item["product"] for item in items if item["product"] not in seed.PRODUCTS]:
            raise Refused("VF/106", f"Product {unknown[0]} does not exist")
        found = f"{self._store.next('sap:billing') + 90_000_000:010d}"
        lines = [
            Line("D", request["customer"], sign * (net + tax)),
            Line("S", seed.REVENUE, -sign * net),
            *([Line("S", seed.TAX, -sign * tax)] if tax else []),
        ]
        of_invoice = (request["invoice"], request["invoice_year"])
        entry = Entry(company, "RV", day, currency, found, lines, of_invoice)
        document, year = self.post(entry)
        due = stamps.day(day) + timedelta(days=TERMS.get(request["terms"], 30))
        header: Json = {"BillingDocument": found, "SDDocumentCategory": request["category"], "CompanyCode": company}
        header |= {"BillingDocumentType": request["type"], "SoldToParty": request["customer"]}
        header |= {"TransactionCurrency": currency, "AssignmentReference": request["reference"]}
        header |= {"PurchaseOrderByCustomer": request["order"], "CustomerPaymentTerms": request["terms"]}
        header |= {"AccountingDocument": document, "FiscalYear": year, "AccountingTransferStatus": "C"}
        header |= {"InvoiceClearingStatus": "A", "InvoiceReference": of_invoice[0]}
        header |= {"InvoiceReferenceFiscalYear": of_invoice[1], "NetDueDate": due.isoformat()}
        header |= {"TotalNetAmount": number(net), "TotalTaxAmount": number(tax), "BillingDocumentDate": day}
        header["DocumentHeaderText"] = request["memo"]
        self._rows.insert(SETS["A_BillingDocument"], header)
        for at, item in enumerate(items, 1):
            row: Json = {"BillingDocument": found, "BillingDocumentItem": f"{at * 10:06d}", "Product": item["product"]}
            row |= {"BillingDocumentItemText": item["text"], "ReferenceItemID": item["reference"]}
            row |= {"BillingQuantity": number(item["quantity"]), "WBSElement": item["wbs"]}
            row |= {"NetAmount": number(item["net"]), "TaxAmount": number(item["tax"])}
            self._rows.insert(SETS["A_BillingDocumentItem"], row)
        if of_invoice[0]:
            self._clear(company, *of_invoice)
        return found

    def pay(self, row: Json) -> str:
        """`{"company", "customer", "invoice"?, "amount", "currency", "date"}`; `invoice` is its billing document."""
        amount, company = decimal(row["amount"]), str(row["company"])
        billed = self._rows.of["A_BillingDocument"].get(str(row.get("invoice", ""))) or {}
        invoice = (billed.get("AccountingDocument", ""), billed.get("FiscalYear", ""))
        lines = [Line("S", seed.BANK, amount), Line("D", str(row["customer"]), -amount)]
        reference = f"PAY{self._store.next('sap:payment'):07d}"
        entry = Entry(company, "DZ", str(row["date"]), str(row["currency"]), reference, lines, invoice)
        document, year = self.post(entry)
        if invoice[0]:
            self._clear(company, *invoice)
        return f"{company}|{year}|{document}|000002"

    def _clear(self, company: str, document: str, year: str) -> None:
        """How far an invoice is cleared by what names it."""
        kept = self._rows.of["A_BillingDocument"].first(
            "\"AccountingDocument\" = ? AND json_extract(body, '$.CompanyCode') = ?", (document, company)
        )
        if kept is None:
            raise Refused("F5/702", f"Invoice {document} {company} {year} does not exist")
        named = (
            "json_extract(body, '$.InvoiceReference') = ? AND \"CompanyCode\" = ? AND \"FinancialAccountType\" = 'D'"
        )
        rows = self._rows.of[ITEM].find(named, (document, company))
        cleared = -sum((decimal(row.body["AmountInTransactionCurrency"]) for row in rows), Decimal(0))
        body = kept.body
        gross = decimal(body["TotalNetAmount"]) + decimal(body["TotalTaxAmount"])
        body["InvoiceClearingStatus"] = "C" if cleared >= gross else "B"
        self._rows.save(SETS["A_BillingDocument"], body)

    # -- the books ----------------------------------------------------------------------------------------------

    def books(self) -> Json:
        """Documents, and the trial balance of all entries."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in self._rows.of[ITEM].find():
            item = row.body
            sums[item["CompanyCode"], item["GLAccount"]] += decimal(item["AmountInTransactionCurrency"])
        return {
            "vendor": "sap",
            "documents": [row.body for row in self._rows.of["A_BillingDocument"].find()],
            "trial_balance": {
                "balanced": not sum(sums.values(), Decimal(0)),
                "accounts": [
                    {"company": company, "account": account, "balance": f"{balance:.2f}"}
                    for (company, account), balance in sorted(sums.items())
                ],
            },
            "records": {name: records.count() for name, records in self._rows.of.items()},
        }
