"""Credit notes: negative invoices whose lines name the lines they take back, set against the invoice they credit."""

import re
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.tryton.client import Client, Row
from integration_hub.connectors.tryton.documents import confirmed, document, posted, standing

_CORRECTS = re.compile(r"(?P<invoice>.+) line (?P<line>\d+)")
_RECONCILE = "wizard.account.move.reconcile_lines"


def post(client: Client, write: Write) -> Sent:
    """Post once, then set it against its invoice."""
    payload = write.payload
    sent = posted(client, payload, lambda: document(client, payload, sign=-1, origins=_origins(client, payload)))
    if invoice := _settles(payload):
        _set_against(client, int(sent.remote_id), invoice)
    return sent


def find(client: Client, write: Write) -> Confirmed | None:
    """The posted credit note under our reference, once it is set against its invoice."""
    found = standing(client, write.payload)
    if found is None:
        return None
    if (invoice := _settles(write.payload)) and _open_line(client, int(found["id"]), invoice) is not None:
        return None
    return confirmed(found, sign=-1)


def _settles(payload: dict[str, Any]) -> int | None:
    """The invoice it is set against: one, with all of it. What credits several stays open on the account."""
    applied = payload.get("apply") or []
    if len(applied) != 1 or wire.amount(applied[0]["amount"]) != wire.amount(payload["gross"]):
        return None
    return int(applied[0]["invoice_id"])


def _origins(client: Client, payload: dict[str, Any]) -> dict[int, str]:
    """For each line that takes back a line of an invoice in Tryton: that line, as a reference."""
    origins = {}
    for number, line in enumerate(payload["lines"], 1):
        if named := _CORRECTS.fullmatch(line.get("corrects") or ""):
            domain = [
                ["invoice.company", "=", client.company],
                ["invoice.type", "=", "out"],
                ["invoice.number", "=", named["invoice"]],
                ["sequence", "=", int(named["line"])],
            ]
            for row in client.rows("account.invoice.line", domain, ["id"], [["id", "ASC"]], 1):
                origins[number] = f"account.invoice.line,{row['id']}"
    return origins


def _open_line(client: Client, credit: int, invoice: int) -> Row | None:
    """The receivable of a credit note that is not yet set against the invoice; None when it is, or is settled."""
    rows = client.rows("account.invoice", [["id", "=", credit]], ["lines_to_pay.reconciliation"])
    lines = [line for row in rows for line in row["lines_to_pay"] or [] if not line["reconciliation"]]
    (taken,) = client.rows("account.invoice", [["id", "=", invoice]], ["payment_lines"]) or [{"payment_lines": []}]
    return next((line for line in lines if line["id"] not in taken["payment_lines"]), None)


def _set_against(client: Client, credit: int, invoice: int) -> None:
    """Count the credit note as paying the invoice, and close both where that settles it."""
    if line := _open_line(client, credit, invoice):
        client.tell("model.account.invoice.write", [invoice], {"payment_lines": [["add", [line["id"]]]]})
    fields = ["state", "amount_to_pay", "lines_to_pay.reconciliation", "payment_lines.reconciliation"]
    for row in client.rows("account.invoice", [["id", "=", invoice]], fields):
        if row["state"] == "posted" and not wire.amount(row["amount_to_pay"]):
            lines = [*row["lines_to_pay"], *row["payment_lines"]]
            _reconcile(client, [line["id"] for line in lines if not line["reconciliation"]])


def _reconcile(client: Client, lines: list[int]) -> None:
    about = {"active_model": "account.move.line", "active_id": lines[0], "active_ids": lines}
    session, start, _ = client.tell(f"{_RECONCILE}.create", **about)
    client.tell(f"{_RECONCILE}.execute", session, {}, start, **about)
    client.tell(f"{_RECONCILE}.delete", session, **about)
