"""What of a day is here: counted and digested by the vendor's own stamps."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import Sum

from integration_hub.connectors.registry import Control, Window
from integration_hub.intake.models import Feed, Run

# Of each record the last version inside the window; one that moved on later belongs to a later day.
_MOVED = """
    SELECT source_id, hash FROM (
        SELECT DISTINCT ON (source_id) source_id, hash, deleted
          FROM hub_intake_sourceversion
         WHERE connection_id = %(connection)s AND entity = %(entity)s AND moved_at >= %(since)s AND moved_at < %(until)s
         ORDER BY source_id, moved_at DESC, id DESC) AS latest
     WHERE (%(deleted_too)s OR NOT latest.deleted)
       AND NOT EXISTS (SELECT 1 FROM hub_intake_sourceversion AS later
                        WHERE later.connection_id = %(connection)s AND later.entity = %(entity)s
                          AND later.source_id = latest.source_id AND later.moved_at >= %(until)s)
     ORDER BY source_id
"""
_ALL = """
    SELECT source_id, hash FROM (
        SELECT DISTINCT ON (source_id) source_id, hash, deleted
          FROM hub_intake_sourceversion
         WHERE connection_id = %(connection)s AND entity = %(entity)s AND status NOT IN ('stale', 'conflict')
         ORDER BY source_id, id DESC) AS latest
     WHERE %(deleted_too)s OR NOT latest.deleted
     ORDER BY source_id
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Records that are here: how many, and a digest of ids and contents in order."""

    count: int
    digest: str


def window_of(day: date) -> Window:
    """A day of the vendor's time, in UTC."""
    start = datetime.combine(day, time(0), UTC)
    return Window(start, start + timedelta(days=1))


def rows(feed: Feed, window: Window, control: Control) -> Iterator[tuple[str, str]]:
    """(source id, content hash) of exactly what the vendor's count is about."""
    given: dict[str, Any] = {
        "connection": feed.connection_id,
        "entity": feed.entity,
        "since": window.since,
        "until": window.until,
        "deleted_too": control.deleted_too,
    }
    with database.chunked_cursor() as cursor:
        cursor.execute(_ALL if control.whole else _MOVED, given)
        yield from cursor


def seen(feed: Feed, window: Window, control: Control) -> Seen:
    """What of it is here."""
    digest, count = hashlib.sha256(), 0
    for source_id, content in rows(feed, window, control):
        digest.update(f"{source_id}\n{content}\n".encode())
        count += 1
    return Seen(count, digest.hexdigest())


def digest_of(text: str) -> str:
    """Digest of what has no ids of its own."""
    return hashlib.sha256(text.encode()).hexdigest()


def arrived(feed: Feed, window: Window) -> int:
    """New versions that came in on that day of ours."""
    runs = Run.objects.filter(feed=feed, started_at__gte=window.since, started_at__lt=window.until)
    sums = runs.aggregate(read=Sum("read"), unchanged=Sum("unchanged"))
    return int(sums["read"] or 0) - int(sums["unchanged"] or 0)
