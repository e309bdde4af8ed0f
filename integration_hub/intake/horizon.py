"""How long a vendor tells what was deleted: warned of before it passes, and a whole listing read once it has."""

from datetime import datetime, timedelta

from integration_hub.cases.actions import cases
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.intake.models import Feed
from integration_hub.kernel.clock import now

CODE = "HORIZON_NEAR"
PASSED = "The vendor does not tell any more what was deleted meanwhile: the whole list is read again."
WARN_AT = 2 / 3
"""Of the horizon: the rest is the time a person has."""


def of(feed: Feed) -> timedelta | None:
    """The horizon of a feed, by its connector's manifest."""
    connector = CONNECTORS.find(feed.connection.vendor)
    specs = connector.manifest.feeds if connector is not None else ()
    return next((spec.horizon for spec in specs if spec.entity == feed.entity), None)


def passed(feed: Feed, moment: datetime) -> bool:
    """Whether the feed was not read for longer than its horizon, and was not yet set to be read as a whole for it."""
    limit = of(feed)
    if limit is None or feed.last_ok_at is None or moment - feed.last_ok_at <= limit:
        return False
    return feed.rescanned_at is None or feed.rescanned_at < feed.last_ok_at + limit


def near(feed: Feed, moment: datetime) -> bool:
    """Whether the horizon of a feed comes near, or has passed."""
    limit = of(feed)
    return limit is not None and feed.last_ok_at is not None and moment - feed.last_ok_at >= limit * WARN_AT


def watch() -> int:
    """The tick: raise the case of each feed whose horizon comes near or has passed, paused or not; how many."""
    moment, count = now(), 0
    for feed in Feed.objects.filter(last_ok_at__isnull=False).select_related("connection"):
        limit = of(feed)
        if limit is None or feed.last_ok_at is None or not near(feed, moment):
            continue
        count += 1
        until = feed.last_ok_at + limit
        cases.raise_case(
            code=CODE,
            root_cause=f"{feed.connection.code}:{feed.entity}",
            title=f"{feed}: deletions since {feed.last_ok_at:%Y-%m-%d %H:%M} UTC are told until {until:%Y-%m-%d %H:%M}",
            detail=f"It was not read to its end since; deletions are told for {limit.days} days. {feed.last_error}",
            remedy="Let the feed be read before that. After it, the whole list is read and compared by itself.",
            subject=("connection", str(feed.connection_id), feed.connection.code),
            members=[cases.MemberIn("feed", str(feed.pk), str(feed))],
            by="system:intake",
        )
    return count
