"""Working the lanes: claim one, work its items strictly in order, settle each, never believe the queue.

The attempt is committed before the work starts, so a crash counts. All due times and leases are the database's time.

Cheap local items are worked several to a transaction: one claim, one settlement, one commit; lanes that are like the
one whose turn it is share it (`sharing`). When one of them fails, the transaction is taken back and they are run again,
each in a savepoint of its own, so that it takes nothing with it but itself. An item that was claimed before and not
settled may be what killed its worker: it is worked alone, so that nobody else is parked in its place.
"""

import logging
import random
import traceback
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.trail import record
from integration_hub.work import fencing, heads, pace, session, settlement, sharing
from integration_hub.work.heads import Head
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler, Job, Park, Superseded, Wait

log = logging.getLogger(__name__)

LANE_BATCH = 50
"""Items of one lane before the next lane has its turn."""
MAX_CLAIMS = 3
GIVES_WAY = 3
"""Tries that come quickly when the database ended a deadlock at this one's cost; then the usual waits."""

_PICK_LANE = f"""
SELECT lane.*
FROM hub_work_lane AS lane
LEFT JOIN hub_work_served AS served ON served.stage = lane.stage AND served.legal_entity = lane.legal_entity
WHERE lane.{sharing.DUE} AND {sharing.FREE}
ORDER BY lane.priority, served.at NULLS FIRST, lane.next_at, lane.id
LIMIT 1 FOR NO KEY UPDATE OF lane SKIP LOCKED
"""  # noqa: S608 - constants only
_NOTE_SERVED = """
INSERT INTO hub_work_served (stage, legal_entity, at) VALUES (%(stage)s, %(legal_entity)s, clock_timestamp())
ON CONFLICT (stage, legal_entity) DO UPDATE SET at = excluded.at
"""
_COUNT_DUE = (
    f"SELECT count(*) FROM (SELECT 1 FROM hub_work_lane WHERE {sharing.DUE} AND {sharing.FREE} LIMIT %(limit)s) AS due"  # noqa: S608
)
# Without its dedupe key a claimed item no longer swallows new ones: what they announce it may not have seen.
_CLAIM = """
WITH heads AS (
    UPDATE hub_work_item SET attempts = attempts + 1, claims = claims + 1, dedupe = '' WHERE id = ANY(%(items)s)
)
UPDATE hub_work_lane SET token = token + 1, leased_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(lane)s RETURNING token
"""

Jobs = Sequence[Job]
"""Claimed items of one lane in its order, under one token; or of several lanes that share a transaction."""
NONE: Jobs = ()
Trouble = Wait | Failed | None


def due_lanes(stage: str, *, limit: int) -> int:
    """How many lanes of a stage could be worked now, counted up to `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_DUE, {"stage": stage, "limit": limit})
        return int(cursor.fetchone()[0])


def drain(stage: str, *, max_items: int = 500, max_seconds: float = 20.0) -> int:
    """Work what is due in a stage until nothing is, or `max_items` or `max_seconds` are used up.

    Returns how many were worked.
    """
    session.leave_no_locks()
    worked = 0
    deadline = monotonic() + max_seconds
    while worked < max_items and monotonic() < deadline:
        room = min(LANE_BATCH, max_items - worked)
        found, jobs = _claim(stage, room, max_items - worked)
        if not found:
            break
        while jobs:
            room -= len(jobs)
            started, jobs = _work(jobs, room if monotonic() < deadline else 0)
            worked += started
    return worked


# --- claiming ------------------------------------------------------------------------------------------------------


@transaction.atomic
def _claim(stage: str, room: int, most: int) -> tuple[bool, Jobs]:
    """Take the lane whose turn it is: (whether there was one, its first items if they are due).

    Up to `room` items of it; with those of lanes that share its transaction up to `most`.
    """
    lane = next(iter(Lane.objects.raw(_PICK_LANE, {"stage": stage})), None)
    if lane is None:
        return False, NONE
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_SERVED, {"stage": stage, "legal_entity": lane.legal_entity})
    jobs = _next(lane, room)
    return True, [*jobs, *sharing.companions(lane, jobs, most - len(jobs))] if jobs else NONE


def _next(lane: Lane, room: int) -> Jobs:
    """The lane's next items, claimed: attempts counted, lease renewed, token moved. The caller holds the lane's row."""
    while found := heads.of([lane.pk], room):
        head = found[0]
        if not head.is_due:
            settlement.release(lane, not_before=head.not_before)
            return NONE
        if head.claims < MAX_CLAIMS:
            return _claim_items(lane, _together(found))
        item = Item.objects.get(pk=head.item)
        settlement.park(lane, item, _poison(item))
        if lane.blocked:
            return NONE
    settlement.release(lane)
    return NONE


def _together(found: Sequence[Head]) -> Sequence[Head]:
    """The first items as far as they can share a transaction: local, fast enough, never claimed, not delayed."""
    count, seconds = 0, 0.0
    for head in found:
        handler = HANDLERS.find(head.kind)
        seconds += pace.expected(head.kind)
        if handler is None or not handler.local or not head.is_fresh:
            break
        if seconds > pace.TRANSACTION_SECONDS:
            break
        count += 1
    return found[: max(count, 1)]


def _claim_items(lane: Lane, claimed: Sequence[Head]) -> Jobs:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "items": [head.item for head in claimed],
            "lane": lane.pk,
            "lease": settings.LEASE_SECONDS,
        }
        cursor.execute(_CLAIM, values)
        token = int(cursor.fetchone()[0])
    return [head.job(lane.key, token) for head in claimed]


def _poison(head: Item) -> Park:
    last = f" Last error: {head.error}" if head.error else ""
    return Park(
        FailureClass.BUG,
        f"Claimed {head.claims} times and never finished: whoever works it dies.{last}",
        remedy="Look at the worker's log, then retry or set the item aside.",
    )


# --- working -------------------------------------------------------------------------------------------------------


def _work(jobs: Jobs, room: int) -> tuple[int, Jobs]:
    """Work claimed items and settle them: (how many were started, the lane's next ones, claimed, up to `room`)."""
    failpoints.hit("claimed")
    if jobs[-1].lane != jobs[0].lane:
        return _work_lanes(jobs), NONE
    try:
        if _is_local(jobs[0]):
            done, trouble, following = _work_local(jobs, room)
        else:
            done, trouble = _attempt_all(jobs)
            with transaction.atomic():
                following = _settle(jobs, done, trouble, room)
    except Superseded as superseded:
        log.warning("%s", superseded)
        return len(jobs), NONE
    except Exception as error:  # noqa: BLE001 - whatever happens, the items get an outcome
        return _pick_up(jobs, error, room)
    failpoints.hit("settled")
    return done + (trouble is not None), following


def _work_lanes(jobs: Jobs) -> int:
    """Work items of several lanes in one transaction, or lane by lane when that fails; how many were started."""
    try:
        with transaction.atomic():
            _run(jobs)
            failpoints.hit("worked")
            fencing.hold_all(jobs)
            settlement.finish_all(jobs)
    except Exception as error:  # noqa: BLE001 - what it means is found out lane by lane
        log.debug("Items of several lanes are run again lane by lane: %s", error)
        if not isinstance(error, Superseded):
            _note_failures(jobs)
        _leave_broken_connection()
        return sum(_work(members, 0)[0] for members in sharing.by_lane(jobs))
    failpoints.hit("settled")
    return len(jobs)


def _note_failures(jobs: Jobs) -> None:
    for kind in {job.kind for job in jobs}:
        pace.note_failure(kind)


def _work_local(jobs: Jobs, room: int) -> tuple[int, Trouble, Jobs]:
    """In one transaction with their settlement: (how many went well, what stopped the next one, the lane's next)."""
    if len(jobs) > 1 and not any(pace.fails_lately(job.kind) for job in jobs):
        try:
            return _work_in_one_go(jobs, room)
        except Superseded:
            raise
        except Exception as error:  # noqa: BLE001 - what it means is found out below
            log.debug("Items of lane %s are run again one by one: %s", jobs[0].lane, error)
            _note_failures(jobs)
            _leave_broken_connection()
    with transaction.atomic():
        done, trouble = _attempt_all(jobs)
        failpoints.hit("worked")
        return done, trouble, _settle(jobs, done, trouble, room)


@transaction.atomic
def _work_in_one_go(jobs: Jobs, room: int) -> tuple[int, Trouble, Jobs]:
    _run(jobs)
    failpoints.hit("worked")
    return len(jobs), None, _settle(jobs, len(jobs), None, room)


def _run(jobs: Jobs) -> None:
    """Run the handlers, each lane's in its order; those that can take several at once are given them."""
    times = pace.Times()
    for batch in sharing.batches(jobs):
        handler = _handler(batch[0].kind)
        started = monotonic()
        if handler.together is not None and len(batch) > 1:
            handler.together(batch)
        else:
            for job in batch:
                with record.correlated(job.correlation_id):
                    handler.run(job)
        times.add(batch[0].kind, monotonic() - started, len(batch))
    times.note()


def _is_local(job: Job) -> bool:
    handler = HANDLERS.find(job.kind)
    return handler is not None and handler.local


def _attempt_all(jobs: Jobs) -> tuple[int, Trouble]:
    """Run the handlers in order: (how many went well, what stopped the next one)."""
    times = pace.Times()
    done, trouble = 0, None
    for job in jobs:
        started = monotonic()
        with record.correlated(job.correlation_id):
            trouble = _attempt(job)
        times.add(job.kind, monotonic() - started)
        if trouble is not None:
            break
        done += 1
    times.note()
    return done, trouble


def _attempt(job: Job) -> Trouble:
    try:
        handler = _handler(job.kind)
        if handler.local:
            with transaction.atomic():
                handler.run(job)
        else:
            handler.run(job)
    except Superseded:
        raise
    except Wait as wait:
        return wait
    except Deferred as later:
        return Wait(later.message, later.again_in)
    except Exception as error:
        if connection.in_atomic_block and transaction.get_rollback():
            raise  # the savepoint could not be left: the transaction is lost as a whole
        return _named(job, error)
    return None


def _handler(kind: str) -> Handler:
    handler = HANDLERS.find(kind)
    if handler is None:
        raise Failed(
            FailureClass.BUG, f"Nothing registered works {kind!r}.", remedy="Deploy the app that registers it."
        )
    return handler


def _named(job: Job, error: Exception) -> Failed:
    """The failure by who must act. What the database itself refuses for a moment is tried again; the rest is a bug."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, OperationalError | InterfaceError) or session.was_ended(error):
        _leave_broken_connection()
        return Failed(FailureClass.TRANSIENT, f"Database: {error}", retry_after=_soon(job, error))
    log.error("%s (item %s) failed", job.kind, job.item_id, exc_info=error)
    trace = "".join(traceback.format_exception(error)[-6:])
    return Failed(FailureClass.BUG, f"{type(error).__name__}: {error}\n{trace}")


def _soon(job: Job, error: BaseException) -> timedelta | None:
    """Who gave way to another transaction tries again as soon as that one is over; not for ever, not all at once."""
    if job.attempt <= GIVES_WAY and session.gave_way(error):
        return timedelta(milliseconds=random.randint(20, 100) * job.attempt)  # noqa: S311 - spreads, keeps no secret
    return None


def _leave_broken_connection() -> None:
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


# --- settling ------------------------------------------------------------------------------------------------------


def _settle(jobs: Jobs, done: int, trouble: Trouble, room: int) -> Jobs:
    """Note what became of the items, under the lane's lock and token; returns the lane's next ones, claimed."""
    lane = fencing.hold(jobs[0])
    if trouble is None:
        more = room > 0 and lane.ready > done
        settlement.finish(lane, jobs, more=more)
        return _next(lane, room) if more else NONE
    if done:
        settlement.finish(lane, jobs[:done], more=True)
    stopped = jobs[done]
    settlement.give_back(jobs[done + 1 :])
    with record.correlated(stopped.correlation_id):
        if isinstance(trouble, Wait):
            settlement.wait(lane, stopped, trouble)
        elif settlement.fail(lane, stopped, trouble):
            return _onward(lane, room)
    return NONE


def _onward(lane: Lane, room: int) -> Jobs:
    if room > 0:
        return _next(lane, room)
    settlement.release(lane)
    return NONE


def _pick_up(jobs: Jobs, error: Exception, room: int) -> tuple[int, Jobs]:
    """The transaction broke as a whole: with the connection, at its commit, or while an outcome was noted."""
    _leave_broken_connection()
    if len(jobs) > 1:
        # It cannot be told which item did it. The first is worked alone now; the others are claimed already, so the
        # next claims take them one by one.
        return _work(jobs[:1], room)
    failure = _named(jobs[0], error)
    try:
        with transaction.atomic():
            return 1, _settle(jobs, 0, failure, room)
    except Superseded as superseded:
        log.warning("%s", superseded)
    except DatabaseError:
        # The lease runs out and the claim was counted: somebody else takes over.
        log.exception("%s (item %s) could not be settled", jobs[0].kind, jobs[0].item_id)
    return 1, NONE
