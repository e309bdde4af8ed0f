"""Invoices: a draft under our reference that does not advance by itself, its lines, then finalised and read back."""

from integration_hub.connectors import wire
from integration_hub.connectors.billing import (
    Payload,
    due_on,
    key_of,
    of_the_account,
    percentage,
    subunits,
    taxes,
    terms_of,
)
from integration_hub.connectors.days import moment_of, zone
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.stripe import customers
from integration_hub.connectors.stripe.client import Client, Row
from integration_hub.connectors.stripe.documents import (
    CONTENT,
    LINE,
    NUMBER,
    REFERENCE,
    confirmed,
    standing,
    under,
)
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.ids import content_hash

FINAL = ("open", "paid", "uncollectible")
_AT_ONCE = 100
"""Lines added by one call."""


def post(client: Client, write: Write) -> Sent:
    """Finalise once. A draft of an earlier attempt is gone on with if it was made of the same, and else makes place."""
    payload = write.payload
    of_the_account(payload, client.connection, client.setting("account"), "Stripe account")
    header, lines = _header(client, payload), _lines(client, payload)
    customer = customers.needed(client, payload["customer_code"])
    known = _under(client, customer, payload)
    if found := standing([row for row in known if row["status"] in FINAL], payload["reference"]):
        return Sent(remote_id=str(found["id"]), status=200, body={"already": True})
    drafts = [row for row in known if row["status"] == "draft"]
    draft = _draft(client, write, {**header, "customer": customer["id"]}, drafts)
    draft = _fill(client, write, draft, lines)
    _refuse_another_sum(client, payload, draft)
    client.post(f"invoices/{draft['id']}/finalize", {"auto_advance": False}, key=key_of(write, f"final {draft['id']}"))
    return Sent(remote_id=str(draft["id"]), status=200)


def find(client: Client, write: Write) -> Confirmed | None:
    """The finalised invoice under our reference."""
    customer = customers.customer_of(client, write.payload["customer_code"])
    if customer is None:
        return None
    rows = [row for row in _under(client, customer, write.payload) if row["status"] in FINAL]
    found = standing(rows, write.payload["reference"])
    return confirmed(client, found) if found else None


def _under(client: Client, customer: Row, payload: Payload) -> list[Row]:
    return under(client.every("invoices", {"customer": customer["id"]}), payload["reference"])


# -- the draft --------------------------------------------------------------------------------------------------------


def _draft(client: Client, write: Write, header: Row, drafts: list[Row]) -> Row:
    """The draft to go on with: the oldest that was made of this payload, or a new one."""
    content = content_hash(write.payload)[:32]
    kept: Row | None = None
    for row in drafts:
        if kept is None and row["metadata"].get(CONTENT) == content:
            kept = row
        else:
            client.delete(f"invoices/{row['id']}")
    if kept is not None:
        return kept
    metadata = {REFERENCE: write.payload["reference"], CONTENT: content}
    return client.post("invoices", {**header, "metadata": metadata}, key=key_of(write, "draft"))


def _header(client: Client, payload: Payload) -> Row:
    where, order = zone(client.connection), payload.get("po_number")
    return {
        "currency": payload["currency"].lower(),
        "collection_method": "send_invoice",
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "effective_at": moment_of(payload["invoice_date"], where),
        "due_date": moment_of(due_on(payload, terms_of(client.connection), "Stripe"), where),
        "description": payload.get("memo"),
        "custom_fields": [{"name": "Purchase order", "value": order}] if order else None,
    }


def _lines(client: Client, payload: Payload) -> list[Row]:
    """Lines with the tax that was quoted: Stripe must compute none of its own. Hours and rates are in their words."""
    made = []
    for number, (line, (tax, basis)) in enumerate(zip(payload["lines"], taxes(payload), strict=True), 1):
        values: Row = {
            "amount": subunits(payload, "lines", line["amount"]),
            "description": line["description"],
            "metadata": {LINE: line["reference"], NUMBER: str(number), **_priced(line)},
        }
        if tax:
            rate = {
                "display_name": client.setting("tax_name", "Tax"),
                "percentage": percentage(tax, basis),
                "inclusive": False,
            }
            amount, taxable = (subunits(payload, "tax", value) for value in (tax, basis))
            values["tax_amounts"] = [{"amount": amount, "taxable_amount": taxable, "tax_rate_data": rate}]
        made.append(values)
    return made


def _priced(line: Payload) -> Row:
    return {name: str(line[name]) for name in ("quantity", "rate") if line.get(name)}


def _fill(client: Client, write: Write, draft: Row, lines: list[Row]) -> Row:
    """Add the lines that are not on it yet; the draft as it is then."""
    count = (draft.get("lines") or {}).get("total_count") or 0
    path = f"invoices/{draft['id']}"
    there = {row["metadata"].get(LINE) for row in client.every(f"{path}/lines", {})} if count else set()
    missing = [line for line in lines if line["metadata"][LINE] not in there]
    for start in range(0, len(missing), _AT_ONCE):
        part = missing[start : start + _AT_ONCE]
        step = f"lines {draft['id']} from {part[0]['metadata'][LINE]}"
        client.post(f"{path}/add_lines", {"lines": part}, key=key_of(write, step))
    return client.one(path) or draft


def _refuse_another_sum(client: Client, payload: Payload, draft: Row) -> None:
    """A draft that Stripe adds up to something else is not finalised. Raises Failed."""
    wanted = subunits(payload, "gross", payload["gross"])
    if draft["total"] == wanted:
        return
    client.delete(f"invoices/{draft['id']}")
    made = wire.from_subunits(draft["total"], payload["currency"])
    raise Failed(
        FailureClass.DATA,
        f"{payload['reference']}: Stripe makes {made} of it, we {payload['gross']}",
        field="gross",
        remedy="Look at tax and rounding of its lines.",
    )
