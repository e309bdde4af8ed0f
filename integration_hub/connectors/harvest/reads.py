"""Harvest's lists as feeds: what changed since the last reading, recent lines again, and at times everything.

Lists are in no order of change, so a cursor moves only when a list is over. Deleted records are in no list: the whole
list, read at times, shows that they are gone. Approving may leave an entry's stamp alone, so the lines of recent days
are read again at times, and versions of lines are numbered by content.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.harvest.client import Client, Record
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Reading, moved, stamp_of

LISTS = {
    "resource": "users",
    "project": "projects",
    "task": "task_assignments",
    "time_entry": "time_entries",
    "expense": "expenses",
}
LINES = {"time_entry", "expense"}
_DAY = 86_400.0


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    whole_at, looked_at = str(cursor.get("whole_at") or ""), str(cursor.get("looked_at") or "")
    again = bool(whole_at) and cursor["high"] >= moved(whole_at, _days(client, "whole_days", 7) * _DAY)
    reading = Reading(cursor, overlap, again=again)
    window = {"updated_since": reading.since} if reading.since else {}
    for rows, last in client.pages(LISTS[entity], window):
        records = [_record(client, entity, row, reading) for row in rows]
        if not last:
            yield reading.held(records)
    high = reading.high
    if entity in LINES and (not reading.since or _is_due(client, looked_at)):
        if reading.since:
            yield reading.held(records)
            records = []
            yield from _recent(client, entity, reading)
            reading.high = high  # what changed meanwhile outside these days is still to come
        looked_at = client.answered_at
    whole_at = whole_at if reading.since else high
    yield reading.page(records, done=True, whole_at=whole_at, looked_at=looked_at)


def _recent(client: Client, entity: str, reading: Reading) -> Iterator[Page]:
    """The lines of the last days, whatever their stamps say: an approval need not move them."""
    back = timedelta(days=_days(client, "approval_days", 45))
    first = (datetime.fromisoformat(client.answered_at) - back).date().isoformat()
    for rows, _ in client.pages(LISTS[entity], {"from": first}):
        yield reading.held([_record(client, entity, row, reading) for row in rows])


def _is_due(client: Client, looked_at: str) -> bool:
    pause = float(client.connection.settings.get("approval_seconds") or 900)
    return not looked_at or client.answered_at >= moved(looked_at, pause)


def _days(client: Client, name: str, default: int) -> float:
    return float(client.connection.settings.get(name) or default)


def _record(client: Client, entity: str, row: Record, reading: Reading) -> RawRecord:
    key, stamp = str(row["id"]), stamp_of(row["updated_at"])
    if entity == "time_entry":
        exact = client.connection.settings.get("hours") == "exact"
        person = client.users().get(str((row.get("user") or {}).get("id"))) or {}
        row |= {
            "minutes": wire.text(wire.amount(row["hours" if exact else "rounded_hours"]) * 60),
            "role_name": next(iter(person.get("roles") or []), ""),
        }
    return reading.numbered(key, stamp, row) if entity in LINES else reading.record(key, stamp, row)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records a list has since the beginning of a window, less those since its end."""
    return Control(_count(client, entity, window.since) - _count(client, entity, window.until))


def _count(client: Client, entity: str, since: datetime) -> int:
    return client.page(LISTS[entity], {"updated_since": stamp_of(since.isoformat()), "per_page": 1}).total_entries


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids: a list has no end to ask for, so the rows after the window are left out here."""
    since, until = stamp_of(window.since.isoformat()), stamp_of(window.until.isoformat())
    for rows, _ in client.pages(LISTS[entity], {"updated_since": since}):
        yield from (str(row["id"]) for row in rows if stamp_of(row["updated_at"]) < until)
