"""Writes to NetSuite: upserts by external id, each read back before it counts."""

from datetime import date
from typing import Any

from integration_hub.connectors import answers, wire
from integration_hub.connectors.composed import Effect
from integration_hub.connectors.netsuite import journals
from integration_hub.connectors.netsuite.client import DIALECT, Client, Row, external_key
from integration_hub.connectors.netsuite.manifest import (
    CREDIT_POST,
    INVOICE_POST,
    JOB_INACTIVATE,
    JOB_UPSERT,
    JOURNAL_POST,
)
from integration_hub.connectors.netsuite.payloads import NetSuiteInvoice
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
_APPROVED = "2"


def _by_key(reference: str) -> Row:
    return {"id": f"eid:{external_key(reference)}"}


def _by_id(identifier: str) -> Row:
    """A record by internal id; codes are taken as external ids."""
    return {"id": identifier} if identifier.isdigit() else _by_key(identifier)


def _currency(client: Client, symbol: str) -> Row:
    found = client.currency_id(symbol)
    if not found:
        raise Failed(
            FailureClass.REJECTED,
            f"NetSuite has no currency {symbol}",
            field="currency",
            remedy="Add the currency to the account, or correct the contract.",
        )
    return {"id": found}


# -- the job --------------------------------------------------------------------------------------------------------


def _job(client: Client, payload: Payload) -> Row:
    job = {
        "companyName": payload["name"],
        "parent": _by_key(payload["customer_code"]),
        "subsidiary": _by_id(str(payload["legal_entity_id"])),
        "currency": _currency(client, payload["currency"]),
        "startDate": payload.get("starts_on"),
        "scheduledEndDate": payload.get("ends_on"),
        "comments": payload.get("version_note"),
        "isInactive": False,
    }
    return {name: value for name, value in job.items() if value not in (None, "")}


def _upsert_job(client: Client, write: Write) -> Sent:
    payload = write.payload
    remote_id, status = client.put("job", external_key(payload["reference"]), _job(client, payload))
    return Sent(remote_id=remote_id, status=status)


def _find_job(client: Client, write: Write) -> Confirmed | None:
    payload = write.payload
    found = client.record("job", f"eid:{external_key(payload['reference'])}")
    if found is None or found.get("isInactive"):
        return None
    wanted = {"companyName": payload["name"], "comments": payload.get("version_note")}
    wanted |= {"startDate": payload.get("starts_on"), "scheduledEndDate": payload.get("ends_on")}
    if any(value and not wire.same(found.get(name), value) for name, value in wanted.items()):
        return None
    facts = {name: found.get(name) for name in ("companyName", "entityId", "startDate", "scheduledEndDate", "comments")}
    return Confirmed(remote_id=str(found["id"]), number=str(found.get("entityId") or ""), facts=facts)


def _inactivate_job(client: Client, write: Write) -> Sent:
    remote_id, status = client.patch("job", _job_key(write), {"isInactive": True})
    return Sent(remote_id=remote_id or write.remote_id, status=status)


def _find_inactive(client: Client, write: Write) -> Confirmed | None:
    found = client.record("job", _job_key(write))
    if found is None or not found.get("isInactive"):
        return None
    return Confirmed(remote_id=str(found["id"]), number=str(found.get("entityId") or ""), facts={"isInactive": True})


def _job_key(write: Write) -> str:
    reference = str(write.payload.get("reference") or "")
    return f"eid:{external_key(reference)}" if reference else str(write.payload.get("remote_id") or write.remote_id)


# -- invoices and credit memos ----------------------------------------------------------------------------------------


SEGMENTS = ("department", "class", "location")
"""What a line is booked to beside the account of its item."""


def _lines(client: Client, payload: Payload) -> list[Row]:
    settings = client.connection.settings
    by_kind = settings.get("items") or {}
    column = str(settings.get("line_reference_field") or "-")
    lines = []
    for number, line in enumerate(payload["lines"], 1):
        entry: Row = {
            "line": number,
            "item": {"id": str(line.get("account") or by_kind.get(line.get("kind")) or settings.get("item") or "1")},
            "description": line["description"],
            "quantity": wire.number(line.get("quantity") or 1),
            "rate": wire.number(line.get("rate") or line["amount"]),
            "amount": wire.number(line["amount"]),
            "taxDetailsReference": line["reference"],
        }
        entry |= {segment: {"id": str(line[segment])} for segment in SEGMENTS if line.get(segment)}
        if column != "-":
            entry[column] = line["reference"]
        lines.append(entry)
    return lines


def _tax_details(client: Client, payload: Payload) -> list[Row]:
    """The tax we quoted, per line; NetSuite must not compute its own."""
    settings = client.connection.settings
    shared = {"taxCode": settings.get("tax_code") or "AVATAX", "taxType": settings.get("tax_type") or "SALES"}
    lines = payload["lines"]
    taxes = [(line["reference"], line.get("tax"), line["amount"]) for line in lines]
    if all(tax is None for _, tax, _ in taxes):
        first = lines[0]["reference"]
        taxes = [(first, item["amount"], payload["net"]) for item in payload.get("tax") or []]
    details = []
    for reference, tax, basis in taxes:
        exact, on = wire.amount(tax), wire.amount(basis)
        details.append(
            {
                "taxDetailsReference": reference,
                **shared,
                "taxAmount": wire.number(exact),
                "taxBasis": wire.number(on),
                "taxRate": wire.number(round(exact / on * 100, 4)) if on else 0,
            }
        )
    total = sum((wire.amount(tax) for _, tax, _ in taxes), wire.amount(0))
    if total != wire.amount(payload["tax_total"]):
        raise Failed(
            FailureClass.DATA,
            f"{payload['reference']}: tax of the lines is {total}, of the invoice {payload['tax_total']}",
            field="tax",
            remedy="Ask the tax engine again.",
        )
    return details


def _terms(client: Client, name: str) -> Row:
    text = name.replace("'", "''")
    rows = client.rows(f"SELECT id FROM term WHERE name = '{text}' ORDER BY id")  # noqa: S608 - quoted above
    if not rows:
        raise Failed(
            FailureClass.REJECTED,
            f"NetSuite has no payment terms {name!r}",
            field="terms",
            remedy="Create them in NetSuite, or correct the contract.",
        )
    return {"id": str(rows[0]["id"])}


def _posting_period(client: Client, day: str) -> Row:
    """The posting period of an accounting date; without it NetSuite takes the period of the document's own date."""
    posting = "isposting = 'T' AND isquarter = 'F' AND isyear = 'F' AND isadjust = 'F'"
    on = f"TO_DATE('{date.fromisoformat(day).isoformat()}', 'YYYY-MM-DD')"
    where = f"{posting} AND startdate <= {on} AND enddate >= {on}"
    rows = client.rows(f"SELECT id FROM accountingperiod WHERE {where} ORDER BY id")  # noqa: S608 - a date
    if not rows:
        raise Failed(
            FailureClass.REJECTED,
            f"NetSuite has no posting period for {day}",
            field="postingPeriod",
            remedy="Set up the accounting period in NetSuite.",
        )
    return {"id": str(rows[0]["id"])}


def _document(client: Client, payload: Payload) -> Row:
    """What invoices and credit memos have in common."""
    return {
        "entity": _by_key(payload["customer_code"]),
        "subsidiary": _by_id(str(payload["legal_entity_id"])),
        "currency": _currency(client, payload["currency"]),
        "tranDate": payload["invoice_date"],
        "postingPeriod": _posting_period(client, payload["accounting_date"])
        if payload.get("accounting_date")
        else None,
        "otherRefNum": payload.get("po_number"),
        "memo": payload.get("memo"),
        "job": _by_key(payload["job_reference"]) if payload.get("job_reference") else None,
        "item": {"items": _lines(client, payload)},
        "taxDetailsOverride": True,
        "taxDetails": {"items": _tax_details(client, payload)},
    }


def _filled(values: Row) -> Row:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _invoice(client: Client, payload: Payload) -> Row:
    terms = _terms(client, payload["payment_terms"]) if payload.get("payment_terms") else None
    return _filled({**_document(client, payload), "dueDate": payload.get("due_on"), "terms": terms})


def _credit_memo(client: Client, payload: Payload) -> Row:
    """A credit memo and what it settles; what it settles nothing with stays open on the account."""
    applied = [
        {"doc": {"id": row["invoice_id"]}, "apply": True, "amount": wire.number(row["amount"])}
        for row in payload.get("apply") or []
    ]
    return _filled({**_document(client, payload), "apply": {"items": applied} if applied else None})


def _post_invoice(client: Client, write: Write) -> Sent:
    """Post once: what is posted under our reference already is never written over."""
    known = _find_invoice(client, write)
    if known is not None:
        return Sent(remote_id=known.remote_id, status=200, body={"already": True})
    key = external_key(write.payload["reference"])
    remote_id, status = client.put("invoice", key, _invoice(client, write.payload), replace="item,taxDetails")
    return Sent(remote_id=remote_id, status=status)


def _post_credit(client: Client, write: Write) -> Sent:
    """Post once, as an invoice."""
    known = _find_credit(client, write)
    if known is not None:
        return Sent(remote_id=known.remote_id, status=200, body={"already": True})
    key = external_key(write.payload["reference"])
    remote_id, status = client.put("creditMemo", key, _credit_memo(client, write.payload), replace="item,taxDetails")
    return Sent(remote_id=remote_id, status=status)


def _find_invoice(client: Client, write: Write) -> Confirmed | None:
    return _posted(client, "invoice", write)


def _find_credit(client: Client, write: Write) -> Confirmed | None:
    return _posted(client, "creditMemo", write)


def _posted(client: Client, record: str, write: Write) -> Confirmed | None:
    """The document under our reference as it reads back."""
    found = client.record(record, f"eid:{external_key(write.payload['reference'])}")
    if found is None:
        return None
    document = answers.shaped(DIALECT, NetSuiteInvoice, found, write=False)
    facts = {
        "net": wire.text(document.subtotal),
        "tax": wire.text(document.tax_total),
        "gross": wire.text(document.total),
        "currency": client.currency_symbol(document.currency.id),
        "issued_on": document.issued_on,
        "due_on": document.due_on,
        "status": document.status.name or document.status.id if document.status else "",
        "period": document.period.name if document.period else "",
        "posted": document.approval is None or document.approval.id == _APPROVED,
    }
    return Confirmed(remote_id=document.id, number=document.number, facts=facts)


# -- cost journals ----------------------------------------------------------------------------------------------------


def _post_journal(client: Client, write: Write) -> Sent:
    payload = write.payload
    values = {
        "subsidiary": _by_id(str(payload["legal_entity_id"])),
        "currency": _currency(client, payload["currency"]),
        "tranDate": payload["accounting_date"],
        "memo": payload.get("memo"),
    }
    job = _by_key(payload["job_reference"]) if payload.get("job_reference") else None
    return journals.post(client, write, _filled(values), job)


EFFECTS = {
    JOB_UPSERT: Effect(_upsert_job, _find_job),
    JOB_INACTIVATE: Effect(_inactivate_job, _find_inactive),
    INVOICE_POST: Effect(_post_invoice, _find_invoice),
    CREDIT_POST: Effect(_post_credit, _find_credit),
    JOURNAL_POST: Effect(_post_journal, journals.find),
}
