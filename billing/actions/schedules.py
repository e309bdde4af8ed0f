"""Billing schedules: made at activation, due once, turned into work once."""

from datetime import date
from typing import cast

from django.db import transaction

from billing.actions import work
from billing.engine import schedule as engine
from billing.models import ScheduleItem
from contracts.models import Contract, ContractLine, Method
from integration_hub.kernel.money import Rounding
from integration_hub.trail.record import Actor, event

SCHEDULED = (Method.FIXED_SCHEDULE, Method.RETAINER_HOURS)


@transaction.atomic
def make(*, contract: Contract, by: Actor) -> int:
    """Make the schedule of every scheduled line that has none yet; one that was withdrawn whole stands again.

    Returns how many items were made.
    """
    made = 0
    for line in contract.lines.filter(method__in=SCHEDULED).order_by("number"):
        if not line.schedule.exclude(status=ScheduleItem.Status.SKIPPED).exists():
            line.schedule.all().delete()
            made += len(ScheduleItem.objects.bulk_create(_items(line)))
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


def _items(line: ContractLine) -> list[ScheduleItem]:
    currency = line.contract.currency
    rounding = cast(Rounding, line.contract.legal_entity.rounding)
    starts, ends = line.starts_on or line.contract.starts_on, line.ends_on or line.contract.ends_on
    if line.amount is None or starts is None or ends is None:
        return []
    if line.method == Method.RETAINER_HOURS:
        periods = engine.monthly(fee=line.amount, starts_on=starts, ends_on=ends, currency=currency, rounding=rounding)
    else:
        periods = engine.instalments(
            total=line.amount,
            starts_on=starts,
            ends_on=ends,
            frequency=cast(engine.Frequency, line.frequency or "once"),
            currency=currency,
            rounding=rounding,
        )
    return [
        ScheduleItem(
            line=line,
            sequence=number,
            period_from=period.period_from,
            period_to=period.period_to,
            due_on=period.due_on,
            amount=period.amount,
            currency=currency,
        )
        for number, period in enumerate(periods, start=1)
    ]


@transaction.atomic
def raise_due(*, contract: Contract, through: date) -> int:
    """Turn the items due through a date into billable events, each exactly once."""
    due = list(
        ScheduleItem.objects.select_for_update(of=("self",))
        .select_related("line")
        .filter(line__contract=contract, status=ScheduleItem.Status.PLANNED, due_on__lte=through)
    )
    drafts = [
        work.Draft(
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
            description=f"{item.line.name}, {item.period_from:%d %b %Y} – {_last_day(item):%d %b %Y}",
        )
        for item in due
    ]
    if drafts:
        work.record(drafts=drafts, by="system:billing", caused_by=f"schedule due {through}")
        ScheduleItem.objects.filter(pk__in=[item.pk for item in due]).update(status=ScheduleItem.Status.DUE)
    return len(drafts)


def _last_day(item: ScheduleItem) -> date:
    return date.fromordinal(item.period_to.toordinal() - 1)


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
