"""The doorbell: the only module that touches django-q2. A task says which stage has work and nothing else.

Losing, doubling, delaying or reordering a ring changes latency only: the ticker rings again (reliability §5.5).
"""

import logging
from collections.abc import Callable
from functools import partial

from django.db import connection, transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from integration_hub.work.models import Stage, Wakeup

log = logging.getLogger(__name__)

_NEW_RING = """
INSERT INTO hub_work_wakeup AS waiting (stage, pending_at) VALUES (%(stage)s, clock_timestamp())
ON CONFLICT (stage) DO UPDATE SET pending_at = excluded.pending_at
    WHERE waiting.pending_at < clock_timestamp() - %(stale)s * interval '1 second'
RETURNING stage
"""
NEVER_STALE = 10**9
DRAIN_SECONDS = 10.0
"""With the longest single item (remote time-out or budget of a reading) still well below the task time-out of 60 s."""
QUEUE_LIMIT = 20
"""Rings that may wait in the queue of one stage: more would only pile up while its cluster is down."""


def ring(stage: str) -> None:
    """Say that a stage has work, once the caller's transaction is committed; at most one ring waits per stage.

    Rung after the commit, not inside it: the waiting row is shared by all writers of a stage and would make them queue
    up behind each other. A crash in between costs the ticker's next second.
    """
    press = _press[stage]
    if not any(waiting[1] is press for waiting in connection.run_on_commit):
        transaction.on_commit(press, robust=True)


def ring_again(stage: str, *, stale_seconds: int) -> bool:
    """Ring although a ring seems to wait, if that one is older than `stale_seconds`; whether it rang."""
    if get_broker(stage).queue_size() >= QUEUE_LIMIT:
        return False
    return _ring_now(stage, stale_seconds)


def answer(stage: str) -> int:
    """The queue's task: forget the ring, then look for work. Returns how many items were worked."""
    from integration_hub.work import engine  # the engine rings: it imports this module

    Wakeup.objects.filter(stage=stage).delete()
    if engine.due_lanes(stage, limit=2) > 1:
        _ring_now(stage, NEVER_STALE)  # lets the next idle worker join in
    worked = engine.drain(stage, max_seconds=DRAIN_SECONDS)
    if engine.due_lanes(stage, limit=1):
        _ring_now(stage, NEVER_STALE)
    return worked


def _ring_now(stage: str, stale_seconds: int) -> bool:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_NEW_RING, {"stage": stage, "stale": stale_seconds})
            rang = cursor.fetchone() is not None
        if rang:
            async_task("integration_hub.work.doorbell.answer", stage, cluster=stage)
    return rang


_press: dict[str, Callable[[], object]] = {
    str(stage): partial(_ring_now, str(stage), NEVER_STALE) for stage in Stage.values
}
