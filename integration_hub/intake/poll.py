"""Reading feeds: a run per reading, a transaction per page, failures named by who must act."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import Case, F, Q, QuerySet, Value, When

from integration_hub.cases.actions import cases
from integration_hub.cases.queries import open_among
from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.registry import CONNECTORS, Page
from integration_hub.intake import absence, ahead, certify, horizon, pipeline, queries
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import RUN_MOVES, Feed, Listed, Run
from integration_hub.kernel import failpoints
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.failures import POLICIES, Deferred, Failed, FailureClass
from integration_hub.mapping import queries as mappings
from integration_hub.mapping.compile import Compiled
from integration_hub.trail.record import event
from integration_hub.work.registry import Job

logger = logging.getLogger(__name__)

BY = "system:intake"
BUDGET_SECONDS = 20.0
"""After this time a reading goes on in a further item: a long first load must not outlive its lease."""
PATIENCE = timedelta(minutes=15)
"""Between readings of a feed that fails until a person acts."""
BY_ITSELF = {FailureClass.TRANSIENT, FailureClass.RATE, FailureClass.UNKNOWN_OUTCOME}

_FINISH = f"""
    UPDATE hub_intake_run SET state = %s, finished_at = %s, error = %s, error_class = %s
     WHERE id = %s AND state = 'running'
    RETURNING {", ".join(queries.COUNTED)}
"""  # noqa: S608 - constants only


class Stopped(Exception):
    """A person asked the run to stop."""


def poll(job: Job) -> None:
    """Read one feed from its cursor. Never raises for what the vendor does: the feed says what is wrong with it."""
    feed = Feed.objects.select_related("connection").get(pk=job.payload["feed"])
    running = _running(feed)
    if _stop_if_asked(running) or _is_over(job.payload.get("run"), running):
        return
    if not feed.is_active or feed.connection.is_paused:
        return
    claimed = now() + timedelta(seconds=feed.every_seconds)
    Feed.objects.filter(pk=feed.pk).update(due_at=claimed)
    if horizon.passed(feed, now()):
        feed = feeds.read_all_again(feed_id=feed.pk, reason=horizon.PASSED, by=BY)
    run = _left_open(running) or Run.objects.create(feed=feed, trigger=str(job.payload.get("trigger", "schedule"))[:20])
    try:
        with budget.on_behalf(Priority.BACKFILL if feed.last_ok_at is None else Priority.SYNC):
            finished = read(feed, run)
    except Stopped:
        _stop_if_asked(_running(feed))
        return
    except Deferred as later:  # Nothing is wrong with the feed: its run stays open and goes on when calls may be made.
        Feed.objects.filter(pk=feed.pk).update(due_at=now() + later.again_in)
        return
    except (OperationalError, InterfaceError):
        raise  # Our own database: the lane tries again, the run goes on where its cursor stands.
    except Exception as error:  # noqa: BLE001 - whatever a connector does, the feed gets an outcome
        fail(feed, run, _named(feed, error))
        return
    if finished is None:
        feeds.enqueue_poll(feed, trigger=run.trigger, run_id=run.pk)
        return
    succeed(feed, run, complete=finished, claimed=claimed)


def _running(feed: Feed) -> Sequence[Run]:
    """The runs of a feed that are not closed, the oldest first."""
    return list(Run.objects.filter(feed=feed, state=Run.State.RUNNING).order_by("pk"))


def _is_over(run_id: int | None, running: Sequence[Run]) -> bool:
    """Whether the run an item was to go on with is closed meanwhile: then there is nothing to go on with."""
    return run_id is not None and all(run.pk != run_id for run in running)


def _stop_if_asked(running: Sequence[Run]) -> bool:
    """Close the run a person asked to stop. The cursor stands behind the last page: the next reading goes on there."""
    asked = next((run for run in running if run.stop_asked_by), None)
    if asked is None:
        return False
    with transaction.atomic():
        finish(asked, Run.State.STOPPED, error=f"Stopped by {asked.stop_asked_by} after {asked.read:,} records.")
    return True


def _left_open(running: Sequence[Run]) -> Run | None:
    """The run that a crash or a full budget left open."""
    return next((run for run in running if run.file_id is None), None)


def read(feed: Feed, run: Run) -> bool | None:
    """Read a feed from its cursor: whether the whole listing was read; None when the budget is used up before the end.

    Raises Failed as connectors do, NotReady without a mapping, Stopped when somebody stopped the run.
    """
    mapping = mappings.published(feed.connection.code, feed.entity)
    connector = CONNECTORS.get(feed.connection.vendor)
    with closing(ahead.together(connector.read(feed.connection, feed.entity, dict(feed.cursor)))) as pages:
        return _take(feed, run, mapping, pages)


def _take(feed: Feed, run: Run, mapping: Compiled, pages: Iterator[Page]) -> bool | None:
    deadline = monotonic() + BUDGET_SECONDS
    complete = named = False
    cursor = feed.cursor
    for page in pages:
        failpoints.hit("page_read")
        if page.records or page.cursor != cursor:
            pipeline.ingest(
                feed.connection, feed.entity, page.records, run, mapping, cursor=page.cursor, whole=page.whole
            )
            cursor = page.cursor
        failpoints.hit("page_taken")
        complete, named = complete or page.complete, named or page.whole
        if page.done:
            break
        _leave_if_asked(run)
        if monotonic() > deadline and _moved_on(feed, page):
            return None
    if complete and named and Listed.objects.filter(feed=feed).exists():
        _leave_if_asked(run)
        _judge_absence(feed, run, mapping)
    return complete


def _leave_if_asked(run: Run) -> None:
    """Raise Stopped when somebody asked the run to stop. One that has just read everything ends as done."""
    if Run.objects.filter(pk=run.pk).exclude(stop_asked_by="").exists():
        raise Stopped


def _moved_on(feed: Feed, page: Page) -> bool:
    """Whether reading may stop here: inside one stamp it would start at that stamp again, and never get past it.

    A cursor that says where its list goes on needs no stamp.
    """
    cursor = page.cursor
    return "onward" in cursor or "high" not in cursor or cursor["high"] != feed.cursor.get("high")


@transaction.atomic
def _judge_absence(feed: Feed, run: Run, mapping: Compiled) -> None:
    """Close what a complete listing does not name, or tell somebody; an empty listing is an alarm of its own."""
    absent = absence.found(feed)
    few = absent.within(feed.absence_limit_percent)
    if few and absent.records:
        pipeline.ingest(feed.connection, feed.entity, absent.records, run, mapping)
    absence.tell(feed, replace(absent, records=()) if few else absent)
    absence.forget(feed)


def _named(feed: Feed, error: Exception) -> Failed:
    if isinstance(error, Failed):
        return error
    if isinstance(error, NotReady):
        return Failed(FailureClass.MAPPING, str(error))
    logger.error("reading %s failed", feed, exc_info=error)
    return Failed(FailureClass.BUG, f"{type(error).__name__}: {error}"[:1000], remedy="Report it to the developers.")


@transaction.atomic
def succeed(feed: Feed, run: Run, *, complete: bool, claimed: datetime) -> None:
    """Close a run that read its feed to the end, and heal what said that it could not be read."""
    moment = now()
    run = finish(run, Run.State.DONE)
    # A hint that came meanwhile made the feed due again: that stays.
    due_at = Case(When(due_at=claimed, then=Value(moment + timedelta(seconds=feed.every_seconds))), default=F("due_at"))
    Feed.objects.filter(pk=feed.pk).update(
        last_ok_at=moment, last_error="", last_error_class="", failures_in_row=0, due_at=due_at
    )
    _heal(feed, run)
    if run.read != run.unchanged:
        certify.look_again(feed)
    if not run.read and complete and feed.ever_had_rows:
        _raise_empty(feed)


def _heal(feed: Feed, run: Run) -> None:
    """Close the cases that the reading disproves. Most readings find none open: then it costs one question."""
    because = {(code, _key(feed)): "The feed was read to its end." for code in ("SYNC_STALE", horizon.CODE)}
    if run.read != run.unchanged:
        because[certify.SILENT, _key(feed)] = "Something came in again."
    if run.read:
        because["EMPTY_FEED", _key(feed)] = "The source lists records again."
    failures = {("FEED_FAILED", cause) for cause in (_key(feed), _auth_key(feed))}
    for code, cause in sorted(open_among(because.keys() | failures)):
        if (code, cause) in failures:
            _leave(feed, cause)
        else:
            cases.heal(code=code, root_cause=cause, because=because[code, cause], by=BY)


def _raise_empty(feed: Feed) -> None:
    cases.raise_case(
        code="EMPTY_FEED",
        root_cause=_key(feed),
        title=f"{feed}: the whole list came back empty",
        detail="It always had records. Nothing was deleted here: absence is not deletion.",
        remedy="Check permissions and filters of our account in the source.",
        subject=("connection", str(feed.connection_id), feed.connection.code),
        members=[cases.MemberIn("feed", str(feed.pk), str(feed))],
        by=BY,
    )


@transaction.atomic
def fail(feed: Feed, run: Run, failure: Failed) -> None:
    """Close a run that stopped, with the class of its failure, and plan the next reading."""
    text = f"{failure.message} {failure.remedy}".strip()
    finish(run, Run.State.FAILED, error=text, error_class=failure.kind)
    feed.refresh_from_db(fields=["failures_in_row"])
    count = feed.failures_in_row + 1
    due_at = now() + _pause(feed, failure, count)
    Feed.objects.filter(pk=feed.pk).update(
        last_error=text, last_error_class=failure.kind, failures_in_row=count, due_at=due_at
    )
    if failure.kind in BY_ITSELF:
        return
    cause, other = _key(feed), _auth_key(feed)
    if failure.kind is FailureClass.AUTH:
        cause, other = other, cause
    _leave(feed, other)
    cases.raise_case(
        code="FEED_FAILED",
        root_cause=cause,
        title=f"{feed.connection if failure.kind is FailureClass.AUTH else feed}: {failure.message}"[:250],
        detail=text,
        remedy=failure.remedy or POLICIES[failure.kind].who_acts,
        subject=("connection", str(feed.connection_id), feed.connection.code),
        members=[cases.MemberIn("feed", str(feed.pk), str(feed))],
        by=BY,
    )


def _pause(feed: Feed, failure: Failed, count: int) -> timedelta:
    if failure.retry_after is not None:
        return failure.retry_after
    if failure.kind in BY_ITSELF:
        return POLICIES[failure.kind].delay(count)
    if failure.kind is FailureClass.MAPPING:  # Nothing is asked of the vendor before the mapping is there.
        return timedelta(seconds=feed.every_seconds)
    return max(PATIENCE, timedelta(seconds=feed.every_seconds))


def finish(run: Run, state: str, *, error: str = "", error_class: str = "") -> Run:
    """Close a run and tell the trail when it changed anything or failed."""
    moment = now()
    with database.cursor() as cursor:
        cursor.execute(_FINISH, [state, moment, error, error_class, run.pk])
        counted = cursor.fetchone()
    if counted is None:  # somebody closed it meanwhile
        run.refresh_from_db()
        RUN_MOVES.check(run.state, state)
    run.state, run.finished_at, run.error, run.error_class = state, moment, error, error_class
    for name, count in zip(queries.COUNTED, counted, strict=True):
        setattr(run, name, count)
    if error or run.read != run.unchanged:
        event(
            f"intake.run.{'finished' if state == Run.State.DONE else state}",
            by=BY,
            object_type="run",
            object_id=run.pk,
            label=str(run.feed),
            reason=error,
            **{name: getattr(run, name) for name in queries.COUNTED},
        )
    return run


def _key(feed: Feed) -> str:
    return f"{feed.connection.code}:{feed.entity}"


def _auth_key(feed: Feed) -> str:
    return f"{feed.connection.code}:sign-in"


def _leave(feed: Feed, cause: str) -> None:
    cases.drop_members(
        code="FEED_FAILED", root_cause=cause, targets=[("feed", str(feed.pk))], because="The feed was read.", by=BY
    )


# -- ticks -----------------------------------------------------------------------------------------------------------


def polled() -> Q:
    """Feeds that are read by us at all, at this moment."""
    moment = now()
    return (
        Q(is_active=True, connection__is_paused=False)
        & ~Q(connection__vendor=feeds.FILE_DROP)
        & (Q(connection__open_until__isnull=True) | Q(connection__open_until__lte=moment))
    )


def enqueue_due() -> int:
    """The tick: put every feed whose time has come into the lane of its connection, parents first."""
    due = Feed.objects.filter(polled(), due_at__lte=now()).select_related("connection")
    found = list(due.order_by("connection_id", "weight", "pk"))
    feeds.enqueue_polls(found, trigger="schedule")
    return len(found)


def due_now() -> int:
    """How many feeds wait to be read: a sign of unfinished business."""
    return Feed.objects.filter(polled(), due_at__lte=now()).count()


def watched() -> QuerySet[Feed]:
    """Feeds that may be called late."""
    active = Feed.objects.filter(is_active=True, connection__is_paused=False)
    return active.exclude(connection__vendor=feeds.FILE_DROP).select_related("connection")


def watch_lateness() -> int:
    """The tick: raise SYNC_STALE for feeds that were not read to their end for too long; how many are late."""
    moment = now()
    late = [feed for feed in watched() if queries.is_late(feed, moment)]
    for feed in late:
        since = f"since {feed.last_ok_at:%Y-%m-%d %H:%M} UTC" if feed.last_ok_at else "ever"
        cases.raise_case(
            code="SYNC_STALE",
            root_cause=_key(feed),
            title=f"{feed} was not read to its end {since}",
            detail=feed.last_error,
            remedy="Check the connection, then read the feed now.",
            subject=("connection", str(feed.connection_id), feed.connection.code),
            members=[cases.MemberIn("feed", str(feed.pk), str(feed))],
            by=BY,
        )
    return len(late)
