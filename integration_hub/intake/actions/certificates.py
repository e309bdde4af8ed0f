"""Certificates of completeness: written for each feed and day, with the cases of what is missing or silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.intake import policies
from integration_hub.intake.actions import feeds
from integration_hub.intake.days import Seen, window_of
from integration_hub.intake.models import Feed, FeedDay
from integration_hub.kernel.clock import now
from integration_hub.trail.record import Actor, event
from integration_hub.work.actions import items

BY = "system:intake"
CERTIFY = "intake.certify"
SHORT, SILENT = "FEED_SHORT", "FEED_SILENT"
NAMED = 200
"""Missing ids a certificate keeps."""
SAME_WEEKDAYS, KNOWN_DAYS, BUSY = 8, 4, 3
"""A feed is silent when nothing came on a day whose last eight like it brought at least three versions each, four of
them known: with arrivals at random, less than one false alarm a year and feed (Poisson, worst rate)."""


NOTHING = Seen(0, "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison found. `expected` is None when there is nothing to compare with, for `reason`."""

    verdict: FeedDay.Verdict
    basis: FeedDay.Basis
    seen: Seen = NOTHING
    expected: int | None = None
    reason: str = ""
    missing: Sequence[str] = ()
    whole: bool = False
    arrived: int = 0


def unprovable(reason: str, *, arrived: int = 0) -> Finding:
    """Nothing can be proved, and why."""
    return Finding(FeedDay.Verdict.UNPROVABLE, FeedDay.Basis.NONE, reason=reason[:300], arrived=arrived)


@transaction.atomic
def note(*, feed: Feed, day: date, finding: Finding) -> FeedDay:
    """Write the certificate of a day, and bring the cases of its feed up to date.

    What is short for the first time is read again from the start of its day by itself.
    """
    before = FeedDay.objects.select_for_update(no_key=True).filter(feed=feed, day=day).first()
    row = before or FeedDay(feed=feed, day=day, checks=0)
    was = before.verdict if before is not None else ""
    row.verdict, row.basis, row.whole = finding.verdict, finding.basis, finding.whole
    row.expected, row.seen, row.digest = finding.expected, finding.seen.count, finding.seen.digest
    row.arrived, row.reason, row.missing = finding.arrived, finding.reason, list(finding.missing[:NAMED])
    row.checks, row.checked_at = row.checks + 1, now()
    row.save()
    if was != row.verdict:
        event(
            "intake.day.certified",
            by=BY,
            object_type="feed",
            object_id=feed.pk,
            label=str(row),
            reason=row.reason,
            day=day,
            verdict=row.verdict,
            before=was,
            expected=row.expected,
            seen=row.seen,
            digest=row.digest,
        )
    if row.verdict == FeedDay.Verdict.SHORT and was != FeedDay.Verdict.SHORT and policies.can_run(feed, BY):
        feeds.read_again(feed_id=feed.pk, since=window_of(day).since, reason=f"{day} is short.", by=BY)
    _bring_up_to_date(feed)
    _judge_silence(feed, row)
    return row


def _bring_up_to_date(feed: Feed) -> None:
    """One case per feed, its members the days that are short."""
    short = list(FeedDay.objects.filter(feed=feed, verdict=FeedDay.Verdict.SHORT).order_by("day"))
    lacking = sum((row.expected or 0) - row.seen for row in short)
    cases.set_members(
        code=SHORT,
        root_cause=f"{feed.connection.code}:{feed.entity}",
        title=f"{feed}: {lacking:,} records of {len(short)} days are not here"[:250],
        detail=short[-1].reason if short else "",
        remedy="The days were read again by themselves. Check what our account may see there, then compare again.",
        subject=("connection", str(feed.connection_id), feed.connection.code),
        members=[cases.MemberIn("feed_day", str(row.pk), f"{row.day}: {row.reason}"[:200]) for row in short],
        because="The missing records arrived.",
        by=BY,
    )


def _judge_silence(feed: Feed, row: FeedDay) -> None:
    if row.arrived or row.day < (now() - timedelta(days=3)).date():
        return
    like = [row.day - timedelta(weeks=back) for back in range(1, SAME_WEEKDAYS + 1)]
    known = list(FeedDay.objects.filter(feed=feed, day__in=like).values_list("arrived", flat=True))
    if len(known) < KNOWN_DAYS or min(known) < BUSY:
        return
    cases.raise_case(
        code=SILENT,
        root_cause=f"{feed.connection.code}:{feed.entity}",
        title=f"{feed}: nothing came on {row.day:%A %Y-%m-%d}",
        detail=f"On the last {len(known)} such days at least {min(known)} versions came each time.",
        remedy="Check whether people record as usual there, and what our account may see.",
        subject=("connection", str(feed.connection_id), feed.connection.code),
        members=[cases.MemberIn("feed", str(feed.pk), str(feed))],
        by=BY,
    )


@transaction.atomic
def check_now(*, row: FeedDay, by: Actor) -> None:
    """Compare a day with its source again. Raises Denied."""
    policies.can_run(row.feed, by).or_raise()
    _record("check requested", row, by)
    enqueue(row.feed, [row.day])


@transaction.atomic
def read_again(*, row: FeedDay, by: Actor, reason: str = "") -> None:
    """Read everything again that changed since the start of a day; the day is compared afterwards. Raises Denied."""
    feeds.read_again(feed_id=row.feed_id, since=window_of(row.day).since, reason=reason or f"{row.day}", by=by)
    enqueue(row.feed, [row.day])


def enqueue(feed: Feed, days: Sequence[date]) -> None:
    """Compare days in the lane of the connection, after the readings that stand there already."""
    told = sorted(day.isoformat() for day in days)
    items.enqueue(
        CERTIFY,
        lane=f"feed:{feed.connection.code}",
        stage="ingest",
        payload={"feed": feed.pk, "days": told},
        dedupe=f"certify:{feed.pk}:{told[0]}:{len(told)}",
    )


def _record(verb: str, row: FeedDay, by: Actor) -> None:
    event(
        f"intake.day.{verb.replace(' ', '_')}",
        by=by,
        object_type="feed",
        object_id=row.feed_id,
        label=str(row),
        day=row.day,
    )
