"""Journals in NetSuite: posted once under our reference, by accounts and departments of value maps."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors import charts, wire
from integration_hub.connectors.netsuite.client import Client, Row, external_key
from integration_hub.connectors.registry import Confirmed, Sent, Write


def _lines(client: Client, payload: dict[str, Any], by_key: Row | None) -> list[Row]:
    connection, lines = client.connection, []
    for number, line in enumerate(payload["lines"], 1):
        amount = wire.amount(line["amount"])
        values = {
            "line": number,
            "account": {"id": charts.account(connection, line["charge_code"])},
            "debit" if amount > 0 else "credit": wire.number(abs(amount)),
            "memo": line.get("memo"),
            "entity": _employee(client, line["payee"]) if line.get("payee") else by_key,
        }
        if department := charts.department(connection, line.get("cost_centre") or ""):
            values["department"] = {"id": department}
        lines.append({name: value for name, value in values.items() if value not in (None, "")})
    return lines


def _employee(client: Client, payee: dict[str, str]) -> Row:
    """Whom a line says that we owe it."""

    def by_address(address: str) -> list[str]:
        text = address.lower().replace("'", "''")
        where = f"LOWER(email) = '{text}' AND isinactive = 'F'"
        return [str(row["id"]) for row in client.rows(f"SELECT id FROM employee WHERE {where} ORDER BY id")]  # noqa: S608 - quoted above

    return {"id": charts.employee(client.connection, payee, by_address)}


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
