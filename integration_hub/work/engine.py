"""Working the lanes: claim one, work its items strictly in order, settle each, never believe the queue.

The attempt is committed before the work starts, so a crash counts. All due times and leases are the database's time.
"""

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.trail import record
from integration_hub.work import fencing
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler, Job, Park, Reported, Superseded, Wait

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than the queue's task timeout (60 s), which is longer than any remote time-out."""
LANE_BATCH = 50
MAX_CLAIMS = 3
CEILING = 200
"""Tries in all, however the classes alternate."""
ERROR_LENGTH = 4000

_DUE = "stage = %(stage)s AND ready > 0 AND NOT blocked AND next_at <= clock_timestamp()"
_FREE = "(leased_until IS NULL OR leased_until < clock_timestamp())"
_PICK_LANE = f"""
SELECT lane.*
FROM hub_work_lane AS lane
LEFT JOIN hub_work_served AS served ON served.stage = lane.stage AND served.legal_entity = lane.legal_entity
WHERE lane.{_DUE} AND {_FREE}
ORDER BY lane.priority, served.at NULLS FIRST, lane.next_at, lane.id
LIMIT 1 FOR NO KEY UPDATE OF lane SKIP LOCKED
"""  # noqa: S608 - constants only
_NOTE_SERVED = """
INSERT INTO hub_work_served (stage, legal_entity, at) VALUES (%(stage)s, %(legal_entity)s, clock_timestamp())
ON CONFLICT (stage, legal_entity) DO UPDATE SET at = excluded.at
"""
_COUNT_DUE = f"SELECT count(*) FROM (SELECT 1 FROM hub_work_lane WHERE {_DUE} AND {_FREE} LIMIT %(limit)s) AS due"  # noqa: S608
_DUE_NOW = "SELECT %s <= clock_timestamp()"
# Without its dedupe key a claimed item no longer swallows new ones: what they announce it may not have seen.
_CLAIM_HEAD = """
WITH head AS (UPDATE hub_work_item SET attempts = attempts + 1, claims = claims + 1, dedupe = '' WHERE id = %(item)s)
UPDATE hub_work_lane SET token = token + 1, leased_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(lane)s RETURNING token
"""
_FINISH = """
WITH done AS (
    UPDATE hub_work_item SET state = 'done', finished_at = clock_timestamp(), claims = 0, failures = 0, error = '',
        error_class = ''
    WHERE id = %(item)s AND state = 'ready' RETURNING 1
)
UPDATE hub_work_lane SET ready = ready - (SELECT count(*) FROM done),
    leased_until = CASE WHEN %(more)s THEN leased_until END,
    next_at = CASE WHEN %(more)s THEN next_at ELSE clock_timestamp() END
WHERE id = %(lane)s
"""

_RELEASE = """
UPDATE hub_work_lane
SET leased_until = NULL,
    next_at = GREATEST(COALESCE(%s, clock_timestamp()), clock_timestamp() + make_interval(secs => %s))
WHERE id = %s
"""


def due_lanes(stage: str, *, limit: int) -> int:
    """How many lanes of a stage could be worked now, counted up to `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_DUE, {"stage": stage, "limit": limit})
        return int(cursor.fetchone()[0])


def drain(stage: str, *, max_items: int = 500, max_seconds: float = 20.0) -> int:
    """Work what is due in a stage until nothing is, or `max_items` or `max_seconds` are used up.

    Returns how many were worked.
    """
    worked = 0
    deadline = monotonic() + max_seconds
    while worked < max_items and monotonic() < deadline:
        found, job = _claim(stage)
        if not found:
            break
        batch = min(LANE_BATCH, max_items - worked)
        while job is not None:
            worked += 1
            batch -= 1
            job = _work(job, more=batch > 0 and monotonic() < deadline)
    return worked


@transaction.atomic
def _claim(stage: str) -> tuple[bool, Job | None]:
    """Take the lane whose turn it is: (whether there was one, its head if that is due)."""
    lane = next(iter(Lane.objects.raw(_PICK_LANE, {"stage": stage})), None)
    if lane is None:
        return False, None
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_SERVED, {"stage": stage, "legal_entity": lane.legal_entity})
    return True, _next(lane)


def _next(lane: Lane) -> Job | None:
    """The lane's head, claimed: attempt counted, lease renewed, token moved. The lane's row is locked by the caller."""
    while (head := lane.items.filter(state=Item.State.READY).order_by("id").first()) is not None:
        if head.not_before is not None and not _is_due(head):
            _release(lane, not_before=head)
            return None
        if head.claims < MAX_CLAIMS:
            return _claim_head(lane, head)
        _park(lane, head, _poison(head))
        if lane.blocked:
            return None
    _release(lane)
    return None


def _is_due(head: Item) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_DUE_NOW, [head.not_before])
        return bool(cursor.fetchone()[0])


def _claim_head(lane: Lane, head: Item) -> Job:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_HEAD, {"item": head.pk, "lane": lane.pk, "lease": LEASE.total_seconds()})
        token = int(cursor.fetchone()[0])
    return _job(lane, head, attempt=head.attempts + 1, token=token)


def _job(lane: Lane, item: Item, *, attempt: int, token: int) -> Job:
    return Job(
        item_id=item.pk,
        lane=lane.key,
        kind=item.kind,
        payload=item.payload,
        attempt=attempt,
        token=token,
        correlation_id=item.correlation_id,
    )


def _poison(head: Item) -> Park:
    last = f" Last error: {head.error}" if head.error else ""
    return Park(
        FailureClass.BUG,
        f"Claimed {head.claims} times and never finished: whoever works it dies.{last}",
        remedy="Look at the worker's log, then retry or set the item aside.",
    )


def _release(lane: Lane, *, delay: timedelta = timedelta(0), not_before: Item | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [not_before.not_before if not_before else None, delay.total_seconds(), lane.pk])


def _work(job: Job, *, more: bool) -> Job | None:
    """Work one claimed item and settle it; returns the lane's next one, claimed, when `more` are wanted."""
    try:
        with record.correlated(job.correlation_id):
            return _run(job, more)
    except Superseded as superseded:
        log.warning("%s", superseded)
    except Wait as wait:
        _try_settle(job, partial(_settle_waiting, job, wait))
    except Exception as error:  # noqa: BLE001 - whatever a handler does, the item gets an outcome
        failure = _named(job, error)
        return _try_settle(job, partial(_settle_failed, job, failure, more))
    return None


def _run(job: Job, more: bool) -> Job | None:
    handler = _handler(job.kind)
    if handler.local:
        with transaction.atomic():
            handler.run(job)
            return _settle_done(job, more)
    handler.run(job)
    with transaction.atomic():
        return _settle_done(job, more)


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
    if isinstance(error, OperationalError | InterfaceError):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return Failed(FailureClass.TRANSIENT, f"Database: {error}")
    log.error("%s (item %s) failed", job.kind, job.item_id, exc_info=error)
    trace = "".join(traceback.format_exception(error)[-6:])
    return Failed(FailureClass.BUG, f"{type(error).__name__}: {error}\n{trace}")


def _try_settle(job: Job, settle: Callable[[], Job | None]) -> Job | None:
    try:
        with transaction.atomic(), record.correlated(job.correlation_id):
            return settle()
    except Superseded as superseded:
        log.warning("%s", superseded)
    except DatabaseError:
        # The lease runs out and the claim was counted: somebody else takes over.
        log.exception("%s (item %s) could not be settled", job.kind, job.item_id)
    return None


def _settle_done(job: Job, more: bool) -> Job | None:
    lane = fencing.hold(job)
    more = more and lane.ready > 1
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"item": job.item_id, "lane": lane.pk, "more": more})
    return _next(lane) if more else None


def _onward(lane: Lane, more: bool) -> Job | None:
    if more:
        return _next(lane)
    _release(lane)
    return None


def _settle_waiting(job: Job, wait: Wait) -> Job | None:
    lane = fencing.hold(job)
    Item.objects.filter(pk=job.item_id).update(claims=0, error=wait.reason[:ERROR_LENGTH], error_class="")
    _release(lane, delay=wait.delay)
    return None


def _settle_failed(job: Job, failure: Failed, more: bool) -> Job | None:
    lane = fencing.hold(job)
    item = Item.objects.get(pk=job.item_id)
    item.failures = item.failures + 1 if item.error_class == failure.kind else 1
    item.claims = 0
    policy = POLICIES[failure.kind]
    if isinstance(failure, Park) or item.failures >= policy.attempts or item.attempts >= CEILING:
        _park(lane, item, failure)
        return None if lane.blocked else _onward(lane, more)
    _describe(item, failure)
    item.save()
    _release(lane, delay=failure.retry_after or policy.delay(item.failures))
    return None


def _park(lane: Lane, item: Item, failure: Failed) -> None:
    """Set an item aside that needs somebody. Unless its kind may be overtaken, its lane stops there and says why."""
    handler = HANDLERS.find(item.kind)
    _describe(item, failure)
    item.state = Item.State.PARKED
    item.save()
    Lane.objects.filter(pk=lane.pk).update(ready=F("ready") - 1)
    if handler is None or not handler.skippable:
        lane.blocked = True
        reason = f"{handler.title if handler and handler.title else item.kind}: {failure.message}"[:ERROR_LENGTH]
        Lane.objects.filter(pk=lane.pk).update(
            blocked=True, blocked_reason=reason, blocked_since=Now(), blocked_by=item.pk, leased_until=None
        )
    record.event(
        "work.item.parked",
        by="system:work",
        object_type="item",
        object_id=item.pk,
        label=f"{item.kind} in {lane.key}",
        legal_entity=lane.legal_entity,
        reason=failure.message,
        error_class=failure.kind,
    )
    if isinstance(failure, Reported):
        failure.after_rollback()
    if handler is not None and handler.parked is not None:
        handler.parked(_job(lane, item, attempt=item.attempts, token=lane.token), failure)


def _describe(item: Item, failure: Failed) -> None:
    item.error_class = failure.kind
    item.error = f"{failure.message} {failure.remedy}".strip()[:ERROR_LENGTH]
