"""Decide on reimbursements and send them to the ERP, each once; and hear what became of that."""

from datetime import date
from typing import Any

from django.db import transaction

from billing.actions import journals
from contracts.models import LegalEntity
from contracts.periods import next_period, open_period
from costs import policies, stops
from costs.actions import repaid, taking_back
from costs.actions.booking import book
from costs.actions.claims import reimburse_soon
from costs.models import REIMBURSEMENT_MOVES, Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.cases.actions import cases
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

BY = "system:costs"
Status = Reimbursement.Status


def locked(pk: int) -> Reimbursement:
    """A reimbursement as it is now, held until the transaction ends."""
    rows = Reimbursement.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("legal_entity", "resource", "connection").get(pk=pk)


@transaction.atomic
def accept(*, reimbursement: Reimbursement, reason: str, version: int, by: User) -> Reimbursement:
    """Let it pass although something stops it. Raises Denied, or Stale when it is not any more what was seen."""
    row = locked(reimbursement.pk)
    policies.can_accept_reimbursement(row, by, reason).or_raise()
    if row.version != version:
        raise Stale
    accepted = stops.found(row)
    row.accepted_by, row.accepted_because = by.username, reason.strip()
    row.version += 1
    row.save()
    cases.heal(code=stops.CODE, root_cause=stops.root(row), because="A person accepted it", by=by)
    _told("accepted", row, by, reason=reason, accepted=accepted)
    return row


@transaction.atomic
def post(*, reimbursement: Reimbursement, version: int, by: User) -> Reimbursement:
    """Send one to the ERP as payable. Raises Denied, Stale when it is not any more what was seen, NotReady without a
    route to an ERP or an open period.
    """
    row = locked(reimbursement.pk)
    policies.can_post_reimbursement(row, by).or_raise()
    if row.version != version:
        raise Stale
    _post(row, by)
    return row


@transaction.atomic
def post_all(*, legal_entity: LegalEntity, through: date, by: User) -> list[Reimbursement]:
    """Send everything that is due of expenses up to a day and that this person may send; the rest is left for others.

    Raises Denied, also where nothing is left but what the person may not send; NotReady as `post`.
    """
    policies.may_post_reimbursements(by).or_raise()
    journals.erp_of(legal_entity)
    due = Reimbursement.objects.filter(legal_entity=legal_entity, status=Status.DUE).exclude(
        items__spent_on__gt=through
    )
    posted, refused = [], ""
    for pk in due.order_by("pk").values_list("pk", flat=True):
        row = locked(pk)
        if row.status != Status.DUE:
            continue
        decision = policies.can_post_reimbursement(row, by)
        if decision:
            _post(row, by)
            posted.append(row)
        else:
            refused = decision.reason
    if refused and not posted:
        raise Denied(refused)
    return posted


def _post(row: Reimbursement, by: User, on: date | None = None) -> None:
    """Book it on the last day of its expenses, or on the first open day after that."""
    items = list(row.items.select_related("claim__project__contract"))
    last = max(item.spent_on for item in items)
    on = on or open_period(row.legal_entity, last)
    if on is None:
        raise NotReady(f"No accounting period of {row.legal_entity.code} from {last} on is open.")
    REIMBURSEMENT_MOVES.check(row.status, Status.POSTING)
    journal = book(row, items, sign=1, on=on, by=by)
    row.status, row.posted_by = Status.POSTING, by.username
    row.version += 1
    row.save()
    _told("posted", row, by, journal=journal.number, amount=row.amount, currency=row.currency)


# -- what became of it -------------------------------------------------------------------------------------------------


def confirmed(effect: Effect) -> None:
    """The ERP shows the journal. In the transaction that confirms the effect, so exactly once."""
    journal = journals.locked(ReimbursementJournal, effect)
    journals.confirmed(journal, effect)
    row = locked(journal.reimbursement_id)
    if journal.amount > 0:
        _move(row, Status.PAYABLE)
        row.payable_at = now()
        row.save()
        repaid.see(row, journal)
        reimburse_soon([row.resource_id], caused_by=journal.number)  # What changed meanwhile is taken back now.
    _told("payable" if journal.amount > 0 else "reversed", row, effect.connection.code, journal=effect.remote_number)


def rejected(effect: Effect) -> None:
    """Refused: it waits for a person. Withdrawn: what it took is open again."""
    journal = journals.locked(ReimbursementJournal, effect)
    withdrawn = journals.rejected(journal, effect)
    row = locked(journal.reimbursement_id)
    if journal.amount > 0:
        wanted = Status.DUE if withdrawn else Status.REJECTED
        if row.status != wanted:
            _move(row, wanted)
            row.posted_by = "" if withdrawn else row.posted_by
            row.save()
        if withdrawn:
            reimburse_soon([row.resource_id], caused_by=journal.number)
    elif withdrawn:  # A person's will: it is sent again with the next look, not at once.
        ReimbursementItem.objects.filter(taken_back_by=journal).update(taken_back_by=None)
    _told(str(journal.status), row, effect.connection.code, reason=effect.failure, journal=journal.number)


def into_next_period(effect: Effect, by: Actor, reason: str) -> None:
    """Book what is late in the next open period, by another journal. Raises Denied when it is under way, NotReady when
    no later period is open.
    """
    late = ReimbursementJournal.objects.select_related("legal_entity", "prepared_by").get(number=effect.business_key)
    on = next_period(late.legal_entity, late.accounting_date)
    if on is None:
        raise NotReady(f"No period of {late.legal_entity.code} after {late.accounting_date} is open.")
    effects.cancel(effect_id=effect.pk, by=BY, reason=f"{reason} ({actor_name(by)})")
    row = locked(late.reimbursement_id)
    if late.amount < 0:
        taking_back.take_back(row, on=on)
    else:
        _post(row, late.prepared_by, on=on)


def _move(row: Reimbursement, status: str) -> None:
    REIMBURSEMENT_MOVES.check(row.status, status)
    row.status = status
    row.version += 1


def _told(action: str, row: Reimbursement, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        f"costs.reimbursement.{action}",
        by=by,
        object_type="costs.reimbursement",
        object_id=row.pk,
        label=row.number,
        legal_entity=row.legal_entity.code,
        reason=reason,
        **data,
    )
