"""The doorbell: the only module that touches django-q2. A task says which stage has work and nothing else.

Losing, doubling, delaying or reordering a ring changes latency only: the ticker rings again (reliability §5.5).

A cluster does not look into its queue again and again: a ring is announced by NOTIFY when it is committed, and between
announcements the queue is looked into every few seconds only, for rings whose announcement got lost.
"""

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep

from django.db import Error, connection, transaction
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.tasks import async_task

from integration_hub.kernel import memory
from integration_hub.work.models import Stage, Wakeup

log = logging.getLogger(__name__)

_NEW_RING = """
INSERT INTO hub_work_wakeup AS waiting (stage, pending_at) VALUES (%(stage)s, clock_timestamp())
ON CONFLICT (stage) DO UPDATE SET pending_at = excluded.pending_at
    WHERE waiting.pending_at < clock_timestamp() - %(stale)s * interval '1 second'
RETURNING stage
"""
_WAITS = """
SELECT EXISTS (SELECT 1 FROM hub_work_wakeup
                WHERE stage = %(stage)s AND pending_at >= clock_timestamp() - %(stale)s * interval '1 second')
"""
NEVER_STALE = 10**9
DRAIN_SECONDS = 10.0
"""With the longest single item (remote time-out or budget of a reading) still well below the task time-out of 60 s."""
QUEUE_LIMIT = 20
"""Rings that may wait in the queue of one stage: more would only pile up while its cluster is down."""
LISTEN_SECONDS = 0.5
"""How long a cluster waits for an announcement before it asks whether it shall stop."""
LOOK_SECONDS = 5.0
"""How often it looks into a queue that nothing was announced for."""


class Queue(ORM):  # type: ignore[misc]
    """The queue of one stage: django-q2's table, with announcements instead of polling."""

    _listening: object = None
    """The database session that hears announcements."""
    _looked = 0.0
    """When the queue was last found empty, on the monotonic clock; 0 when it has to be looked into."""

    def enqueue(self, task: str) -> int:
        """Put a task in, and announce it when that is committed."""
        key: int = super().enqueue(task)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [self._channel])
        return key

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next tasks; None when none came within half a second. With a lost database the next call starts over."""
        try:
            self._listen()
            if self._looked and monotonic() - self._looked < LOOK_SECONDS and not self._announced():
                return None
            self._looked = 0.0
            tasks: list[tuple[int, str]] | None = super().dequeue()
        except Error as error:
            log.warning("The queue %s is looked into again in a moment: %s", self.list_key, error)
            connection.close()
            sleep(LISTEN_SECONDS)
            return None
        if tasks is None:
            self._looked = monotonic()
        return tasks

    @property
    def _channel(self) -> str:
        return f"hub_work_bell_{self.list_key}"

    def _listen(self) -> None:
        """Hear announcements from now on; what was put in before that is found by the look that follows."""
        connection.ensure_connection()
        if self._listening is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute(f'LISTEN "{self._channel}"')
            self._listening = connection.connection
            self._looked = 0.0

    def _announced(self) -> bool:
        """Wait for an announcement, for a moment; whether one came."""
        with connection.wrap_database_errors:
            return bool(list(connection.connection.notifies(timeout=LISTEN_SECONDS, stop_after=1)))


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

    memory.settle()
    Wakeup.objects.filter(stage=stage).delete()
    if engine.due_lanes(stage, limit=2) > 1:
        _ring_now(stage, NEVER_STALE)  # lets the next idle worker join in
    worked = engine.drain(stage, max_seconds=DRAIN_SECONDS)
    if engine.due_lanes(stage, limit=1):
        _ring_now(stage, NEVER_STALE)
    return worked


def _ring_now(stage: str, stale_seconds: int) -> bool:
    which: dict[str, str | int] = {"stage": stage, "stale": stale_seconds}
    with connection.cursor() as cursor:
        # Who finds a ring waiting locks nothing: it is forgotten before its answer looks for work, so it finds ours.
        cursor.execute(_WAITS, which)
        if cursor.fetchone()[0]:
            return False
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_NEW_RING, which)
            rang = cursor.fetchone() is not None
        if rang:
            async_task("integration_hub.work.doorbell.answer", stage, cluster=stage)
    return rang


_press: dict[str, Callable[[], object]] = {
    str(stage): partial(_ring_now, str(stage), NEVER_STALE) for stage in Stage.values
}
