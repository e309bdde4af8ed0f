"""Revenue plans: made at activation from the terms of each line (R24)."""

from django.db import transaction

from billing.engine import revenue as engine
from billing.models import RevenueLine, RevenuePlan
from billing.terms import engine_line
from contracts.models import Contract, ContractLine
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail.record import Actor, event


@transaction.atomic
def plan(*, contract: Contract, by: Actor) -> int:
    """Plan the revenue of every line that has no current plan. Returns how many plans were made.

    Raises Failed(DATA) when a line has no dates or amount to plan with.
    """
    made = 0
    for line in contract.lines.order_by("number"):
        if not line.revenue_plans.filter(is_current=True).exists():
            _plan_line(line)
            made += 1
    if made:
        event(
            "billing.revenue.planned",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            plans=made,
        )
    return made


def _planned(line: ContractLine) -> engine.Plan:
    contract = line.contract
    ends_on = contract.ends_on
    if ends_on is None and line.frequency == ContractLine.Frequency.ONCE:
        ends_on = line.starts_on or contract.starts_on  # a single instalment falls due, and is earned, on its first day
    try:
        return engine.plan(
            engine_line(line),
            starts_on=contract.starts_on,
            ends_on=ends_on,
            currency=contract.currency,
            rounding=contract.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
            milestones=[
                engine.MilestoneValue(id=row.pk, amount=row.amount, due_on=row.due_on, accepted_on=row.accepted_on)
                for row in line.milestones.exclude(status="cancelled").order_by("sequence")
            ],
        )
    except ValueError as error:
        message = f"Contract {contract.number}: {error}"
        raise Failed(FailureClass.DATA, message, remedy="Complete the line in the CRM.") from error


def _plan_line(line: ContractLine) -> None:
    contract = line.contract
    planned = _planned(line)
    last = line.revenue_plans.order_by("-version").first()
    plan_row = RevenuePlan.objects.create(
        line=line,
        version=last.version + 1 if last else 1,
        basis=planned.basis,
        total=planned.total,
        currency=contract.currency,
    )
    RevenueLine.objects.bulk_create(
        RevenueLine(
            plan=plan_row,
            period_from=part.period_from,
            period_to=part.period_to,
            amount=part.amount,
            milestone_id=part.milestone_id,
        )
        for part in planned.parts
    )


@transaction.atomic
def follow_progress(*, line: ContractLine) -> None:
    """Plan a line anew by what was measured of it, if it is planned at all: what was measured is earned then."""
    if line.revenue_plans.filter(is_current=True).update(is_current=False):
        _plan_line(line)


@transaction.atomic
def withdraw(*, contract: Contract, by: Actor) -> int:
    """Take the current plans out of force: the undoing of `plan`."""
    withdrawn = RevenuePlan.objects.filter(line__contract=contract, is_current=True).update(is_current=False)
    if withdrawn:
        event(
            "billing.revenue.withdrawn",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            plans=withdrawn,
        )
    return withdrawn
