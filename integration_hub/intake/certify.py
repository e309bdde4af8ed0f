"""Nothing is missing: each day of each feed is compared with what its source itself says it has."""

from datetime import date, datetime, timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet

from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.registry import CONNECTORS, Control, Counting, Window
from integration_hub.intake import days
from integration_hub.intake.actions import certificates
from integration_hub.intake.actions.certificates import CERTIFY, SILENT, Finding, unprovable
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.models import Feed, FeedDay, FileDrop, Run
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed
from integration_hub.work.registry import Job

__all__ = ["CERTIFY", "SILENT", "certify", "enqueue_due", "look_again"]

FIRST_DAYS, MOST_DAYS = 14, 62
"""How far back a feed is compared when it has no certificate yet, and at most."""
AT_ONCE = 20
SETTLES = timedelta(hours=1)
"""After the day is over: what is written at its last moment may be committed a little later."""
AGAIN = timedelta(hours=1)
"""Between comparisons of a day that is not complete."""
LATE = timedelta(days=1)
"""A complete day is compared once more after this time, for what was committed late."""
BY_IDS = 1000
"""Up to so many records each id is compared; beyond it ids are asked for only when the counts differ."""


def certify(job: Job) -> None:
    """Compare some days of a feed with its source. Never raises for what the vendor does."""
    feed = Feed.objects.select_related("connection").get(pk=job.payload["feed"])
    for text in job.payload["days"]:
        day = date.fromisoformat(text)
        certificates.note(feed=feed, day=day, finding=_compare(feed, days.window_of(day)))


def _compare(feed: Feed, window: Window) -> Finding:
    arrived = days.arrived(feed, window)
    if feed.connection.vendor == FILE_DROP:
        return _files(feed, window, arrived)
    connector = CONNECTORS.find(feed.connection.vendor)
    if not isinstance(connector, Counting):
        return unprovable("The vendor does not say how much it has.", arrived=arrived)
    read = Run.objects.filter(feed=feed, state=Run.State.DONE, file__isnull=True, finished_at__gte=window.until)
    if not read.exists():
        return unprovable("It was not read to its end since the day was over.", arrived=arrived)
    try:
        with budget.on_behalf(Priority.BACKFILL):
            control = connector.control(feed.connection, feed.entity, window)
            return _judged(connector, feed, window, control, arrived)
    except (OperationalError, InterfaceError, Deferred):
        raise  # our own database, or calls may not be made now: the lane tries again
    except Failed as failure:
        return unprovable(f"The source could not be asked: {failure.message}", arrived=arrived)


def _judged(connector: Counting, feed: Feed, window: Window, control: Control, arrived: int) -> Finding:
    here = days.seen(feed, window, control)
    basis, missing, more = FeedDay.Basis.COUNT, list[str](), here.count - control.expected
    if here.count != control.expected or control.expected <= BY_IDS:
        theirs = set(connector.roll(feed.connection, feed.entity, window))
        ours = {source_id for source_id, _ in days.rows(feed, window, control)}
        basis, missing, more = FeedDay.Basis.IDS, sorted(theirs - ours), len(ours - theirs)
        control = Control(len(theirs), control.whole, control.deleted_too)
    verdict, reason = FeedDay.Verdict.COMPLETE, ""
    if missing:
        verdict = FeedDay.Verdict.SHORT
        reason = f"{len(missing):,} of {control.expected:,} records are not here."
    elif more > 0:
        verdict = FeedDay.Verdict.SURPLUS
        reason = f"{more:,} records are here and not there any more: changed or deleted there since."
    return Finding(verdict, basis, here, control.expected, reason[:300], missing, control.whole, arrived)


def _files(feed: Feed, window: Window, arrived: int) -> Finding:
    """A file's own manifest says how many rows it has."""
    drops = FileDrop.objects.filter(connection=feed.connection, entity=feed.entity)
    dropped = list(drops.filter(dropped_at__gte=window.since, dropped_at__lt=window.until).order_by("pk"))
    if not dropped:
        return unprovable("No file was dropped.", arrived=arrived)
    counts = [str(drop.manifest.get("records", "")) for drop in dropped]
    if not all(count.isdecimal() for count in counts):
        bare = next(drop.name for drop, count in zip(dropped, counts, strict=True) if not count.isdecimal())
        return unprovable(f"{bare} came without a manifest that says how many rows it has.", arrived=arrived)
    expected = sum(int(count) for count in counts)
    loaded = 0
    for drop in dropped:
        run = Run.objects.filter(file=drop, state=Run.State.DONE).order_by("-pk").first()
        loaded += run.read if run is not None else 0
    digest = ",".join(drop.sha256 for drop in dropped)
    here = days.Seen(loaded, days.digest_of(digest))
    if loaded == expected:
        return Finding(FeedDay.Verdict.COMPLETE, FeedDay.Basis.FILES, here, expected, arrived=arrived)
    verdict = FeedDay.Verdict.SHORT if loaded < expected else FeedDay.Verdict.SURPLUS
    reason = f"{loaded:,} of {expected:,} rows of {len(dropped)} files were read."
    return Finding(verdict, FeedDay.Basis.FILES, here, expected, reason, arrived=arrived)


# -- when ------------------------------------------------------------------------------------------------------------


def enqueue_due() -> int:
    """The tick: compare the days whose time has come; of how many feeds."""
    found = 0
    for feed in _compared():
        if due := due_days(feed, now()):
            certificates.enqueue(feed, due[:AT_ONCE])
            found += 1
    return found


def _compared() -> "QuerySet[Feed]":
    """Feeds that were read to their end once, and of files those that ever got one."""
    rows = Feed.objects.filter(is_active=True, connection__is_paused=False).select_related("connection")
    return rows.filter(~Q(connection__vendor=FILE_DROP) & Q(last_ok_at__isnull=False) | Q(ever_had_rows=True))


def due_days(feed: Feed, moment: datetime) -> list[date]:
    """Days that have no certificate yet, are not complete, or are looked at a second time; oldest first."""
    last = (moment - SETTLES).date() - timedelta(days=1)
    rows = {row.day: row for row in FeedDay.objects.filter(feed=feed, day__gt=last - timedelta(days=MOST_DAYS))}
    first = min(max(rows, default=last) + timedelta(days=1), last)
    if not rows:
        first = last - timedelta(days=FIRST_DAYS - 1)
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    fresh = {first + timedelta(days=number) for number in range((last - first).days + 1)} - rows.keys()
    again = {day for day, row in rows.items() if _is_due(row, moment)}
    return sorted(fresh | again)


def _is_due(row: FeedDay, moment: datetime) -> bool:
    if row.verdict == FeedDay.Verdict.COMPLETE:
        late = days.window_of(row.day).until + LATE
        return row.checked_at < late <= moment
    recent = row.day >= moment.date() - timedelta(days=FIRST_DAYS)
    return recent and row.checked_at + AGAIN <= moment


def look_again(feed: Feed) -> None:
    """Something new came in: days that lacked something are compared at once."""
    short = FeedDay.objects.filter(feed=feed, verdict=FeedDay.Verdict.SHORT).values_list("day", flat=True)
    if open_days := sorted(short)[-AT_ONCE:]:
        certificates.enqueue(feed, open_days)
