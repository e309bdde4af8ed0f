"""Hear from the ERP that people got their money, and tell the system their expenses came from."""

from decimal import Decimal
from typing import Any

from billing.actions.journals import text
from costs.actions import moves
from costs.models import Reimbursement, ReimbursementJournal
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import round_money

WRITE = "reimbursement.write"
Status = Reimbursement.Status


def receive(*, record: canonical.Payable, connection: Connection) -> None:
    """Keep how much of a payable of ours is settled. What others booked, and what takes back, is not looked at."""
    numbered = ReimbursementJournal.objects.filter(number=record.external_ref, connection=connection, amount__gt=0)
    found = numbered.values_list("pk", "reimbursement").first()
    if found is None or record.deleted:
        return
    # The journal first, as whoever confirms it does.
    journals = ReimbursementJournal.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
    journal = journals.get(pk=found[0])
    row = moves.locked(found[1])
    share = min(record.paid / record.amount, Decimal(1))
    journal.settled, journal.settled_on = round_money(journal.amount * share, journal.currency), record.paid_on
    journal.save(update_fields=["settled", "settled_on", "updated_at"])
    see(row, journal)


def see(row: Reimbursement, journal: ReimbursementJournal) -> None:
    """Paid when all of it is settled; open again when a payment was taken back. The caller holds both."""
    settled = journal.settled >= journal.amount
    if settled and row.status == Status.PAYABLE:
        moves.move(row, Status.PAID, paid_on=journal.settled_on, paid_at=now())
    elif not settled and row.status in (Status.PAID, Status.TOLD):
        moves.move(row, Status.PAYABLE, paid_on=None, paid_at=None, told_at=None)
    else:
        return
    action = "paid" if settled else "unpaid"
    moves.told(action, row, journal.connection.code, on=row.paid_on, amount=journal.amount, currency=row.currency)
    tell(row, "paid" if settled else "open")


def tell(row: Reimbursement, status: str) -> Effect | None:
    """Write what became of it to the system the expenses came from, where that can hear it."""
    vendor = row.connection.vendor
    if not CONNECTORS.get(vendor).manifest.does(WRITE):
        return None
    said = Effect.objects.filter(subject_type="costs.reimbursement", subject_id=str(row.pk)).count()
    live = row.items.filter(is_live=True).select_related("claim").order_by("claim_id")
    payload: dict[str, Any] = {
        "reference": row.number,
        "status": status,
        "paid_on": row.paid_on.isoformat() if row.paid_on else "",
        "currency": row.currency,
        "expenses": [{"id": item.claim.source_id, "amount": text(item.amount)} for item in live],
    }
    return effects.plan(
        effect_type=f"{vendor}.{WRITE}",
        connection=row.connection,
        business_key=row.number,
        payload=payload,
        legal_entity=row.legal_entity.code,
        subject=("costs.reimbursement", row.pk),
        by=moves.BY,
        revision=said + 1,
        amount=row.amount - row.taken_back,
        currency=row.currency,
        lane=f"reimbursed:{row.connection.code}:{row.number}",
    )


def confirmed(effect: Effect) -> None:
    """The source shows it."""
    row = moves.locked(int(effect.subject_id))
    if effect.payload["status"] == "paid" and row.status == Status.PAID:
        moves.move(row, Status.TOLD, told_at=now())
    moves.told("told", row, effect.connection.code, status=effect.payload["status"])


def rejected(effect: Effect) -> None:
    """The source refused it, or a person withdrew it: the person has the money all the same."""
    moves.told("not_told", moves.locked(int(effect.subject_id)), effect.connection.code, reason=effect.failure)
