"""What screens, the API and the close ask about what came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.urls import reverse

from integration_hub.console.freshness import Freshness
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.models import Delivery, Feed, FileDrop, Rejection, Run, SourceVersion
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


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whether a feed was complete on a day (UTC), and why not. Counts are those of the day's runs."""

    feed: Feed
    day: date
    complete: bool
    reasons: tuple[str, ...]
    runs: int
    failed: int
    counts: dict[str, int]


def certificate(feed: Feed, day: date) -> Certificate:
    """The completeness certificate of a feed and a day: read to its end after the day, nothing left unresolved."""
    start = datetime.combine(day, time(0), UTC)
    end = start + timedelta(days=1)
    runs = Run.objects.filter(feed=feed, started_at__gte=start, started_at__lt=end)
    sums = runs.aggregate(
        runs=Count("pk"), failed=Count("pk", filter=Q(state="failed")), **{n: Sum(n) for n in COUNTED}
    )
    reasons = []
    after = Run.objects.filter(feed=feed, state=Run.State.DONE, finished_at__gte=end, file__isnull=True)
    if feed.connection.vendor != FILE_DROP and not after.exists():
        reasons.append("It was not read to its end since the day was over.")
    unresolved = SourceVersion.objects.filter(
        connection=feed.connection, entity=feed.entity, status__in=UNRESOLVED, received_at__lt=end
    ).count()
    if unresolved:
        reasons.append(f"{unresolved} records are refused, in conflict or wait for a parent.")
    if runs.filter(error__gt="", state=Run.State.DONE).exists():
        reasons.append("A file does not add up to its manifest.")
    counts = {name: int(sums[name] or 0) for name in COUNTED}
    return Certificate(feed, day, not reasons, tuple(reasons), sums["runs"], sums["failed"], counts)


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
