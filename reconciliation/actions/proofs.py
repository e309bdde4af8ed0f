"""Proofs that leave the house: what was handed out, to whom, with which digest."""

from typing import Any

from django.db.models import QuerySet

from billing.models import Invoice
from integration_hub.people.models import User
from integration_hub.trail import record
from integration_hub.trail.models import Event
from reconciliation.proof import statement

EXPORTED = "reconciliation.proof.exported"
PAYLOADS = "hub_intake.view_sourceversion"


def with_payloads(user: User) -> bool:
    """Whether a person's proofs hold the source records as they came: who may see them here may take them along."""
    return user.has_perm(PAYLOADS)


def export(invoice: Invoice, *, by: User) -> dict[str, Any]:
    """The proof of an invoice for this person; its digest is kept in the trail, so that the file can be told genuine.

    `invoice` comes with `statement.PARTS`.
    """
    payloads = with_payloads(by)
    made = statement.of(invoice, payloads=payloads)
    record.event(
        EXPORTED,
        by=by,
        object_type="billing.invoice",
        object_id=invoice.pk,
        label=invoice.number,
        legal_entity=invoice.legal_entity.code,
        digest=made["digest"],
        source_records=payloads,
    )
    return made


def issued(invoice: Invoice) -> "QuerySet[Event]":
    """Every proof of an invoice that was handed out, the newest first: `data.digest` says which it was."""
    return Event.objects.filter(object_type="billing.invoice", object_id=str(invoice.pk), action=EXPORTED)
