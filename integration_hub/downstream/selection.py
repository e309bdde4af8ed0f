"""What of the trail belongs to a stream, in the order in which it became visible for good.

The order is that of `trail.following`: nothing slips in behind the place a stream has reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

from integration_hub.downstream.models import Stream
from integration_hub.trail.following import AFTER, ORDER
from integration_hub.trail.models import Event

_MINE = f"""
  FROM hub_trail_event AS event
 WHERE {AFTER}
   AND event.action LIKE ANY(%(actions)s)
   AND (%(everywhere)s OR event.legal_entity = ANY(%(entities)s))
   AND NOT EXISTS (SELECT 1 FROM hub_downstream_leftout AS out
                    WHERE out.stream_id = %(stream)s AND out.event = event.id)
"""  # noqa: S608 - constants only
_NEXT = f"SELECT event.*, event.tx::text AS place {_MINE} ORDER BY {ORDER} LIMIT %(limit)s"
_BEHIND = (
    "SELECT count(*), min(recorded_at) FROM ("  # noqa: S608
    f"SELECT event.recorded_at {_MINE} ORDER BY {ORDER} LIMIT %(limit)s) AS behind"
)
_ANY = f"SELECT EXISTS (SELECT 1 {_MINE})"
_END = "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)"
_BEFORE = """
SELECT event.tx::text::bigint, event.id FROM hub_trail_event AS event
 WHERE event.recorded_at < %(moment)s AND event.tx < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY event.tx DESC, event.id DESC LIMIT 1
"""
COUNTED = 10_000
"""What is behind is counted up to this; more is said as "10,000 and more"."""

Place = tuple[int, int]
START: Place = (0, 0)


@dataclass(frozen=True, slots=True)
class Behind:
    """How many events a stream has before it, counted up to `COUNTED`, and since when the oldest waits."""

    count: int
    since: datetime | None

    def __str__(self) -> str:
        return f"{self.count:,}{' and more' if self.count >= COUNTED else ''}"


def following(stream: Stream, limit: int) -> Sequence[Event]:
    """The next events of a stream; each carries its `place`, the transaction it was written in."""
    return list(Event.objects.raw(_NEXT, _asked(stream, limit)))


def is_behind(stream: Stream) -> bool:
    """Whether anything waits to be told."""
    return bool(_one(_ANY, _asked(stream, 1))[0])


def behind(stream: Stream) -> Behind:
    """How far a stream is behind."""
    count, since = _one(_BEHIND, _asked(stream, COUNTED))
    return Behind(int(count), since)


def end() -> Place:
    """The place behind everything that is visible for good now."""
    return int(_one(_END, {})[0]), 2**62


def before(moment: datetime) -> Place:
    """The place behind the last event that was recorded before an instant; the beginning where there is none."""
    with database.cursor() as cursor:
        cursor.execute(_BEFORE, {"moment": moment})
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else START


def patterns(actions: Sequence[str]) -> list[str]:
    """Names as SQL patterns: `billing.*` → `billing.%`; what would be a wild card of SQL is itself."""
    return [name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%") for name in actions]


def _asked(stream: Stream, limit: int) -> dict[str, Any]:
    return {
        "tx": str(stream.after_transaction),
        "id": stream.after_event,
        "actions": patterns(stream.actions),
        "everywhere": not stream.legal_entities,
        "entities": list(stream.legal_entities),
        "stream": stream.pk,
        "limit": limit,
    }


def _one(sql: str, asked: dict[str, Any]) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(sql, asked)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
