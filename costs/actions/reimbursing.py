"""Decide on reimbursements and send them to the ERP, each once; and hear what became of that."""

from datetime import date

from django.db import transaction

from billing.actions import journals
from contracts.models import LegalEntity
from contracts.periods import next_period, open_period
from costs import policies, stops
from costs.actions import moves, repaid, taking_back
from costs.actions.booking import book
from costs.actions.claims import reimburse_soon
from costs.models import Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.cases.actions import cases
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name

Status = Reimbursement.Status


@transaction.atomic
def accept(*, reimbursement: Reimbursement, reason: str, version: int, by: User) -> Reimbursement:
    """Let it pass although something stops it. Raises Denied, or Stale when it is not any more what was seen."""
    row = moves.locked(reimbursement.pk)
    policies.can_accept_reimbursement(row, by, reason).or_raise()
    if row.version != version:
        raise Stale
    accepted = stops.found(row)
    moves.keep(row, accepted_by=by.username, accepted_because=reason.strip())
    cases.heal(code=stops.CODE, root_cause=stops.root(row), because="A person accepted it", by=by)
    moves.told("accepted", row, by, reason=reason, accepted=accepted)
    return row


@transaction.atomic
def post(*, reimbursement: Reimbursement, version: int, by: User) -> Reimbursement:
    """Send one to the ERP as payable. Raises Denied, Stale when it is not any more what was seen, NotReady without a
    route to an ERP or an open period.
    """
    row = moves.locked(reimbursement.pk)
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
        row = moves.locked(pk)
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
    journal = book(row, items, sign=1, on=on, by=by)
    moves.move(row, Status.POSTING, posted_by=by.username)
    moves.told("posted", row, by, journal=journal.number, amount=row.amount, currency=row.currency)


# -- what became of it -------------------------------------------------------------------------------------------------


def confirmed(effect: Effect) -> None:
    """The ERP shows the journal. In the transaction that confirms the effect, so exactly once."""
    journal = journals.locked(ReimbursementJournal, effect)
    journals.confirmed(journal, effect)
    row = moves.locked(journal.reimbursement_id)
    if journal.amount > 0:
        moves.move(row, Status.PAYABLE, payable_at=now())
        repaid.see(row, journal)
        reimburse_soon([row.resource_id], caused_by=journal.number)  # What changed meanwhile is taken back now.
    moves.told(
        "payable" if journal.amount > 0 else "reversed", row, effect.connection.code, journal=effect.remote_number
    )


def rejected(effect: Effect) -> None:
    """Refused: it waits for a person. Withdrawn: what it took is open again."""
    journal = journals.locked(ReimbursementJournal, effect)
    withdrawn = journals.rejected(journal, effect)
    row = moves.locked(journal.reimbursement_id)
    if journal.amount > 0:
        wanted = Status.DUE if withdrawn else Status.REJECTED
        if row.status != wanted:
            moves.move(row, wanted, posted_by="" if withdrawn else row.posted_by)
        if withdrawn:
            reimburse_soon([row.resource_id], caused_by=journal.number)
    elif withdrawn:  # A person's will: it is sent again with the next look, not at once.
        ReimbursementItem.objects.filter(taken_back_by=journal).update(taken_back_by=None)
    moves.told(str(journal.status), row, effect.connection.code, reason=effect.failure, journal=journal.number)


def into_next_period(effect: Effect, by: Actor, reason: str) -> None:
    """Book what is late in the next open period, by another journal. Raises Denied when it is under way, NotReady when
    no later period is open.
    """
    late = ReimbursementJournal.objects.select_related("legal_entity", "prepared_by").get(number=effect.business_key)
    on = next_period(late.legal_entity, late.accounting_date)
    if on is None:
        raise NotReady(f"No period of {late.legal_entity.code} after {late.accounting_date} is open.")
    effects.cancel(effect_id=effect.pk, by=moves.BY, reason=f"{reason} ({actor_name(by)})")
    row = moves.locked(late.reimbursement_id)
    if late.amount < 0:
        taking_back.take_back(row, on=on)
    else:
        _post(row, late.prepared_by, on=on)
