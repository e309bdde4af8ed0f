"""Cheap items of several lanes in one transaction: claimed beside the lane whose turn it is, worked in rounds.

Who shares is like the lane whose turn it is: the same stage, priority and legal entity, so that nobody's turn is
taken. Every lane keeps its own token and its order.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import connection

from integration_hub.work import heads, pace
from integration_hub.work.heads import Head
from integration_hub.work.models import Lane
from integration_hub.work.registry import HANDLERS, Job

DUE = "stage = %(stage)s AND ready > 0 AND NOT blocked AND next_at <= clock_timestamp()"
FREE = "(leased_until IS NULL OR leased_until < clock_timestamp())"
LANES, EACH = 64, 10
"""Lanes that share a transaction, and items of each of them, at most."""
AT_ONCE = 16
"""So many items that are taken at once count as one: their time is mostly that of statements, however many they are."""

_PICK = f"""
SELECT id, key FROM hub_work_lane
WHERE {DUE} AND {FREE} AND priority = %(priority)s AND legal_entity = %(legal_entity)s AND id <> %(lane)s
ORDER BY next_at, id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - constants only
_CLAIM = """
WITH heads AS (
    UPDATE hub_work_item SET attempts = attempts + 1, claims = claims + 1, dedupe = '' WHERE id = ANY(%(items)s)
)
UPDATE hub_work_lane SET token = token + 1, leased_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = ANY(%(lanes)s) RETURNING id, token
"""


def may_share(kind: str) -> bool:
    """Whether items of a kind may be worked in one transaction with those of other lanes."""
    handler = HANDLERS.find(kind)
    return handler is not None and handler.local and not pace.fails_lately(kind)


def _expected(kind: str) -> float:
    """Seconds an item of a kind is expected to add to a shared transaction."""
    handler = HANDLERS.find(kind)
    return pace.expected(kind) / (AT_ONCE if handler is not None and handler.together is not None else 1)


def companions(lane: Lane, jobs: Sequence[Job], most: int) -> list[Job]:
    """Items of other lanes, claimed, that share the transaction of `jobs`, at most so many.

    Called in the transaction that claimed these. None when one of them had better be alone, or there is no time left.
    """
    left = pace.TRANSACTION_SECONDS - sum(_expected(job.kind) for job in jobs)
    if most <= 0 or left <= 0 or lane.ready > len(jobs) or not all(may_share(job.kind) for job in jobs):
        return []
    with connection.cursor() as cursor:
        which: dict[str, Any] = {"stage": lane.stage, "priority": lane.priority, "legal_entity": lane.legal_entity}
        cursor.execute(_PICK, which | {"lane": lane.pk, "limit": min(LANES - 1, most)})
        keys = dict(cursor.fetchall())
        if not keys:
            return []
        chosen = _chosen(heads.of(list(keys), EACH), left, most)
        if not chosen:
            return []
        claimed = {"items": [head.item for head in chosen], "lanes": [*{head.lane for head in chosen}]}
        cursor.execute(_CLAIM, {**claimed, "lease": settings.LEASE_SECONDS})
        tokens = dict(cursor.fetchall())
    return [head.job(keys[head.lane], tokens[head.lane]) for head in chosen]


def _chosen(found: Sequence[Head], seconds: float, most: int) -> list[Head]:
    """The first items of each lane, as far as they can share a transaction and its time."""
    chosen: list[Head] = []
    closed: set[int] = set()
    for head in found:
        if head.lane in closed:
            continue
        expected = _expected(head.kind)
        if not head.is_fresh or not may_share(head.kind) or expected > seconds:
            closed.add(head.lane)
        elif len(chosen) < most:
            seconds -= expected
            chosen.append(head)
    return chosen


def by_lane(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs of each lane, in their order."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.lane, []).append(job)
    return list(found.values())


def batches(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """What may be run at once: the n-th items of all lanes that are of one kind."""
    lanes = by_lane(jobs)
    for place in range(max(map(len, lanes), default=0)):
        alike: dict[str, list[Job]] = {}
        for members in lanes:
            if place < len(members):
                alike.setdefault(members[place].kind, []).append(members[place])
        yield from alike.values()
