"""The ticker: wakes stages that have work due, expires leases, runs what is registered. Its own loop, not the queue's.

Two copies may run; the one that holds the advisory lock ticks, the other waits to take over.
"""

import logging
from collections.abc import Callable
from time import monotonic

from django.db import connection, transaction

from integration_hub.work import doorbell, engine
from integration_hub.work.models import Beat, Lane, Stage
from integration_hub.work.registry import TICKS, Tick

log = logging.getLogger(__name__)

LOCK = 7_140_001
"""Key of the advisory lock: any number, the same in every copy."""
STALE_RING_SECONDS = 5
BEAT = "ticker"

_EXPIRE = """
UPDATE hub_work_lane SET leased_until = NULL WHERE leased_until < clock_timestamp() RETURNING key
"""
_BEAT = """
INSERT INTO hub_work_beat AS beat (part, at, detail) VALUES (%(part)s, clock_timestamp(), %(detail)s)
ON CONFLICT (part) DO UPDATE SET at = excluded.at, detail = excluded.detail
"""
# Claiming a slot is one conditional write: two tickers cannot both get it.
_CLAIM_SLOT = """
INSERT INTO hub_work_beat AS beat (part, at, detail) VALUES (%(part)s, clock_timestamp(), '')
ON CONFLICT (part) DO UPDATE SET at = excluded.at
    WHERE beat.at <= clock_timestamp() - %(every)s * interval '1 second'
RETURNING part
"""


def beat(part: str, detail: str = "") -> None:
    """Note that a part of the machine has just finished something."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, {"part": part, "detail": detail[:200]})


def lead() -> bool:
    """Become the ticker that ticks, for as long as this connection lives; False when another one is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def step_down() -> None:
    """Let another copy tick."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def tick() -> None:
    """One second of the ticker's life."""
    expire_leases()
    wake_due_stages()
    beat(BEAT)
    run_ticks()


def run(stop: Callable[[], bool], wait: Callable[[float], object]) -> None:
    """Tick every second until `stop()`; `wait(seconds)` sleeps and may return early. Survives a lost database."""
    while not stop():
        started = monotonic()
        try:
            if lead():
                _tick_while_leading(stop, wait)
        except Exception:
            log.exception("The ticker failed and starts over")
            connection.close()
        wait(max(0.1, 1 - (monotonic() - started)))


def _tick_while_leading(stop: Callable[[], bool], wait: Callable[[float], object]) -> None:
    try:
        while not stop():
            started = monotonic()
            tick()
            wait(max(0.05, 1 - (monotonic() - started)))
    finally:
        connection.close()  # also gives the advisory lock back


def expire_leases() -> int:
    """Free the lanes whose worker did not come back; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE)
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        log.warning("The lease of lane %s ran out: its worker died or hangs", key)
    return len(keys)


def wake_due_stages() -> list[str]:
    """Ring for stages with due lanes whose ring is missing or got lost; the stages that were rung."""
    due = [str(stage) for stage in Stage.values if engine.due_lanes(stage, limit=1)]
    return [stage for stage in due if doorbell.ring_again(stage, stale_seconds=STALE_RING_SECONDS)]


def run_ticks() -> list[str]:
    """Run the registered ticks that are due; one that fails does not stop the others. Names of those that ran."""
    return [name for name, registered in TICKS if _run_tick(registered)]


def _run_tick(registered: Tick) -> bool:
    part = f"tick:{registered.name}"[:40]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM_SLOT, {"part": part, "every": registered.every_seconds})
        if cursor.fetchone() is None:
            return False
    try:
        registered.run()
    except Exception as error:
        log.exception("Tick %s failed", registered.name)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        Beat.objects.filter(part=part).update(detail=f"Failed: {error}"[:200])
    return True


def lanes_leased() -> int:
    """How many lanes are being worked at this moment."""
    return Lane.objects.filter(leased_until__isnull=False).count()
