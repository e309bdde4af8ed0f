"""Feeds: installed from the connector's manifest, read now, paused, resumed, woken by a hint."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, FeedSpec
from integration_hub.connectors.versions import rewound, stamp_of
from integration_hub.intake import absence, policies
from integration_hub.intake.models import Feed
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event
from integration_hub.work.actions import items
from integration_hub.work.queries import waiting

POLL = "intake.poll"
KNOBS = ("weight", "every_seconds", "late_after_seconds", "absence_limit_percent")
FILE_DROP = "filedrop"
"""Vendor of connections whose feeds are files: nobody polls them."""

_MEANT = "SELECT * FROM hub_intake_feed WHERE connection_id = %s AND entity = ANY(%s) ORDER BY id"


@transaction.atomic
def install_feeds(*, connection: Connection, by: Actor) -> list[Feed]:
    """One feed for each entity the connector offers; those that exist keep their cursor and their knobs.

    A connection whose settings list `entities` (file drops do) gets feeds for these alone. Raises Denied, LookupError
    for an unknown vendor, BadInput for an entity the connector does not offer.
    """
    policies.can_change_feeds(by).or_raise()
    made = []
    for spec in _offered(connection):
        feed, fresh = Feed.objects.get_or_create(
            connection=connection,
            entity=spec.entity,
            defaults={
                "weight": spec.weight,
                "every_seconds": spec.every_seconds,
                "late_after_seconds": spec.late_after_seconds,
            },
        )
        if fresh:
            made.append(feed)
            _record("installed", feed, by)
    return made


def _offered(connection: Connection) -> Sequence[FeedSpec]:
    specs = {spec.entity: spec for spec in CONNECTORS.get(connection.vendor).manifest.feeds}
    wanted = connection.settings.get("entities") or list(specs)
    if isinstance(wanted, str):
        wanted = [name for name in re.split(r"[\s,;\[\]\"']+", wanted) if name]
    unknown = [str(name) for name in wanted if name not in specs]
    if unknown:
        problem = Problem("entities", f"{', '.join(unknown)}: not offered.", f"Use one of: {', '.join(specs)}.")
        raise BadInput(f"Connection {connection.code}", [problem])
    return [specs[name] for name in wanted]


@transaction.atomic
def run_now(*, feed_id: int, by: Actor) -> Feed:
    """Read a feed now, whatever its rhythm. Raises Denied."""
    feed = _locked(feed_id)
    policies.can_run(feed, by).or_raise()
    make_due([feed], trigger="person")
    _record("run requested", feed, by)
    return feed


@transaction.atomic
def pause(*, feed_id: int, reason: str, by: Actor) -> Feed:
    """Stop reading a feed; nothing is lost, its cursor stays. Raises Denied, BadInput without a reason."""
    policies.can_change_feeds(by).or_raise()
    if not reason.strip():
        raise BadInput("Feed", [Problem("reason", "is empty.", "Say why the feed is paused.")])
    feed = _locked(feed_id)
    feed.is_active = False
    feed.save(update_fields=["is_active"])
    _record("paused", feed, by, reason)
    return feed


@transaction.atomic
def resume(*, feed_id: int, by: Actor) -> Feed:
    """Read a feed again, from where it stood. Raises Denied."""
    policies.can_change_feeds(by).or_raise()
    feed = _locked(feed_id)
    feed.is_active, feed.due_at = True, now()
    feed.save(update_fields=["is_active", "due_at"])
    _record("resumed", feed, by)
    return feed


@transaction.atomic
def tune(
    *, feed_id: int, by: Actor, weight: int, every_seconds: int, late_after_seconds: int, absence_limit_percent: int = 0
) -> Feed:
    """Set how often a feed is read, when it is late, its place among the feeds, and what share absence may close.

    Raises Denied, BadInput.
    """
    policies.can_change_feeds(by).or_raise()
    if every_seconds < 1 or late_after_seconds < every_seconds:
        problem = Problem("late_after_seconds", "is shorter than the rhythm.", "Allow at least one reading.")
        raise BadInput("Feed", [problem])
    feed = _locked(feed_id)
    if absence_limit_percent > 100:
        raise BadInput("Feed", [Problem("absence_limit_percent", "is more than all.", "Give a share of 0 to 100.")])
    wanted = {
        "weight": weight,
        "every_seconds": every_seconds,
        "late_after_seconds": late_after_seconds,
        "absence_limit_percent": absence_limit_percent,
    }
    changes = {name: [getattr(feed, name), value] for name, value in wanted.items() if getattr(feed, name) != value}
    if changes:
        Feed.objects.filter(pk=feed.pk).update(**wanted)
        feed.refresh_from_db()
        _record("tuned", feed, by, changes=changes)
    return feed


@transaction.atomic
def read_again(*, feed_id: int, since: datetime, reason: str, by: Actor) -> Feed:
    """Have everything read once more that changed since an instant; what is here already changes nothing.

    Raises Denied.
    """
    feed = _locked(feed_id)
    policies.can_run(feed, by).or_raise()
    stamp = stamp_of(since.isoformat())
    _set_cursor(feed, rewound(feed.cursor, stamp))
    _record("read again", feed, by, reason, changes={"since": stamp})
    make_due([feed], trigger="window")
    return feed


@transaction.atomic
def read_all_again(*, feed_id: int, reason: str, by: Actor) -> Feed:
    """Forget the cursor: the next reading lists everything there is, so that absence can be judged. Raises Denied."""
    feed = _locked(feed_id)
    policies.can_run(feed, by).or_raise()
    _set_cursor(feed, {})
    Feed.objects.filter(pk=feed.pk).update(rescanned_at=now())
    _record("read all again", feed, by, reason)
    make_due([feed], trigger="rescan")
    return feed


def _set_cursor(feed: Feed, cursor: dict[str, Any]) -> None:
    absence.forget(feed)
    feed.cursor = cursor
    Feed.objects.filter(pk=feed.pk).update(cursor=cursor)


@transaction.atomic
def hint(*, connection: Connection, entity_name: str) -> list[Feed]:
    """Something changed there: the feeds this name stands for are due now. The feeds; none for an unknown name.

    A hint carries no values: what changed is read through the feed. A hint that comes while the feed is being read
    makes it due once more, because that reading may have passed the change already. One that finds a reading which has
    not begun changes nothing: that reading will see what the hint speaks of.
    """
    feeds = hinted(connection=connection, entity_name=entity_name)
    if late := asleep(feeds):
        make_due(late, trigger="hint")
    return feeds


def hinted(*, connection: Connection, entity_name: str) -> list[Feed]:
    """The feeds a name in a hint stands for."""
    meant = _meant(connection, entity_name)
    feeds = list(Feed.objects.raw(_MEANT, [connection.pk, meant]))
    for feed in feeds:
        feed.connection = connection
    return feeds


def asleep(feeds: Sequence[Feed]) -> list[Feed]:
    """Which feeds of one connection are not about to be read: most hints of a storm find none, and lock no row."""
    active = [feed for feed in feeds if feed.is_active]
    due = [feed for feed in active if feed.due_at <= now()]
    told = waiting(lane=lane_of(due[0]), dedupes=[_dedupe(feed) for feed in due]) if due else set()
    return [feed for feed in active if feed not in due or _dedupe(feed) not in told]


def _meant(connection: Connection, name: str) -> list[str]:
    connector = CONNECTORS.find(connection.vendor)
    specs = connector.manifest.feeds if connector is not None else ()
    wanted = name.strip().lower()
    meant = [spec.entity for spec in specs if wanted in {spec.entity, *(name.lower() for name in spec.hint_entities)}]
    return meant or [wanted]


def make_due(feeds: Sequence[Feed], *, trigger: str) -> None:
    """Have feeds read now, parents first. The ticker does the same later if this item gets lost."""
    Feed.objects.filter(pk__in=[feed.pk for feed in feeds]).update(due_at=now())
    wanted = sorted(feeds, key=lambda feed: (feed.weight, feed.pk))
    enqueue_polls([feed for feed in wanted if not feed.connection.is_paused], trigger=trigger)


def enqueue_poll(feed: Feed, *, trigger: str, run_id: int | None = None) -> None:
    """Have one feed read; `run_id` is the run that goes on."""
    items.enqueue_many([_poll_of(feed, trigger, run_id)])


def enqueue_polls(feeds: Sequence[Feed], *, trigger: str) -> None:
    """Have feeds read, in this order where they share a connection.

    One lane per connection: its feeds are read one after the other, in the order they were put in (parents first).
    Vendors limit calls per account, so feeds of one account gain nothing from being read side by side; what a child
    needs was then read just before it, which keeps parking rare.
    """
    items.enqueue_many([_poll_of(feed, trigger) for feed in feeds])


def _poll_of(feed: Feed, trigger: str, run_id: int | None = None) -> items.ItemIn:
    payload: dict[str, object] = {"feed": feed.pk, "trigger": trigger}
    if run_id is not None:
        payload["run"] = run_id
    return items.ItemIn(POLL, lane=lane_of(feed), stage="ingest", payload=payload, dedupe=_dedupe(feed))


def lane_of(feed: Feed) -> str:
    """The lane in which a feed is read."""
    return f"feed:{feed.connection.code}"


def _dedupe(feed: Feed) -> str:
    return f"poll:{feed.pk}"


def _locked(feed_id: int) -> Feed:
    return Feed.objects.select_for_update(no_key=True, of=("self",)).select_related("connection").get(pk=feed_id)


def _record(verb: str, feed: Feed, by: Actor, reason: str = "", changes: Any = None) -> None:
    event(
        f"intake.feed.{verb.replace(' ', '_')}",
        by=by,
        object_type="feed",
        object_id=feed.pk,
        label=str(feed),
        reason=reason,
        connection=feed.connection.code,
        entity=feed.entity,
        **({"changes": changes} if changes else {}),
    )
