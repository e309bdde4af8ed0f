"""What screens, the API and the close ask about what came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.urls import reverse

from integration_hub.console.freshness import Freshness
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.models import Delivery, Feed, FeedDay, FileDrop, Rejection, Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.people.models import User

COUNTED = ("read", "applied", "unchanged", "stale", "conflicts", "parked", "refused", "filtered")
UNRESOLVED = ("refused", "conflict", "parked")


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One feed as a person sees it: `state` is ok, late, failing, paused or new; counts are of what is unresolved."""

    feed: Feed
    state: str
    refused: int
    conflicts: int
    parked: int
    last_run: Run | None


def feed_health(feeds: Iterable[Feed] | None = None) -> list[FeedHealth]:
    """Every feed with its state, in three queries."""
    rows = list(Feed.objects.select_related("connection") if feeds is None else feeds)
    counts: dict[tuple[int, str], dict[str, int]] = {}
    unresolved = SourceVersion.objects.filter(status__in=UNRESOLVED).order_by()
    for found in unresolved.values("connection_id", "entity", "status").annotate(number=Count("pk")):
        counts.setdefault((found["connection_id"], found["entity"]), {})[found["status"]] = found["number"]
    latest = Run.objects.order_by().values("feed_id").annotate(newest=Max("pk")).values_list("newest", flat=True)
    runs = {run.feed_id: run for run in Run.objects.filter(pk__in=list(latest))}
    moment = now()
    return [
        _health(feed, counts.get((feed.connection_id, feed.entity), {}), runs.get(feed.pk), moment) for feed in rows
    ]


def _health(feed: Feed, counts: dict[str, int], run: Run | None, moment: datetime) -> FeedHealth:
    return FeedHealth(
        feed,
        state_of(feed, moment),
        counts.get("refused", 0),
        counts.get("conflict", 0),
        counts.get("parked", 0),
        run,
    )


def state_of(feed: Feed, moment: datetime) -> str:
    """How a feed stands at a moment: paused, failing, late, ok, or new."""
    if not feed.is_active or feed.connection.is_paused:
        return "paused"
    if feed.last_error_class:
        return "failing"
    if is_late(feed, moment):
        return "late"
    return "ok" if feed.last_ok_at else "new"


def is_late(feed: Feed, moment: datetime) -> bool:
    """Whether the feed was not read to its end for longer than it may; files come when they come."""
    if feed.connection.vendor == FILE_DROP:
        return False
    return (feed.last_ok_at or feed.installed_at) + timedelta(seconds=feed.late_after_seconds) < moment


def freshness(user: User) -> list[Freshness]:
    """How old what we know of each connection is: the age of its oldest feed. For the console's header."""
    moment = now()
    found: dict[tuple[str, str], list[tuple[datetime | None, bool]]] = {}
    active = Feed.objects.filter(is_active=True).exclude(connection__vendor=FILE_DROP).select_related("connection")
    for feed in active.defer("cursor", "connection__sealed_credentials", "connection__sealed_webhook_secret"):
        place = (str(feed.connection), feed.connection.code)
        found.setdefault(place, []).append((feed.last_ok_at, is_late(feed, moment)))
    open_to = user.has_perm("hub_connectors.view_connection")
    return [
        Freshness(
            name,
            None if any(read is None for read, _ in feeds) else min(read for read, _ in feeds if read is not None),
            any(late for _, late in feeds),
            reverse("connectors:connection-detail", args=[code]) if open_to else "",
        )
        for (name, code), feeds in sorted(found.items())
    ]


def days_of(feed: Feed, number: int) -> list[FeedDay]:
    """The last certificates of a feed, newest first."""
    return list(FeedDay.objects.filter(feed=feed).order_by("-day")[:number])


@dataclass(frozen=True, slots=True)
class Calendar:
    """A month of certificates of a connection: per feed one cell a day, None where there is no certificate."""

    days: list[date]
    rows: list[tuple[Feed, list[FeedDay | None]]]
    counts: dict[str, int]


def calendar(feeds: Iterable[Feed], month: date) -> Calendar:
    """The certificates of a month, in one query."""
    rows = list(feeds)
    first = month.replace(day=1)
    length = (first + timedelta(days=32)).replace(day=1) - first
    span = [first + timedelta(days=number) for number in range(length.days)]
    found: dict[tuple[int, date], FeedDay] = {}
    counts = dict.fromkeys(FeedDay.Verdict.values, 0)
    for row in FeedDay.objects.filter(feed__in=rows, day__gte=span[0], day__lte=span[-1]).defer("missing"):
        found[row.feed_id, row.day] = row
        counts[row.verdict] += 1
    return Calendar(span, [(feed, [found.get((feed.pk, day)) for day in span]) for feed in rows], counts)


def versions_of(connection_code: str, entity: str, source_id: str) -> "QuerySet[SourceVersion]":
    """Every version of one source record, newest first."""
    rows = SourceVersion.objects.filter(connection__code=connection_code, entity=entity, source_id=source_id)
    return rows.select_related("connection", "run__file").order_by("-pk")


def runs_of(feed: Feed) -> "QuerySet[Run]":
    """The runs of a feed, newest first."""
    return Run.objects.filter(feed=feed).select_related("file").order_by("-pk")


def files_of(connection_code: str = "") -> "QuerySet[FileDrop]":
    """Dropped files, newest first."""
    rows = FileDrop.objects.select_related("connection", "dropped_by").order_by("-pk")
    return rows.filter(connection__code=connection_code) if connection_code else rows


def deliveries_of(connection_code: str) -> "QuerySet[Delivery]":
    """Webhooks of a connection, newest first."""
    return Delivery.objects.filter(connection__code=connection_code).order_by("-pk")


def rejections_of(connection_code: str) -> "QuerySet[Rejection]":
    """How many webhooks were refused, by day and reason."""
    return Rejection.objects.filter(connection__code=connection_code).order_by("-day", "reason")
