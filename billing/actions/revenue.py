"""Revenue plans: made at activation from the terms of each line (R24)."""

from datetime import timedelta

from django.db import transaction

from billing.engine import revenue as engine
from billing.models import RevenueLine, RevenuePlan
from contracts.models import Contract, ContractLine, Method
from integration_hub.trail.record import Actor, event

BASIS = {
    Method.TIME_AND_MATERIALS: RevenuePlan.Basis.RIGHT_TO_INVOICE,
    Method.EXPENSE: RevenuePlan.Basis.RIGHT_TO_INVOICE,
    Method.MILESTONE: RevenuePlan.Basis.MILESTONE,
    Method.RETAINER_HOURS: RevenuePlan.Basis.STRAIGHT_LINE,
    Method.FIXED_SCHEDULE: RevenuePlan.Basis.STRAIGHT_LINE,
}


@transaction.atomic
def plan(*, contract: Contract, by: Actor) -> int:
    """Plan the revenue of every line that has no current plan. Returns how many plans were made."""
    made = 0
    for line in contract.lines.order_by("number"):
        if line.method in BASIS and not line.revenue_plans.filter(is_current=True).exists():
            _plan_line(line)
            made += 1
    if made:
        event("billing.revenue.planned", by=by, object_type="contracts.contract", object_id=contract.pk,
              label=contract.number, legal_entity=contract.legal_entity.code, plans=made)  # fmt: skip
    return made


def _plan_line(line: ContractLine) -> None:
    basis = BASIS[Method(line.method)]
    last = line.revenue_plans.order_by("-version").first()
    plan_row = RevenuePlan(
        line=line, version=last.version + 1 if last else 1, basis=basis, currency=line.contract.currency
    )
    rows: list[RevenueLine] = []
    if basis == RevenuePlan.Basis.STRAIGHT_LINE:
        rows = _straight_line(line, plan_row)
    elif basis == RevenuePlan.Basis.MILESTONE:
        rows = [
            RevenueLine(plan=plan_row, period_from=day, period_to=day + timedelta(days=1), amount=milestone.amount, milestone=milestone)
            for milestone in line.milestones.all()
            if (day := milestone.due_on or line.ends_on or line.contract.ends_on) is not None
        ]
    if rows:
        plan_row.total = sum((row.amount for row in rows), start=rows[0].amount * 0)
    plan_row.save()
    RevenueLine.objects.bulk_create(rows)


def _straight_line(line: ContractLine, plan_row: RevenuePlan) -> list[RevenueLine]:
    items = list(line.schedule.exclude(status="skipped").order_by("sequence"))
    starts, ends = line.starts_on or line.contract.starts_on, line.ends_on or line.contract.ends_on
    if not items or starts is None or ends is None:
        return []
    total = sum((item.amount for item in items), start=items[0].amount * 0)
    return [
        RevenueLine(plan=plan_row, period_from=part.period_from, period_to=part.period_to, amount=part.amount)
        for part in engine.straight_line(total=total, starts_on=starts, ends_on=ends, currency=line.contract.currency)
    ]


@transaction.atomic
def withdraw(*, contract: Contract, by: Actor) -> int:
    """Take the current plans out of force: the undoing of `plan`."""
    withdrawn = RevenuePlan.objects.filter(line__contract=contract, is_current=True).update(is_current=False)
    if withdrawn:
        event("billing.revenue.withdrawn", by=by, object_type="contracts.contract", object_id=contract.pk,
              label=contract.number, legal_entity=contract.legal_entity.code, plans=withdrawn)  # fmt: skip
    return withdrawn
