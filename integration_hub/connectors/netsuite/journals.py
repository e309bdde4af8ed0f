"""Cost journals in NetSuite: posted once under our reference, by accounts and departments of value maps."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.netsuite.client import Client, Row, external_key
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

ACCOUNTS, DEPARTMENTS = "cost_account", "department"
"""Value maps: NetSuite's internal id on the one side, our charge code or cost centre on the other."""


def account(client: Client, charge_code: str) -> Row:
    """The account of a charge code. Raises Failed where the map names none, or several."""
    table = queries.value_table(client.connection.code, ACCOUNTS)
    found = [theirs for theirs, ours in (table.rows if table else {}).items() if ours == charge_code]
    if len(found) != 1:
        said = "no account" if not found else f"{len(found)} accounts"
        raise Failed(
            FailureClass.MAPPING,
            f"The value map {ACCOUNTS} of {client.connection} has {said} for the charge code {charge_code!r}",
            field="charge_code",
            remedy=f"Give {charge_code!r} exactly one account in the value map {ACCOUNTS} of the connection.",
        )
    return {"id": found[0]}


def department(client: Client, cost_centre: str) -> Row | None:
    """The department of a cost centre; none for work without one. Raises Failed where the map refuses it."""
    if not cost_centre:
        return None
    table = queries.value_table(client.connection.code, DEPARTMENTS)
    found = [theirs for theirs, ours in (table.rows if table else {}).items() if ours == cost_centre]
    if len(found) == 1:
        return {"id": found[0]}
    if found or (table is not None and table.refuse):
        raise Failed(
            FailureClass.MAPPING,
            f"The value map {DEPARTMENTS} of {client.connection} has no single department for {cost_centre!r}",
            field="cost_centre",
            remedy=f"Give {cost_centre!r} one department in the value map {DEPARTMENTS} of the connection.",
        )
    return {"id": cost_centre}


def _lines(client: Client, payload: dict[str, Any], by_key: Row | None) -> list[Row]:
    lines = []
    for number, line in enumerate(payload["lines"], 1):
        amount = wire.amount(line["amount"])
        values = {
            "line": number,
            "account": account(client, line["charge_code"]),
            "debit" if amount > 0 else "credit": wire.number(abs(amount)),
            "memo": line.get("memo"),
            "entity": by_key,
            "department": department(client, line.get("cost_centre") or ""),
        }
        lines.append({name: value for name, value in values.items() if value not in (None, "")})
    return lines


def post(client: Client, write: Write, values: Row, job: Row | None) -> Sent:
    """Post once: a journal that stands under our reference is never written over."""
    known = find(client, write)
    if known is not None:
        return Sent(remote_id=known.remote_id, status=200, body={"already": True})
    body = {**values, "line": {"items": _lines(client, write.payload, job)}}
    remote_id, status = client.put("journalEntry", external_key(write.payload["reference"]), body, replace="line")
    return Sent(remote_id=remote_id, status=status)


def find(client: Client, write: Write) -> Confirmed | None:
    """The journal under our reference, if it has our amount."""
    found = client.record("journalEntry", f"eid:{external_key(write.payload['reference'])}", whole=True)
    if found is None:
        return None
    lines = (found.get("line") or {}).get("items") or []
    debits = sum((wire.amount(line.get("debit")) for line in lines), Decimal(0))
    if debits != _debits(write.payload):
        return None
    facts = {
        "debits": wire.text(debits),
        "lines": len(lines),
        "currency": client.currency_symbol(str((found.get("currency") or {}).get("id") or "")),
        "date": found.get("tranDate"),
        "period": (found.get("postingPeriod") or {}).get("refName") or "",
    }
    return Confirmed(remote_id=str(found["id"]), number=str(found.get("tranId") or ""), facts=facts)


def _debits(payload: dict[str, Any]) -> Decimal:
    amounts = [wire.amount(line["amount"]) for line in payload["lines"]]
    return sum((amount for amount in amounts if amount > 0), Decimal(0))
