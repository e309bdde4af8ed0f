"""Credit notes: imported against one invoice; what it does not ask for any more stays as refundable credit."""

import re

from integration_hub.connectors.billing import Payload, key_of, of_one_currency, of_the_account
from integration_hub.connectors.chargebee.client import Client, Row
from integration_hub.connectors.chargebee.documents import confirmed, line_id, shaped, standing, sums_of
from integration_hub.connectors.days import moment_of, zone
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

_CORRECTS = re.compile(r"(?P<invoice>.+) line (?P<line>\d+)")


def post(client: Client, write: Write) -> Sent:
    """Import once; one call does it whole."""
    payload = write.payload
    of_the_account(payload, client.connection, client.setting("site"), "Chargebee site")
    if found := standing(client, "credit_notes", "credit_note", payload["reference"]):
        return Sent(remote_id=str(found["id"]), status=200, body={"already": True})
    sums, invoice = sums_of(client, payload), _invoice(client, payload)
    document = shaped(invoice)
    of_one_currency(payload, document.id, document.currency_code)
    _of_its_lines(payload, sums, {line.id for line in document.line_items}, document.id)
    on = moment_of(payload["invoice_date"], zone(client.connection))
    taken = min(sums["total"], document.amount_due)
    allocation = {"invoice_id": document.id, "allocated_amount": taken, "allocated_at": on}
    values = {
        "id": payload["reference"],
        "reference_invoice_id": document.id,
        "customer_id": document.customer_id,
        "type": "adjustment" if taken == sums["total"] else "refundable",
        "create_reason_code": client.setting("reason_code", "Other"),
        "date": on,
        "allocations": [allocation] if taken else [],
        **sums,
    }
    made = client.post("credit_notes/import_credit_note", "credit_note", values, key=key_of(write, "credit note"))
    return Sent(remote_id=str(made["id"]), status=200)


def find(client: Client, write: Write) -> Confirmed | None:
    """The credit note under our reference."""
    found = standing(client, "credit_notes", "credit_note", write.payload["reference"])
    return confirmed(client, found) if found else None


def _invoice(client: Client, payload: Payload) -> Row:
    """The one invoice it credits: what it is set against, or whose lines it corrects. Raises Failed."""
    keys = {str(applied["invoice_id"]) for applied in payload.get("apply") or []}
    keys |= {named["invoice"] for line in payload["lines"] if (named := _corrected(line))}
    found = standing(client, "invoices", "invoice", keys.pop()) if len(keys) == 1 else None
    if found is None:
        raise Failed(
            FailureClass.REJECTED,
            f"{payload['reference']} credits {', '.join(sorted(keys)) or 'no invoice that Chargebee has'}",
            field="apply",
            remedy="Chargebee ties a credit note to one invoice: credit each by a note of its own.",
        )
    return found


def _corrected(line: Payload) -> re.Match[str] | None:
    return _CORRECTS.fullmatch(line.get("corrects") or "")


def _of_its_lines(payload: Payload, sums: Row, billed: set[str], invoice: str) -> None:
    """Say which line of the invoice each line takes back, where it names one that we wrote."""
    for line, values in zip(payload["lines"], sums["line_items"], strict=True):
        named = _corrected(line)
        of = line_id(invoice, int(named["line"])) if named else ""
        if of in billed:
            values["reference_line_item_id"] = of
