"""What becomes of worked items. Everything here runs under the lane's row lock, taken by `fencing.hold` or a claim."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from integration_hub.kernel.failures import POLICIES, Failed
from integration_hub.trail import record
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Job, Park, Reported, Superseded, Wait

CEILING = 200
"""Tries in all, however the classes alternate."""
ERROR_LENGTH = 4000

_FINISH = """
WITH done AS (
    UPDATE hub_work_item SET state = 'done', finished_at = clock_timestamp(), claims = 0, failures = 0, error = '',
        error_class = ''
    WHERE id = ANY(%(items)s) AND state = 'ready' RETURNING 1
)
UPDATE hub_work_lane SET ready = ready - (SELECT count(*) FROM done),
    leased_until = CASE WHEN %(more)s THEN leased_until END,
    next_at = CASE WHEN %(more)s THEN next_at ELSE clock_timestamp() END
WHERE id = %(lane)s RETURNING (SELECT count(*) FROM done)
"""
_FINISH_ALL = """
WITH done AS (
    UPDATE hub_work_item SET state = 'done', finished_at = clock_timestamp(), claims = 0, failures = 0, error = '',
        error_class = ''
    WHERE id = ANY(%s) AND state = 'ready' RETURNING lane_id
), counted AS (SELECT lane_id, count(*) AS items FROM done GROUP BY lane_id),
settled AS (
    UPDATE hub_work_lane AS lane SET ready = ready - counted.items, leased_until = NULL, next_at = clock_timestamp()
    FROM counted WHERE lane.id = counted.lane_id
)
SELECT count(*) FROM done
"""
_GIVE_BACK = "UPDATE hub_work_item SET attempts = attempts - 1, claims = claims - 1 WHERE id = ANY(%s)"
_RELEASE = """
UPDATE hub_work_lane
SET leased_until = NULL,
    next_at = GREATEST(COALESCE(%s, clock_timestamp()), clock_timestamp() + make_interval(secs => %s))
WHERE id = %s
"""


def finish(lane: Lane, jobs: Sequence[Job], *, more: bool) -> None:
    """Note items as done; the lease ends unless `more` are worked.

    Raises Superseded when one of them does not wait any more: it was settled before, and its work must not count twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"items": [job.item_id for job in jobs], "lane": lane.pk, "more": more})
        finished = int(cursor.fetchone()[0])
    if not all_waited(finished, jobs):
        raise Superseded(f"{len(jobs) - finished} of {len(jobs)} items of lane {lane.key} were settled before.")


def finish_all(jobs: Sequence[Job]) -> None:
    """Note items of several lanes as done; the leases end. Raises Superseded as `finish` does."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISH_ALL, [[job.item_id for job in jobs]])
        finished = int(cursor.fetchone()[0])
    if not all_waited(finished, jobs):
        raise Superseded(f"{len(jobs) - finished} of {len(jobs)} items of several lanes were settled before.")


def all_waited(waited: int, jobs: Sequence[Job]) -> bool:
    """Whether every one of the items still waited when its outcome was noted."""
    return waited == len(jobs)


def give_back(jobs: Sequence[Job]) -> None:
    """Take back the claim of items that were not started."""
    if jobs:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [[job.item_id for job in jobs]])


def wait(lane: Lane, job: Job, reason: Wait) -> None:
    """The item cannot be worked yet: its lane looks again later, and no try counts against it."""
    Item.objects.filter(pk=job.item_id).update(claims=0, error=reason.reason[:ERROR_LENGTH], error_class="")
    release(lane, delay=reason.delay)


def fail(lane: Lane, job: Job, failure: Failed) -> bool:
    """Retry later or park, by the policy of the failure's class; whether the lane goes on at once."""
    item = Item.objects.get(pk=job.item_id)
    if not all_waited(int(item.state == Item.State.READY), [job]):
        raise Superseded(f"Item {item.pk} of lane {lane.key} was settled before.")
    item.failures = item.failures + 1 if item.error_class == failure.kind else 1
    item.claims = 0
    policy = POLICIES[failure.kind]
    if isinstance(failure, Park) or item.failures >= policy.attempts or item.attempts >= CEILING:
        park(lane, item, failure)
        return not lane.blocked
    _describe(item, failure)
    item.save()
    release(lane, delay=failure.retry_after or policy.delay(item.failures))
    return False


def release(lane: Lane, *, delay: timedelta = timedelta(0), not_before: datetime | None = None) -> None:
    """End the lease; the lane is due again after `delay`, or when its head may be worked."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [not_before, delay.total_seconds(), lane.pk])


def park(lane: Lane, item: Item, failure: Failed) -> None:
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
        handler.parked(job_of(lane, item, attempt=item.attempts, token=lane.token), failure)


def job_of(lane: Lane, item: Item, *, attempt: int, token: int) -> Job:
    """The item as its handler sees it."""
    return Job(
        item_id=item.pk,
        lane=lane.key,
        kind=item.kind,
        payload=item.payload,
        attempt=attempt,
        token=token,
        correlation_id=item.correlation_id,
    )


def _describe(item: Item, failure: Failed) -> None:
    item.error_class = failure.kind
    item.error = f"{failure.message} {failure.remedy}".strip()[:ERROR_LENGTH]
