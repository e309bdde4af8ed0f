"""Working a plan: forecast it batch by batch, ask targets about unknown outcomes, run it slowly, follow it to its end.

A crash anywhere rolls the batch back and its item is worked again: what was taken is noted in the same transaction.
"""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.effects.actions import again
from integration_hub.effects.actions.again import Prospect
from integration_hub.effects.ledger import State as EffectState
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed
from integration_hub.people import four_eyes
from integration_hub.replay import foresight, rows
from integration_hub.replay.actions.plans import FORECAST, RUN, enqueue, locked, move, note
from integration_hub.replay.models import Answer, Plan, PlanItem
from integration_hub.work.registry import Job

ASK = "replay.ask"
BY = "system:replay"
BATCH = {Plan.Kind.EFFECT: 2_000, Plan.Kind.SOURCE: 250}
"""Items forecast in one transaction."""
ASKED_AT_MOST = 200
"""Unknown outcomes a forecast asks targets about; the others are asked when the plan runs."""
ASKING_SECONDS = 15.0
SLICE = timedelta(seconds=5)
"""How often a running plan takes its share of items."""
LARGEST_SLICE = 250
PRIORITY = 80
"""Of effects that are replayed: what is planned meanwhile goes before them."""
State = Plan.State


# -- forecast --------------------------------------------------------------------------------------------------------


def forecast(job: Job) -> None:
    """The handler of `replay.forecast`: foresee one batch; the rest goes to a further item."""
    plan = locked(int(job.payload["plan"]))
    if plan.state != State.FORECASTING:
        return
    items = list(plan.items.filter(number__gt=plan.foreseen).order_by("number")[: BATCH[Plan.Kind(plan.kind)]])
    if items:
        _foresee(plan, items)
        plan.foreseen = items[-1].number
        plan.save(update_fields=["foreseen", "updated_at"])
        enqueue(FORECAST, plan)
        return
    if plan.kind == Plan.Kind.EFFECT and _to_ask(plan).exists():
        enqueue(ASK, plan)
        return
    finish_forecast(plan)


def _foresee(plan: Plan, items: Sequence[PlanItem]) -> None:
    if plan.kind == Plan.Kind.EFFECT:
        judged = foresight.of_effects({item.target_id: item.seen_at for item in items}, by=plan.planned_by)
    else:
        judged = foresight.of_sources({item.target_id: item.seen_state for item in items})
    rows.note_forecast(items, judged)


def finish_forecast(plan: Plan) -> None:
    """Everything is foreseen: say whether a second person is needed, and wait for the approval."""
    going = plan.items.filter(prospect__in=list(again.GOES))
    sums = going.exclude(currency="").values("currency").annotate(total=Sum("amount")).order_by("currency")
    money = {row["currency"]: row["total"] for row in sums if row["total"] is not None}
    reason = four_eyes.needs_second(items=going.count(), money=money)
    move(plan, State.READY, forecast_at=now(), four_eyes=reason)
    note("forecast", plan, BY, going=going.count(), money=money)


def _to_ask(plan: Plan) -> "QuerySet[PlanItem]":
    """Items whose target may be asked before the approval; what was asked in the last half hour is not asked again."""
    unknown = Effect.objects.filter(state=EffectState.UNKNOWN).exclude(safety=Effect.Safety.NONE)
    unknown = unknown.filter(connection__is_paused=False)
    asked = plan.items.filter(asked_at__isnull=False).count()
    open_ones = plan.items.filter(prospect=Prospect.ASK, asked_at=None, target_id__in=unknown.values("pk"))
    return open_ones.order_by("number")[: max(ASKED_AT_MOST - asked, 0)]


def ask(job: Job) -> None:
    """The handler of `replay.ask`: ask targets about unknown outcomes, outside any transaction, by reads alone."""
    plan = Plan.objects.get(pk=job.payload["plan"])
    if plan.state != State.FORECASTING:
        return
    deadline = monotonic() + ASKING_SECONDS
    for item in list(_to_ask(plan)):
        if monotonic() > deadline:
            break
        _ask_about(item)
    with transaction.atomic():
        plan = locked(plan.pk)
        if plan.state == State.FORECASTING:
            enqueue(FORECAST, plan)


def _ask_about(item: PlanItem) -> None:
    effect = Effect.objects.select_related("connection").get(pk=item.target_id)
    write = Write(effect.effect_type, effect.key, effect.business_key, effect.payload, effect.remote_id)
    try:
        found = CONNECTORS.get(effect.connection.vendor).find(effect.connection, write)
    except Failed as failure:
        reason = f"It could not be asked for the forecast: {failure.message} It is asked when the plan runs."
        PlanItem.objects.filter(pk=item.pk).update(asked_at=now(), prospect_reason=reason)
        return
    remote_id = found.remote_id[:120] if found is not None else ""
    answer, _ = Answer.objects.update_or_create(
        effect=effect, defaults={"found": found is not None, "remote_id": remote_id, "asked_at": now()}
    )
    told = foresight.answered(answer)
    PlanItem.objects.filter(pk=item.pk).update(
        asked_at=answer.asked_at, prospect=told.prospect, prospect_reason=told.reason
    )


# -- run -------------------------------------------------------------------------------------------------------------


def run(job: Job) -> None:
    """The handler of `replay.run`: put the next items back to work, follow those under way, come again."""
    plan = locked(int(job.payload["plan"]))
    if plan.state != State.RUNNING:
        return
    share = max(1, min(LARGEST_SLICE, round(plan.per_minute * SLICE / timedelta(minutes=1))))
    items = list(plan.items.filter(number__gt=plan.taken).order_by("number")[:share])
    if items:
        _take(plan, items)
        plan.taken = items[-1].number
        plan.save(update_fields=["taken", "updated_at"])
    rows.follow(plan)
    if not items and not plan.items.filter(outcome=PlanItem.Outcome.UNDER_WAY).exists():
        move(plan, State.DONE, finished_at=now())
        note("done", plan, BY, outcomes=outcomes(plan))
        return
    pause = timedelta(minutes=len(items) / plan.per_minute) if items else SLICE
    enqueue(RUN, plan, delay=pause)


def _take(plan: Plan, items: Sequence[PlanItem]) -> None:
    """Put these items back to work, exactly those whose version is the one that was chosen."""
    if plan.kind == Plan.Kind.SOURCE:
        judged = foresight.take_sources({item.target_id: item.seen_state for item in items})
        rows.note_taken(items, {pk: (rows.OUTCOMES[one.prospect], one.reason) for pk, one in judged.items()})
        return
    by = plan.approved_by or BY
    effects = again.lock([item.target_id for item in items])
    judged = again.plan_again(effects, by=by, seen={item.target_id: item.seen_at for item in items})
    going = [effect for effect in effects if judged[effect.pk].goes]
    again.send_again(going, by=by, reason=f"Replay plan {plan.pk}: {plan.reason}", priority=PRIORITY)
    rows.note_taken(
        items,
        {
            pk: (PlanItem.Outcome.UNDER_WAY, "") if one.goes else (rows.OUTCOMES[one.prospect], one.reason)
            for pk, one in judged.items()
        },
    )


def outcomes(plan: Plan) -> dict[str, int]:
    """How many items ended how."""
    found = plan.items.exclude(outcome="").order_by().values_list("outcome").annotate(count=Count("pk"))
    return dict(found)


def follow_up() -> int:
    """The tick: plans that are over, but whose items still wait for a window, a lane or an answer."""
    unsettled = PlanItem.objects.filter(outcome__in=PlanItem.UNSETTLED).order_by().values("plan").distinct()
    return sum(rows.follow(plan) for plan in Plan.objects.filter(pk__in=unsettled).exclude(state=State.RUNNING))


def parked(job: Job, failure: Failed) -> None:
    """The lane gave up: pause the plan and say why. Called in the transaction that parks the item."""
    plan = locked(int(job.payload["plan"]))
    if plan.state == State.RUNNING:
        move(plan, State.PAUSED, failure=failure.message)
    else:
        plan.failure = failure.message
        plan.save(update_fields=["failure", "updated_at"])
    note("stopped", plan, BY, failure.message)
