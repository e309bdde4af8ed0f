"""What waits, what is stuck and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.postgres.aggregates import StringAgg
from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.functions import MD5, Cast

from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.work.models import Beat, Item, Lane, Overtaking
from integration_hub.work.registry import BUSY

CANARY = "canary:"


@dataclass(frozen=True, slots=True)
class Stall:
    """A lane that does not move: its head, why, since when, and what waits behind it."""

    lane: Lane
    head: Item | None
    reason: str
    since: datetime | None
    waiting: int
    money: dict[str, Decimal]
    """Per currency, the head included."""


def lanes(user: User | None = None) -> QuerySet[Lane]:
    """All lanes a person may see, canaries left out."""
    rows = Lane.objects.exclude(key__startswith=CANARY)
    return rows if user is None else scoped(rows, user, "legal_entity")


_WAITING = """
SELECT item.dedupe FROM hub_work_item AS item JOIN hub_work_lane AS lane ON lane.id = item.lane_id
 WHERE lane.key = %s AND item.state = 'ready' AND item.dedupe <> '' AND item.dedupe = ANY(%s)
"""


def waiting(*, lane: str, dedupes: Iterable[str]) -> set[str]:
    """Which of these items wait in a lane and were not claimed yet: what is announced now they will still see."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [lane, list(dedupes)])
        return {row[0] for row in cursor.fetchall()}


def stalled(user: User | None = None, *, limit: int = 200) -> list[Stall]:
    """Blocked lanes first, then lanes whose head failed and waits for its next try; longest stuck first."""
    failing = Item.objects.filter(lane=OuterRef("pk"), state=Item.State.READY).exclude(error="")
    rows = (
        lanes(user).filter(Q(blocked=True) | Exists(failing)).order_by("-blocked", "blocked_since", "next_at")[:limit]
    )
    return explain(list(rows))


def explain(rows: Sequence[Lane]) -> list[Stall]:
    """Why each of these lanes stands where it stands; three queries however many there are."""
    keys = [lane.pk for lane in rows]
    blockers = {
        item.pk: item for item in Item.objects.filter(pk__in=[lane.blocked_by for lane in rows if lane.blocked_by])
    }
    heads = _heads(keys)
    money = _money(keys, list(blockers))
    return [
        _stall(lane, blockers.get(lane.blocked_by or 0) or heads.get(lane.pk), money.get(lane.pk, {})) for lane in rows
    ]


@dataclass(frozen=True, slots=True)
class Overtakers:
    """What would be worked although something before it was not: the first of them, how many in all, their money."""

    first: list[Item]
    count: int
    money: dict[str, Decimal]
    last: int | None
    """The last of them; what came later was not declared."""
    digest: str
    """Of their numbers: the same as long as the very same items would overtake."""


SHOWN = 10


def overtakers(lane: Lane, *, item_id: int | None) -> Overtakers:
    """What waits in a lane behind one of its items; everything that waits when that item is not known."""
    rows = Item.objects.filter(lane=lane, state=Item.State.READY, pk__gt=item_id or 0)
    sums = rows.exclude(amount=None).values_list("currency").annotate(total=Sum("amount"))
    numbers = StringAgg(Cast("pk", TextField()), ",", order_by="pk")
    found = rows.aggregate(count=Count("pk"), last=Max("pk"), digest=MD5(numbers))
    first = list(rows.order_by("pk").defer("payload")[:SHOWN])
    return Overtakers(first, found["count"], dict(sums), found["last"], found["digest"] or "")


def open_overtakings(lane_ids: Iterable[int]) -> dict[int, Overtaking]:
    """The proposals that wait for a second person, by lane."""
    rows = Overtaking.objects.filter(lane__in=lane_ids, state=Overtaking.State.PROPOSED).select_related("proposed_by")
    return {row.lane_id: row for row in rows}


def _stall(lane: Lane, head: Item | None, money: dict[str, Decimal]) -> Stall:
    if lane.blocked:
        return Stall(lane, head, lane.blocked_reason, lane.blocked_since, lane.ready, money)
    reason = head.error if head and head.error else ""
    return Stall(lane, head, reason, head.created_at if head else None, lane.ready, money)


def _heads(lane_ids: list[int]) -> dict[int, Item]:
    ready = Item.objects.filter(lane__in=lane_ids, state=Item.State.READY)
    return {item.lane_id: item for item in ready.order_by("lane_id", "id").distinct("lane_id")}


def _money(lane_ids: list[int], parked: list[int]) -> dict[int, dict[str, Decimal]]:
    held = Item.objects.filter(lane__in=lane_ids, amount__isnull=False).filter(
        Q(state=Item.State.READY) | Q(pk__in=parked)
    )
    sums: dict[int, dict[str, Decimal]] = {}
    for row in held.values("lane_id", "currency").annotate(total=Sum("amount")).order_by("lane_id", "currency"):
        sums.setdefault(row["lane_id"], {})[row["currency"]] = row["total"]
    return sums


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one stage has before it; `held` of those waiting stand in blocked lanes."""

    stage: str
    lanes: int
    waiting: int
    blocked: int
    held: int = 0


def backlog() -> list[Backlog]:
    """Per stage: lanes with work, items waiting, lanes blocked and what waits in them."""
    rows = (
        lanes()
        .values("stage")
        .annotate(
            lanes=Count("pk", filter=Q(ready__gt=0)),
            waiting=Sum("ready"),
            stuck=Count("pk", filter=Q(blocked=True)),
            held=Sum("ready", filter=Q(blocked=True), default=0),
        )
    )
    return [
        Backlog(row["stage"], row["lanes"], row["waiting"], row["stuck"], row["held"]) for row in rows.order_by("stage")
    ]


def parked_items(user: User | None = None) -> QuerySet[Item]:
    """Items that wait for somebody, newest first."""
    return Item.objects.filter(state=Item.State.PARKED, lane__in=lanes(user)).select_related("lane").order_by("-id")


def quiescent(within: timedelta = timedelta(seconds=60)) -> bool:
    """Whether nothing is left that would happen by itself soon: no open lane due within that time, none being worked,
    and no sign of unfinished business from any room (such as an effect whose outcome is unknown)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM hub_work_lane WHERE ready > 0 AND NOT blocked AND key NOT LIKE 'canary:%%'"
            " AND (next_at <= clock_timestamp() + make_interval(secs => %s) OR leased_until > clock_timestamp()))",
            [within.total_seconds()],
        )
        if cursor.fetchone()[0]:
            return False
    return all(count() == 0 for _, count in BUSY)


def beats() -> dict[str, float]:
    """Seconds since each part of the machine last finished something, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT part, EXTRACT(EPOCH FROM clock_timestamp() - at)::float8 FROM hub_work_beat")
        return {part: float(seconds) for part, seconds in cursor.fetchall()}


def last_beats() -> QuerySet[Beat]:
    """The beats themselves, for screens."""
    return Beat.objects.order_by("part")
