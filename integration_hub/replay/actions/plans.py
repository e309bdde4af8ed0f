"""Replay plans: freeze one, have it forecast, approve it, pause, resume, cancel."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.people.models import User
from integration_hub.replay import freezing, policies
from integration_hub.replay.models import PLAN_MOVES, Plan
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work.actions import items
from integration_hub.work.models import Item as Work

FORECAST = "replay.forecast"
RUN = "replay.run"
STAGE = "bulk"
OBJECT = "replay.plan"
BY = "system:replay"
LARGEST = 250_000
SLOWEST, FASTEST = 6, 6_000
State = Plan.State


@transaction.atomic
def freeze(
    *, kind: str, rows: "QuerySet[Any]", title: str, reason: str, told: str, per_minute: int = 600, by: User
) -> Plan:
    """Freeze what a query finds now, ids with versions, and have it forecast. The set never changes afterwards.

    `rows` are effects or source versions within the person's scope, `told` says in words how they were chosen. Raises
    Denied, and BadInput when nothing was found, too much, or the rate is out of bounds.
    """
    policies.can_plan(kind, by).or_raise()
    if not SLOWEST <= per_minute <= FASTEST:
        problem = Problem("per_minute", f"is {per_minute}.", f"Choose {SLOWEST} to {FASTEST:,} items a minute.")
        raise BadInput("Replay plan", [problem])
    plan = Plan.objects.create(
        kind=kind,
        title=title[:120],
        reason=reason,
        told=told[:500],
        per_minute=per_minute,
        planned_by=by,
        correlation_id=record.correlation(),
    )
    freezing.freeze(plan, freezing.effects(rows) if kind == Plan.Kind.EFFECT else freezing.sources(rows))
    if not 0 < plan.size <= LARGEST:
        problem = Problem("items", f"are {plan.size:,}.", f"Choose 1 to {LARGEST:,}; narrow the filter or the time.")
        raise BadInput("Replay plan", [problem])
    plan.save()
    note("frozen", plan, by, reason, size=plan.size, digest=plan.digest, told=told)
    enqueue(FORECAST, plan)
    return plan


@transaction.atomic
def forecast_again(*, plan_id: int, by: User, seen_version: int) -> Plan:
    """Forecast the same set anew, or go on where the forecast stopped. Raises Denied, Stale."""
    plan = locked(plan_id, seen_version)
    policies.can_forecast(plan, by).or_raise()
    if plan.state == State.READY:
        move(plan, State.FORECASTING, foreseen=0)
    else:
        plan.failure = ""
        plan.save(update_fields=["failure", "updated_at"])
    note("forecast_again", plan, by)
    _go_on(FORECAST, plan)
    return plan


@transaction.atomic
def approve(*, plan_id: int, by: User, seen_version: int, reason: str = "") -> Plan:
    """Let the frozen set run. Above one person's limits whoever planned it cannot. Raises Denied, Stale."""
    plan = locked(plan_id, seen_version)
    policies.can_approve(plan, by).or_raise()
    if freezing.sum_up(plan)[2] != plan.digest:
        raise Stale("The items are not those that were chosen: the set was changed past this screen. Plan it anew.")
    moment = now()
    move(plan, State.RUNNING, approved_by=by, approved_at=moment, running_since=moment)
    note("approved", plan, by, reason, size=plan.size, digest=plan.digest)
    enqueue(RUN, plan)
    return plan


@transaction.atomic
def pause(*, plan_id: int, by: User, seen_version: int, reason: str = "") -> Plan:
    """Take no further items; those under way are finished. Raises Denied, Stale."""
    plan = locked(plan_id, seen_version)
    policies.can_pause(plan, by).or_raise()
    move(plan, State.PAUSED)
    note("paused", plan, by, reason, taken=plan.taken)
    return plan


@transaction.atomic
def resume(*, plan_id: int, by: User, seen_version: int, reason: str = "") -> Plan:
    """Go on where it stopped. Raises Denied, Stale."""
    plan = locked(plan_id, seen_version)
    policies.can_resume(plan, by).or_raise()
    move(plan, State.RUNNING, failure="", running_since=now(), taken_before=plan.taken)
    note("resumed", plan, by, reason, taken=plan.taken)
    _go_on(RUN, plan)
    return plan


@transaction.atomic
def cancel(*, plan_id: int, by: User, seen_version: int, reason: str) -> Plan:
    """Run nothing more of it. What was put back to work goes its way; the rest is left alone. Raises Denied, Stale."""
    plan = locked(plan_id, seen_version)
    policies.can_cancel(plan, by).or_raise()
    move(plan, State.CANCELLED, finished_at=now())
    note("cancelled", plan, by, reason, taken=plan.taken, left=plan.size - plan.taken)
    return plan


# -- rows -----------------------------------------------------------------------------------------------------------


def locked(plan_id: int, seen_version: int | None = None) -> Plan:
    """The plan, locked. Raises Stale unless it still is in the version that was seen."""
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).select_related("planned_by", "approved_by")
    found = plan.get(pk=plan_id)
    if seen_version is not None and found.version != seen_version:
        raise Stale
    return found


def move(plan: Plan, state: str, **changes: Any) -> None:
    """Change the state along the table; the caller holds the plan's row."""
    PLAN_MOVES.check(plan.state, state)
    plan.state = state
    plan.version += 1
    for name, value in changes.items():
        setattr(plan, name, value)
    plan.save()


def lane(plan: Plan) -> str:
    """One lane per plan."""
    return f"replay:{plan.pk}"


def enqueue(kind: str, plan: Plan, *, delay: Any = None, **payload: Any) -> None:
    """Put the plan's next piece of work into its lane of the bulk stage."""
    items.enqueue(
        kind,
        lane=lane(plan),
        stage=STAGE,
        payload={"plan": plan.pk, **payload},
        priority=90,
        delay=delay,
        correlation_id=plan.correlation_id,
    )


def _go_on(kind: str, plan: Plan) -> None:
    """Work the item the lane gave up, or a new one."""
    parked = Work.objects.filter(lane__key=lane(plan), state=Work.State.PARKED).order_by("pk").first()
    if parked is not None:
        items.retry(item_id=parked.pk, by=BY, reason="The plan goes on")
    else:
        enqueue(kind, plan)


def note(verb: str, plan: Plan, by: Actor, reason: str = "", **data: Any) -> None:
    """Write into the trail; a plan of one legal entity is told to its people."""
    record.event(
        f"replay.plan.{verb}",
        by=by,
        object_type=OBJECT,
        object_id=plan.pk,
        label=plan.title,
        legal_entity=plan.legal_entities[0] if len(plan.legal_entities) == 1 else "",
        reason=reason,
        **data,
    )
