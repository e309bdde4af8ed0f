"""Free-text invoices and credit notes: what Dynamics needs of one, our draft of it, and what is posted."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors import answers, wire
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.drafts import Draft, Kind, post_once
from integration_hub.connectors.dynamics.naming import NO, YES, display, first_segment, noon
from integration_hub.connectors.dynamics.payloads import FinanceInvoice
from integration_hub.connectors.dynamics.projects import project_id
from integration_hub.connectors.odata import Row, literal
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
DOCUMENTS = Kind("FreeTextInvoiceHeaders", "HeaderReference", "FreeTextInvoiceLines")


def post_invoice(client: Client, write: Write) -> Sent:
    """Post once."""
    return _post(client, write.payload, sign=1)


def find_invoice(client: Client, write: Write) -> Confirmed | None:
    """The posted invoice under our reference."""
    return _find(client, write.payload, sign=1)


def post_credit(client: Client, write: Write) -> Sent:
    """Post once: a credit note is a negative invoice that names the invoice it corrects."""
    return _post(client, write.payload, sign=-1)


def find_credit(client: Client, write: Write) -> Confirmed | None:
    """The posted credit note under our reference."""
    return _find(client, write.payload, sign=-1)


# -- the draft under our reference ------------------------------------------------------------------------------------


def company_of(payload: Payload) -> str:
    """The company of a document, as rows of data have it."""
    return str(payload["legal_entity_id"]).lower()


def _post(client: Client, payload: Payload, *, sign: int) -> Sent:
    def known() -> str:
        found = standing(client, payload, sign=sign)
        return _id(found) if found else ""

    def draft() -> Draft:
        return Draft(_under(payload, NO), _header(payload, sign), _lines(client, payload, sign))

    return post_once(client, DOCUMENTS, standing=known, draft=draft)


def _find(client: Client, payload: Payload, *, sign: int) -> Confirmed | None:
    found = standing(client, payload, sign=sign)
    if found is None:
        return None
    tax = tax_of(client, found.model_dump(by_alias=True))
    gross = wire.amount(found.amount)
    facts = {
        "net": wire.text(sign * (gross - tax)),
        "tax": wire.text(sign * tax),
        "gross": wire.text(sign * gross),
        "currency": found.currency,
        "issued_on": found.issued_on,
        "due_on": found.due_on or "",
        "status": found.status,
        "posted": True,
    }
    return Confirmed(remote_id=_id(found), number=found.number, facts=facts)


def standing(client: Client, payload: Payload, *, sign: int) -> FinanceInvoice | None:
    """What is posted under our reference. Raises Failed where it is more than one document, or another amount."""
    rows = client.rows(DOCUMENTS.headers, _under(payload, YES), expand=DOCUMENTS.lines)
    found = [answers.shaped(client.dialect, FinanceInvoice, row, write=False) for row in rows]
    if not found:
        return None
    if len(found) == 1 and wire.amount(found[0].amount) == sign * wire.amount(payload["gross"]):
        return found[0]
    raise Failed(
        FailureClass.REJECTED,
        f"Dynamics has {', '.join(one.number for one in found)} posted under {payload['reference']}",
        field="reference",
        remedy="Look at these documents in Dynamics: ours is the one with our amount, and there must be one only.",
    )


def tax_of(client: Client, row: Row) -> Decimal:
    """The tax of a document: Dynamics' own, and the lines on the account of tax that was quoted."""
    account, lines = client.setting("tax_account"), row.get(DOCUMENTS.lines) or []
    quoted = [line for line in lines if first_segment(line["AccountDisplayValue"]) == account]
    return wire.amount(row.get("SalesTaxAmount")) + sum(
        (wire.amount(line["LineAmount"]) for line in quoted), Decimal(0)
    )


def _under(payload: Payload, posted: str) -> str:
    reference, company = literal(payload["reference"]), literal(company_of(payload))
    return f"CustomerReference eq {reference} and dataAreaId eq {company} and IsPosted eq {posted}"


def _id(found: FinanceInvoice) -> str:
    return f"{found.company}|{found.number}"


# -- its values -------------------------------------------------------------------------------------------------------


def _header(payload: Payload, sign: int) -> Row:
    job = payload.get("job_reference")
    return {
        "dataAreaId": company_of(payload),
        "CustomerAccount": payload["customer_code"],
        "InvoiceDate": noon(payload["invoice_date"]),
        "PostingDate": noon(payload.get("accounting_date") or payload["invoice_date"]),
        "DueDate": noon(payload.get("due_on")),
        "CurrencyCode": payload["currency"],
        "PaymentTerms": payload.get("payment_terms") if sign > 0 else None,
        "CustomerReference": payload["reference"],
        "CustomerRequisition": payload.get("po_number"),
        "Description": payload.get("memo"),
        "ProjectID": project_id(job) if job else None,
        "CorrectedInvoiceNumber": _corrected(payload),
    }


def _corrected(payload: Payload) -> str | None:
    """The invoice a credit note is settled with: one, with all of it. What credits several stays open."""
    applied = payload.get("apply") or []
    if len(applied) != 1 or wire.amount(applied[0]["amount"]) != wire.amount(payload["gross"]):
        return None
    return str(applied[0]["invoice_id"]).partition("|")[2]


def _lines(client: Client, payload: Payload, sign: int) -> list[Row]:
    by_kind, default = client.connection.settings.get("revenue_accounts") or {}, client.setting("revenue_account")
    segments = [name.strip() for name in client.setting("dimensions", "department").split(",")]
    lines = []
    for line in payload["lines"]:
        account = str(line.get("account") or by_kind.get(line.get("kind")) or default)
        lines.append(
            {
                "Description": line["description"],
                "Quantity": wire.number(sign * wire.amount(line.get("quantity") or 1)),
                "UnitPrice": wire.number(line.get("rate") or line["amount"]),
                "LineAmount": wire.number(sign * wire.amount(line["amount"])),
                "AccountDisplayValue": display(account, *(str(line.get(name) or "") for name in segments)),
                "LineReference": line["reference"],
            }
        )
    return lines + _tax_line(client, payload, sign)


def _tax_line(client: Client, payload: Payload, sign: int) -> list[Row]:
    """The tax that was quoted, as one line on its account: Dynamics computes none on lines without tax groups."""
    total = wire.amount(payload["tax_total"])
    named = [wire.amount(line["tax"]) for line in payload["lines"] if line.get("tax") not in (None, "")]
    if named and sum(named, Decimal(0)) != total:
        raise Failed(
            FailureClass.DATA,
            f"{payload['reference']}: tax of the lines is {sum(named, Decimal(0))}, of the document {total}",
            field="tax",
            remedy="Ask the tax engine again.",
        )
    if not total:
        return []
    amount = wire.number(total)
    line = {"Description": client.setting("tax_name", "Sales tax"), "LineReference": f"{payload['reference']}-tax"}
    account = display(client.setting("tax_account"))
    return [
        {
            **line,
            "Quantity": sign,
            "UnitPrice": amount,
            "LineAmount": wire.number(sign * total),
            "AccountDisplayValue": account,
        }
    ]
