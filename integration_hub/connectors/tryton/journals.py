"""Journals in Tryton: moves in the company's currency, posted once under our reference."""

from datetime import date
from decimal import Decimal
from typing import Any

from integration_hub.connectors import charts, wire
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.tryton import lookups
from integration_hub.connectors.tryton.client import PERIOD_CLOSED, REOPEN, Client, Domain, Row
from integration_hub.connectors.tryton.drafts import post_once
from integration_hub.connectors.tryton.periods import cost_journal, period_of
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
_FACTS = ["number", "date", "period.name", "company.currency.code", "lines.debit"]


def post(client: Client, write: Write) -> Sent:
    """Post once."""
    payload = write.payload
    return post_once(
        client,
        "account.move",
        standing=lambda: _standing(client, payload),
        drafts=_under(client, payload, "draft"),
        values=lambda: _move(client, payload),
    )


def find(client: Client, write: Write) -> Confirmed | None:
    """The posted move under our reference, if it has our amount."""
    found = _standing(client, write.payload)
    if found is None:
        return None
    facts = {
        "debits": wire.text(_booked(found)),
        "lines": len(found["lines"]),
        "currency": found["company"]["currency"]["code"],
        "date": found["date"],
        "period": found["period"]["name"],
    }
    return Confirmed(remote_id=str(found["id"]), number=str(found["number"] or ""), facts=facts)


def _standing(client: Client, payload: Payload) -> Row | None:
    rows = client.rows("account.move", _under(client, payload, "posted"), _FACTS, [["id", "ASC"]])
    wanted = sum((amount for line in payload["lines"] if (amount := wire.amount(line["amount"])) > 0), Decimal(0))
    return next((row for row in rows if _booked(row) == wanted), None)


def _booked(move: Row) -> Decimal:
    return sum((wire.amount(line["debit"]) for line in move["lines"]), Decimal(0))


def _under(client: Client, payload: Payload, state: str) -> Domain:
    return [["company", "=", client.company], ["description", "=", payload["reference"]], ["state", "=", state]]


def _move(client: Client, payload: Payload) -> Row:
    lookups.of_the_company(client, payload)
    _in_its_currency(client, payload["currency"])
    day = date.fromisoformat(payload["accounting_date"])
    period = period_of(client, day)
    if period is None:
        raise Failed(
            FailureClass.REJECTED,
            f"{PERIOD_CLOSED}: Tryton has no period for {day}",
            field="accounting_date",
            remedy=REOPEN,
        )
    return {
        "company": client.company,
        "period": period["id"],
        "journal": lookups.journal(client, cost_journal(client)),
        "date": day,
        "description": payload["reference"],
        "lines": [["create", [_line(client, payload, line) for line in payload["lines"]]]],
    }


def _line(client: Client, payload: Payload, line: Payload) -> Row:
    """A line; the cost centre is said in words, for Tryton keeps such in analytic accounts, a module of its own."""
    amount = wire.amount(line["amount"])
    words = [line.get("memo") or payload.get("memo"), line.get("cost_centre")]
    return {
        "account": lookups.account(client, charts.account(client.connection, line["charge_code"])),
        "party": _party(client, line["payee"]) if line.get("payee") else None,
        "debit": max(amount, Decimal(0)),
        "credit": max(-amount, Decimal(0)),
        "description": " · ".join(str(word) for word in words if word) or None,
    }


def _party(client: Client, payee: dict[str, str]) -> int:
    """Whom a line says that we owe it: Tryton's account has to be one that wants a party."""

    def by_address(address: str) -> list[str]:
        domain = [["contact_mechanisms.type", "=", "email"], ["contact_mechanisms.value", "ilike", address]]
        rows = client.rows("party.party", domain, ["code"], [["id", "ASC"]])
        return [str(row["code"]) for row in rows]

    code = charts.employee(client.connection, payee, by_address)
    return lookups.one(client, "party.party", [["code", "=", code]], "party", code)


def _in_its_currency(client: Client, currency: str) -> None:
    """Refuse a journal in another currency than the company keeps its books in. Raises Failed."""
    (company,) = client.rows("company.company", [["id", "=", client.company]], ["currency.code"])
    if (kept := company["currency"]["code"]) != currency:
        raise Failed(
            FailureClass.REJECTED,
            f"Tryton keeps the books of {client.setting('company')} in {kept}, not in {currency}",
            field="currency",
            remedy="Keep what is booked by journals of this legal entity in the currency of its books.",
        )
