"""When a connection's posting is done: measured pace, what the account's budget allows, and the next cut-off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from integration_hub.connectors import queries as budgets
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Connection
from integration_hub.connectors.sections import SECTIONS
from integration_hub.console.http import Request
from integration_hub.effects import calendar, gates
from integration_hub.effects.calendar import CLOCKED
from integration_hub.effects.models import Attempt, Effect, PostingGate
from integration_hub.effects.queries import UNFINISHED
from integration_hub.people.models import User
from integration_hub.work import forecast
from integration_hub.work.forecast import Deadline, Forecast, Pace
from integration_hub.work.models import Lane

CALLS_EACH = 2.0
"""Calls an effect needs at least: the send and the read that confirms it."""
LOWER = (Priority.SYNC, Priority.BACKFILL)
SEE = "hub_effects.view_effect"


def of(connection: Connection, every: Sequence[PostingGate] | None = None) -> Forecast | None:
    """The forecast of a connection's effects; None when none is on its way."""
    blocked = Lane.objects.filter(blocked=True).values("key")
    rows = Effect.objects.filter(connection=connection, state__in=UNFINISHED)
    counts = rows.aggregate(all=Count("pk"), stuck=Count("pk", filter=Q(lane__in=blocked)))
    waiting = counts["all"] - counts["stuck"]
    if not counts["all"]:
        return None
    at = forecast.clock()
    pace = _pace(connection, at)
    allowed, freed = _allowed(connection, _calls_each(connection, pace, at))
    speed = min((one for one in (pace.per_second, allowed) if one), default=0.0)
    months = rows.exclude(posting_date=None).annotate(month=TruncMonth("posting_date")).values_list("month", flat=True)
    deadline = _deadline(connection, at, sorted(set(months)), gates.active() if every is None else every)
    found = Forecast(
        name=str(connection),
        waiting=waiting,
        done_at=forecast.finish(waiting, speed, at),
        at=at,
        per_second=speed,
        bound="the budget of its account" if speed == allowed else "the pace measured",
        deadline=deadline,
        stuck=counts["stuck"],
        url=reverse("connectors:connection-detail", args=[connection.code]),
    )
    return _advised(found, connection, pace, allowed, freed)


def _pace(connection: Connection, at: datetime) -> Pace:
    done = Effect.objects.filter(connection=connection, confirmed_at__gt=at - forecast.PERIOD, confirmed_at__lte=at)
    return forecast.pace_of([moment for moment in done.values_list("confirmed_at", flat=True) if moment])


def _calls_each(connection: Connection, pace: Pace, at: datetime) -> float:
    """Calls per effect lately, tries in vain included."""
    if not pace.done:
        return CALLS_EACH
    tries = Attempt.objects.filter(effect__connection=connection, started_at__gt=at - forecast.PERIOD).count()
    return max(tries / pace.done, CALLS_EACH)


def _allowed(connection: Connection, calls_each: float) -> tuple[float, float]:
    """Effects a second the budget lets through as things are, and with sync and backfill paused; 0 without a limit."""
    window = budgets.standing(connection).windows[0]
    if window.limit is None:
        return 0.0, 0.0
    lower = sum(calls for priority, calls in window.calls if priority in LOWER)
    each = window.window.seconds * calls_each
    return max(window.limit - lower, 1) / each, window.limit / each


def _deadline(
    connection: Connection, at: datetime, months: Sequence[date], every: Sequence[PostingGate]
) -> Deadline | None:
    """The first cut-off of these months, or closing of a gate by the clock, that lies ahead."""
    found = []
    for gate in every:
        if gate.connection_id not in (None, connection.pk):
            continue
        rule = gates.rule_of(gate)
        if gate.kind in CLOCKED:
            moments = calendar.closings(rule, at, at + calendar.AHEAD)[:1]
        elif gate.kind == PostingGate.Kind.CUT_OFF:
            days = gates.holidays(gate, every)
            moments = [cut for month in months if (cut := calendar.cut_off(rule, month, days)) > at]
        else:
            moments = []
        found += [Deadline(moment, gate.name) for moment in moments]
    return min(found, key=lambda one: one.at, default=None)


def _advised(found: Forecast, connection: Connection, pace: Pace, allowed: float, freed: float) -> Forecast:
    """What to pause to make it, as far as it helps; said only when it would be late."""
    if not found.is_late:
        return found
    advice = []
    if allowed and found.per_second == allowed and freed > allowed:
        speed = min(freed, pace.per_second or freed)
        sooner = forecast.finish(found.waiting, speed, found.at)
        if sooner is not None and found.done_at is not None and sooner < found.done_at:
            verdict = "in time" if found.deadline and sooner <= found.deadline.at else "still too late"
            advice.append(f"Pause the feeds of its account: done {sooner:%d %b %H:%M} UTC, {verdict}.")
    if not allowed or found.per_second < allowed:
        advice.append("The budget is not what holds it: more workers of the posting stage help, pausing does not.")
    return replace(found, advice=tuple(advice))


def visible_to(user: User) -> list[Forecast]:
    """Forecasts of all connections with effects on their way, for those who may see effects of all entities."""
    if not (user.has_perm(SEE) and user.all_legal_entities):
        return []
    ids = Effect.objects.filter(state__in=UNFINISHED).values("connection")
    rows = Connection.objects.filter(pk__in=ids).defer("sealed_credentials", "sealed_webhook_secret")
    every = gates.active()
    return [found for row in rows.order_by("code") if (found := of(row, every)) is not None]


def card(connection: Connection, request: Request) -> SafeString:
    """The card on the page of a connection."""
    found = of(connection) if request.user.has_perm(SEE) and request.user.all_legal_entities else None
    if found is None:
        return SafeString("")
    html = render_to_string("work/_forecast.html", {"forecasts": [found], "title": "When posting is done"}, request)
    return mark_safe(html)  # noqa: S308 - a template escapes


def register() -> None:
    """Fill the registries; called once by the app."""
    SECTIONS.register("3 forecast", card)
    forecast.FORECASTS.register("effects", visible_to)
