"""Billing schedules: made at activation, due once, turned into work once."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import Q

from billing.actions import work
from billing.engine import schedule as engine
from billing.models import BillableEvent, Candidate, Piece, ScheduleItem
from billing.terms import engine_line
from contracts.models import Contract, ContractLine, Method
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.money import ZERO, Rounding
from integration_hub.trail.record import Actor, event

SCHEDULED = (Method.FIXED_SCHEDULE, Method.RETAINER_HOURS, Method.RETAINER_PREPAID, Method.RECURRING)
MONTHLY = (Method.RETAINER_HOURS, Method.RECURRING)
"""A fee per calendar month; a recurring one may go on without an end."""


@transaction.atomic
def make(*, contract: Contract, by: Actor) -> int:
    """Make the schedule of every scheduled line that has none yet; one that was withdrawn whole stands again.

    Returns how many items were made.
    """
    made = 0
    for line in contract.lines.filter(method__in=SCHEDULED).order_by("number"):
        if not line.schedule.exclude(status=ScheduleItem.Status.SKIPPED).exists():
            line.schedule.all().delete()
            made += len(ScheduleItem.objects.bulk_create(items_of(line)))
    if made:
        event(
            "billing.schedule.made",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            items=made,
        )
    return made


def items_of(line: ContractLine) -> list[ScheduleItem]:
    """Every period of a line. Failed(DATA) when its dates do not say how many there are: nothing falls due unsaid."""
    starts, ends = line.starts_on or line.contract.starts_on, line.ends_on or line.contract.ends_on
    if starts is None or line.amount is None:
        raise _incomplete(line, "amount" if starts else "starts_on")
    if line.method in MONTHLY:
        if ends is None and line.method == Method.RECURRING:
            return []  # planned as far as runs look: see `raise_due`
        if ends is None:
            raise _incomplete(line, "ends_on")
        return _rows(line, _fees(line, starts, ends), after=0)
    frequency = cast(engine.Frequency, line.frequency or "once")
    if ends is None and frequency != "once":
        raise _incomplete(line, "ends_on")
    rounding = cast(Rounding, line.contract.legal_entity.rounding)
    periods = engine.instalments(
        total=line.amount,
        starts_on=starts,
        ends_on=ends,
        frequency=frequency,
        currency=line.contract.currency,
        rounding=rounding,
    )
    return _rows(line, periods, after=0)


def _incomplete(line: ContractLine, field: str) -> Failed:
    return Failed(
        FailureClass.DATA,
        f"Line {line.number} of contract {line.contract.number} has no {field}, so nothing of it can fall due.",
        field=field,
        remedy="Complete the line in the CRM.",
    )


def _fees(line: ContractLine, starts: date, ends: date) -> list[engine.Period]:
    if line.amount is None:
        raise _incomplete(line, "amount")
    rounding = cast(Rounding, line.contract.legal_entity.rounding)
    agreed = engine_line(line)
    return engine.monthly(
        fee=line.amount, starts_on=starts, ends_on=ends, currency=line.contract.currency, rounding=rounding,
        by=agreed.proration, suspensions=agreed.suspensions, due=agreed.due,
    )  # fmt: skip


def _rows(line: ContractLine, periods: Sequence[engine.Period], *, after: int) -> list[ScheduleItem]:
    return [
        ScheduleItem(
            line=line,
            sequence=number,
            period_from=period.period_from,
            period_to=period.period_to,
            due_on=period.due_on,
            amount=period.amount,
            currency=line.contract.currency,
        )
        for number, period in enumerate(periods, start=after + 1)
    ]


@transaction.atomic
def follow_term(*, contract: Contract, by: Actor) -> int:
    """The term moved: fees of added months are planned, fees after the end are skipped. Returns how many changed.

    What fell due already and is not posted yet follows; what is posted stays, and its unserved days are to be credited
    (`unserved`). A fixed price stays spread as it was agreed.
    """
    changed = 0
    for line in contract.lines.filter(method__in=MONTHLY).order_by("number"):
        ends = line.ends_on or contract.ends_on
        items = list(line.schedule.order_by("sequence"))
        if items and ends is not None:
            changed += _cut(items, ends, by) + _extend(line, items, ends)
        elif ends is not None and contract.activated_at is not None:  # a fee without an end, of which no run asked yet
            changed += len(ScheduleItem.objects.bulk_create(items_of(line)))
    if changed:
        event(
            "billing.schedule.changed",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            items=changed,
        )
    return changed


def _cut(items: Sequence[ScheduleItem], ends: date, by: Actor) -> int:
    """Skip fees that begin after the end; one that the end cuts is charged by its days (R4)."""
    posted = set(
        Piece.objects.filter(event__schedule_item__in=items, is_current=True, corrects__isnull=True)
        .filter(Q(state=Piece.State.POSTED) | Q(candidate_line__candidate__status=Candidate.Status.POSTING))
        .values_list("event__schedule_item", flat=True)
    )
    beyond = [row for row in items if row.period_to > ends + engine.DAY and row.pk not in posted]
    cut = [row for row in beyond if row.status != ScheduleItem.Status.SKIPPED]
    for row in cut:
        was_due = row.status == ScheduleItem.Status.DUE
        if row.period_from > ends:
            row.status, row.reason = ScheduleItem.Status.SKIPPED, "After the contract's end"
        else:
            period = _cut_period(row, ends)
            row.period_to, row.due_on, row.amount = period.period_to, period.due_on, period.amount
        row.save()
        if was_due:
            enter_again(item=row, by=by)
    return len(cut)


def served(row: ScheduleItem, ends: date) -> Decimal:
    """What of a fee the days until the end come to, by the terms of its line; nothing when it begins after the end."""
    return ZERO if row.period_from > ends else min(row.amount, _cut_period(row, ends).amount)


def _cut_period(row: ScheduleItem, ends: date) -> engine.Period:
    """The period as it would have been planned with that end from the start."""
    starts = row.line.starts_on or row.line.contract.starts_on or row.period_from
    planned = {period.period_from: period for period in _fees(row.line, min(starts, row.period_from), ends)}
    return planned.get(row.period_from) or _fees(row.line, row.period_from, ends)[0]


def _extend(line: ContractLine, items: Sequence[ScheduleItem], ends: date) -> int:
    until = max(row.period_to for row in items if row.status != ScheduleItem.Status.SKIPPED)
    if until > ends:
        return 0
    added = _rows(line, _fees(line, until, ends), after=items[-1].sequence)
    return len(ScheduleItem.objects.bulk_create(added))


def _roll_on(contract: Contract, through: date) -> None:
    """Plan the whole months of fees without an end up to a date; each month once, however often it is asked."""
    if contract.ends_on is not None:
        return
    until = engine.next_month(through) - engine.DAY
    for line in contract.lines.filter(method=Method.RECURRING, ends_on__isnull=True).order_by("number"):
        starts = line.starts_on or contract.starts_on
        items = list(line.schedule.order_by("sequence"))
        if items:
            _extend(line, items, until)
        elif starts is not None and starts <= until:
            ScheduleItem.objects.bulk_create(_rows(line, _fees(line, starts, until), after=0))


@transaction.atomic
def raise_due(*, contract: Contract, through: date) -> int:
    """Turn the items due through a date into billable events, each exactly once; fees without an end are planned as far
    as that.
    """
    _roll_on(contract, through)
    due = list(
        ScheduleItem.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__contract")
        .filter(line__contract=contract, status=ScheduleItem.Status.PLANNED, due_on__lte=through)
    )
    drafts = [_draft(item) for item in due]
    if drafts:
        work.record(drafts=drafts, by="system:billing", caused_by=f"schedule due {through}")
        ScheduleItem.objects.filter(pk__in=[item.pk for item in due]).update(status=ScheduleItem.Status.DUE)
    return len(drafts)


def _draft(item: ScheduleItem, *, is_due: bool = True) -> work.Draft:
    """A due item as delivered work; one that is not due any more was not delivered."""
    contract = item.line.contract
    return work.Draft(
        work_key=f"schedule:{item.line_id}:{item.sequence}",
        kind="fee",
        service_date=item.due_on,
        approval="approved",
        legal_entity_id=contract.legal_entity_id,
        contract_id=contract.pk,
        line_id=item.line_id,
        schedule_item_id=item.pk,
        amount=item.amount,
        currency=item.currency,
        description=f"{item.line.name}, {item.period_from:%d %b %Y} – {item.last_day:%d %b %Y}",
        is_deleted=not is_due,
    )


@transaction.atomic
def enter_again(*, item: ScheduleItem, by: Actor) -> int:
    """Make what was entered for an item what its schedule says: once, or not at all where it is not due; how much
    changed. What is posted already is not replaced: a person is asked about it.
    """
    draft = _draft(item, is_due=item.status == ScheduleItem.Status.DUE)
    entered = BillableEvent.objects.filter(schedule_item=item, is_current=True, is_deleted=False)
    strays = [work.deleted(event) for event in entered.exclude(work_key=draft.work_key)]
    return work.record(drafts=[draft, *strays], by=by, caused_by=f"schedule {item}")


@transaction.atomic
def withdraw(*, contract: Contract, reason: str, by: Actor) -> int:
    """Skip what is planned and not due yet: the undoing of `make`."""
    skipped = ScheduleItem.objects.filter(line__contract=contract, status=ScheduleItem.Status.PLANNED).update(
        status=ScheduleItem.Status.SKIPPED, reason=reason[:200]
    )
    if skipped:
        event(
            "billing.schedule.withdrawn",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            reason=reason,
            items=skipped,
        )
    return skipped
