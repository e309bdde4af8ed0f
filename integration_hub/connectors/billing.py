"""What billing platforms have in common: amounts in the smallest unit, tax per line, terms that are days, our keys."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.ids import content_hash

TERMS = {"Due on receipt": 0, "Net 15": 15, "Net 30": 30, "Net 45": 45, "Net 60": 60, "Net 90": 90}
"""They know days only: what names of terms mean, unless the setting `payment_terms` says otherwise."""

Payload = dict[str, Any]


def key_of(write: Write, step: str) -> str:
    """The idempotency key of one step of a write. Another payload is another write to them: a corrected one would
    be refused under the key of the first."""
    return f"throughline-{content_hash([write.key, write.payload, step])[:40]}"


def terms_of(connection: Connection) -> dict[str, int]:
    """Days by the name of payment terms."""
    return {str(name): int(days) for name, days in (connection.settings.get("payment_terms") or TERMS).items()}


def term_rows(connection: Connection) -> list[Payload]:
    """Terms as the rows of a feed."""
    return [{"id": name, "name": name, "days": days} for name, days in terms_of(connection).items()]


def due_on(payload: Payload, terms: Mapping[str, int], title: str) -> str:
    """The day it is due: as told, or as far behind its date as its terms say. Raises Failed for terms nobody knows."""
    if payload.get("due_on"):
        return str(payload["due_on"])
    named = str(payload.get("payment_terms") or "")
    if named and named not in terms:
        raise Failed(
            FailureClass.REJECTED,
            f"Nobody knows how many days {named!r} are in {title}",
            field="payment_terms",
            remedy="Add them to the setting payment_terms of the connection, or correct the contract.",
        )
    return (date.fromisoformat(payload["invoice_date"]) + timedelta(days=terms.get(named, 30))).isoformat()


def of_the_account(payload: Payload, connection: Connection, account: str, title: str) -> None:
    """Raises Failed where the document is another legal entity's: a key reaches one account only."""
    meant, own = str(payload["legal_entity_id"]), str(connection.settings.get("legal_entity") or "")
    if meant not in {account, own}:
        raise Failed(
            FailureClass.REJECTED,
            f"The document is of legal entity {meant}, the {title} of {own}",
            field="legal_entity_id",
            remedy="Route the legal entity to the connection of its own account.",
        )


def subunits(payload: Payload, name: str, value: Any) -> int:
    """An amount as they count it. Raises Failed where it has parts of the smallest unit."""
    try:
        return wire.to_subunits(value, payload["currency"])
    except ValueError as problem:
        raise Failed(
            FailureClass.DATA, f"{payload['reference']}: {problem}", field=name, remedy="Round it to the currency."
        ) from None


def taxes(payload: Payload) -> list[tuple[Decimal, Decimal]]:
    """Tax and what it is on, for each line; on the first line where only the whole is known. Raises Failed."""
    lines, total = payload["lines"], wire.amount(payload["tax_total"])
    found = [(wire.amount(line.get("tax")), wire.amount(line["amount"])) for line in lines]
    if all(line.get("tax") in (None, "") for line in lines):
        found[0] = (total, wire.amount(payload["net"]))
    named = sum((tax for tax, _ in found), Decimal(0))
    if named != total:
        raise Failed(
            FailureClass.DATA,
            f"{payload['reference']}: tax of the lines is {named}, of the document {total}",
            field="tax",
            remedy="Ask the tax engine again.",
        )
    return found


def percentage(tax: Decimal, basis: Decimal) -> str:
    """The rate of a tax, as far as amounts tell it."""
    return wire.text(round(tax / basis * 100, 4) if basis else 0)


def of_one_currency(payload: Payload, number: str, currency: str) -> None:
    """Raises Failed where a credit note is in another currency than its invoice."""
    if currency.upper() != payload["currency"]:
        raise Failed(
            FailureClass.REJECTED,
            f"{payload['reference']} is in {payload['currency']}, invoice {number} in {currency}",
            field="currency",
            remedy="Credit an invoice in its own currency.",
        )


def facts(net: int, tax: int, gross: int, currency: str, **more: Any) -> dict[str, Any]:
    """The figures of a document as it reads back."""
    amounts = {"net": net, "tax": tax, "gross": gross}
    exact = {name: wire.text(wire.from_subunits(amount, currency)) for name, amount in amounts.items()}
    return {**exact, "currency": currency, "period": "", "posted": True, **more}
