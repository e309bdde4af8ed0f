"""What invoices and credit notes have in common: our reference in their metadata, tax per line, how they read back."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integration_hub.connectors import answers, wire
from integration_hub.connectors.registry import Confirmed
from integration_hub.connectors.stripe.client import DIALECT, Client, Row
from integration_hub.connectors.stripe.days import day_of, zone
from integration_hub.connectors.stripe.payloads import StripeDocument
from integration_hub.kernel.failures import Failed, FailureClass

REFERENCE, CONTENT, LINE, NUMBER = (
    f"throughline_{name}" for name in ("reference", "content", "line_reference", "line_number")
)
"""Names in the metadata: our reference, what the draft was made of, and which line is which."""

Payload = dict[str, Any]


def of_the_account(client: Client, payload: Payload) -> None:
    """Raises Failed where the document is another legal entity's: a key reaches one account only."""
    meant = str(payload["legal_entity_id"])
    if meant not in {client.setting("account"), client.setting("legal_entity")}:
        raise Failed(
            FailureClass.REJECTED,
            f"The document is of legal entity {meant}, the Stripe account of {client.setting('legal_entity')}",
            field="legal_entity_id",
            remedy="Route the legal entity to the connection of its own account.",
        )


def under(rows: Iterator[Row], reference: str) -> list[Row]:
    """Those of them that carry our reference, oldest first. Lists know at once what a search knows later."""
    return [row for row in rows if (row.get("metadata") or {}).get(REFERENCE) == reference][::-1]


def standing(rows: list[Row], reference: str) -> Row | None:
    """The one document that stands under our reference. Raises Failed where there are more."""
    if len(rows) > 1:
        raise Failed(
            FailureClass.REJECTED,
            f"Stripe has {', '.join(str(row['number']) for row in rows)} under {reference}",
            field="reference",
            remedy="Look at these documents in Stripe: one of them must go.",
        )
    return rows[0] if rows else None


def subunits(payload: Payload, name: str, value: Any) -> int:
    """An amount as Stripe counts it. Raises Failed where it has parts of the smallest unit."""
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


def confirmed(client: Client, row: Row) -> Confirmed:
    """A document as it reads back."""
    document = answers.shaped(DIALECT, StripeDocument, row, write=False)
    currency, where = document.currency.upper(), zone(client.connection)
    facts = {
        "net": wire.text(wire.from_subunits(document.total - document.tax, currency)),
        "tax": wire.text(wire.from_subunits(document.tax, currency)),
        "gross": wire.text(wire.from_subunits(document.total, currency)),
        "currency": currency,
        "issued_on": day_of(document.effective_at or document.created, where),
        "due_on": day_of(document.due_date, where),
        "status": document.status,
        "period": "",
        "posted": True,
    }
    return Confirmed(remote_id=document.id, number=document.number or "", facts=facts)
