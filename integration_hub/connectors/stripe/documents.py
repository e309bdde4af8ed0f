"""What invoices and credit notes have in common: our reference in their metadata, how they read back."""

from collections.abc import Iterator

from integration_hub.connectors import answers, billing
from integration_hub.connectors.days import day_of, zone
from integration_hub.connectors.registry import Confirmed
from integration_hub.connectors.stripe.client import DIALECT, Client, Row
from integration_hub.connectors.stripe.payloads import StripeDocument
from integration_hub.kernel.failures import Failed, FailureClass

REFERENCE, CONTENT, LINE, NUMBER = (
    f"throughline_{name}" for name in ("reference", "content", "line_reference", "line_number")
)
"""Names in the metadata: our reference, what the draft was made of, and which line is which."""


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


def confirmed(client: Client, row: Row) -> Confirmed:
    """A document as it reads back."""
    document = answers.shaped(DIALECT, StripeDocument, row, write=False)
    where = zone(client.connection)
    facts = billing.facts(
        document.total - document.tax,
        document.tax,
        document.total,
        document.currency.upper(),
        issued_on=day_of(document.effective_at or document.created, where),
        due_on=day_of(document.due_date, where),
        status=document.status,
    )
    return Confirmed(remote_id=document.id, number=document.number or "", facts=facts)
