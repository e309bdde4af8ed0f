"""Invoices and credit memos: requested by a message that is only taken, and found as billing documents."""

from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from integration_hub.connectors import answers, wire
from integration_hub.connectors.odata import literal, shortened
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.sap import messages
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.naming import BILLING, REQUESTS
from integration_hub.connectors.sap.payloads import Billed
from integration_hub.connectors.sap.projects import project_id, sales_area
from integration_hub.connectors.sap.terms import terms_of
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
SERVICE = "billingdocumentrequest_in"
_LONGEST_REFERENCE = 18


def post_invoice(client: Client, write: Write) -> Sent:
    """Request once."""
    return _post(client, write, "M")


def find_invoice(client: Client, write: Write) -> Confirmed | None:
    """The posted invoice under our reference."""
    return _find(client, write.payload, "M")


def post_credit(client: Client, write: Write) -> Sent:
    """Request once."""
    return _post(client, write, "O")


def find_credit(client: Client, write: Write) -> Confirmed | None:
    """The posted credit memo under our reference."""
    return _find(client, write.payload, "O")


def _post(client: Client, write: Write, category: str) -> Sent:
    """Look for the document, then for a request of it; only where there is neither, send one."""
    if found := standing(client, write.payload, category):
        return Sent(remote_id=found.source_id, status=200, body={"already": True})
    if waiting := _requested(client, write.payload):
        return Sent(body={"waits_as": waiting})
    status = messages.hand_over(client, SERVICE, _message(client, write, category), write)
    made = standing(client, write.payload, category)
    return Sent(remote_id=made.source_id if made else "", status=status)


def _find(client: Client, payload: Payload, category: str) -> Confirmed | None:
    found = standing(client, payload, category)
    if found is None:
        return None
    net, tax = wire.amount(found.net), wire.amount(found.tax)
    facts = {
        "net": wire.text(net),
        "tax": wire.text(tax),
        "gross": wire.text(net + tax),
        "currency": found.currency,
        "issued_on": found.issued_on,
        "due_on": found.due_on or "",
        "status": found.status,
        "entry": found.entry,
        "posted": True,
    }
    return Confirmed(remote_id=found.source_id, number=found.number, facts=facts)


def standing(client: Client, payload: Payload, category: str) -> Billed | None:
    """What is posted under our reference. Raises Failed where it is more than one document, or another amount."""
    where = (
        f"{_under(payload)} and SDDocumentCategory eq {literal(category)} "
        f"and CompanyCode eq {literal(str(payload['legal_entity_id']))} and AccountingTransferStatus eq 'C'"
    )
    rows = client.rows(BILLING, "A_BillingDocument", where)
    live = [row for row in rows if not row.get("BillingDocumentIsCancelled")]
    found = [answers.shaped(client.dialect, Billed, row, write=False) for row in live]
    if not found:
        return None
    if len(found) == 1 and wire.amount(found[0].net) + wire.amount(found[0].tax) == wire.amount(payload["gross"]):
        return found[0]
    raise Failed(
        FailureClass.REJECTED,
        f"SAP has {', '.join(one.number for one in found)} posted under {payload['reference']}",
        field="reference",
        remedy="Look at these documents in SAP: ours is the one with our amount, and there must be one only.",
    )


def _requested(client: Client, payload: Payload) -> str:
    """The request that waits to be billed, if there is one."""
    where = f"{_under(payload)} and OverallStatus ne 'C'"
    rows = client.rows(REQUESTS, "A_BillingDocumentRequest", where)
    return str(rows[0]["BillingDocumentRequest"]) if rows else ""


def _under(payload: Payload) -> str:
    return f"AssignmentReference eq {literal(shortened(payload['reference'], _LONGEST_REFERENCE))}"


# -- the message ------------------------------------------------------------------------------------------------------


def _message(client: Client, write: Write, category: str) -> Element:
    payload = write.payload
    organisation, channel, division = sales_area(client, str(payload["legal_entity_id"]))
    kind = ("invoice_type", "FDR1") if category == "M" else ("credit_type", "CDR1")
    _, year, number = _credited(payload)
    lines, job = _lines(client, payload), payload.get("job_reference")
    envelope, message = messages.start("BillingDocumentRequestBulkRequest", write)
    request = messages.put(message, "BillingDocumentRequest")
    messages.fill(
        request,
        {
            "BillingDocumentRequestType": client.setting(*kind),
            "SDDocumentCategory": category,
            "SalesOrganization": organisation,
            "DistributionChannel": channel,
            "Division": division,
            "SoldToParty": payload["customer_code"],
            "BillingDocumentDate": payload["invoice_date"],
            "TransactionCurrency": payload["currency"],
            "CustomerPaymentTerms": terms_of(client, payload.get("payment_terms")) if category == "M" else None,
            "PurchaseOrderByCustomer": payload.get("po_number"),
            "AssignmentReference": shortened(payload["reference"], _LONGEST_REFERENCE),
            "DocumentHeaderText": payload.get("memo"),
            "InvoiceReference": number,
            "InvoiceReferenceFiscalYear": year,
        },
    )
    for line in lines:
        messages.fill(messages.put(request, "Item"), {**line, "WBSElement": project_id(job) if job else None})
    return envelope


def _credited(payload: Payload) -> tuple[str, str, str]:
    """Company, year and entry of the invoice a credit memo clears: one, with all of it. Others stay open."""
    applied = payload.get("apply") or []
    if len(applied) != 1 or wire.amount(applied[0]["amount"]) != wire.amount(payload["gross"]):
        return "", "", ""
    company, year, number = (*str(applied[0]["invoice_id"]).split("|"), "", "")[:3]
    return company, year, number


def _lines(client: Client, payload: Payload) -> list[dict[str, object]]:
    by_kind, default = client.connection.settings.get("products") or {}, client.setting("product")
    return [
        {
            "BillingDocumentRequestItemText": line["description"],
            "ReferenceItemID": line["reference"],
            "Product": line.get("account") or by_kind.get(line.get("kind")) or default,
            "BillingQuantity": wire.text(line.get("quantity") or 1),
            "NetAmount": wire.text(line["amount"]),
            "TaxAmount": wire.text(tax),
        }
        for line, tax in zip(payload["lines"], _taxes(payload), strict=True)
    ]


def _taxes(payload: Payload) -> list[Decimal]:
    """The tax that was quoted, line by line; all of it on the first where the lines do not say. Raises Failed."""
    total = wire.amount(payload["tax_total"])
    named = [line.get("tax") for line in payload["lines"]]
    if all(tax in (None, "") for tax in named):
        return [total, *(Decimal(0) for _ in named[1:])]
    taxes = [wire.amount(tax) for tax in named]
    if sum(taxes, Decimal(0)) != total:
        raise Failed(
            FailureClass.DATA,
            f"{payload['reference']}: tax of the lines is {sum(taxes, Decimal(0))}, of the document {total}",
            field="tax",
            remedy="Ask the tax engine again.",
        )
    return taxes
