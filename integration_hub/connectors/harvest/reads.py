"""Harvest's lists as feeds: what changed since the last reading, recent lines again, and at times everything.

Lists are in no order of change, so a cursor moves only when a list is over. Deleted records are in no list: the whole
list, read at times, shows that they are gone. Approving may leave an entry's stamp alone, so the lines of recent days
are looked at again at times, and versions of lines are numbered by content.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.harvest.client import Client, Record
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Walk, moved, stamp_of

LISTS = {
    "resource": "users",
    "project": "projects",
    "task": "task_assignments",
    "time_entry": "time_entries",
    "expense": "expenses",
}
LINES = {"time_entry", "expense"}
LOOKING = "looking"
"""A mark of cursors: `onward` leads through the lines of recent days."""


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if LOOKING in cursor:
        yield from _look(client, entity, cursor)
        return
    walk = Walk(cursor, overlap)
    since = {"updated_since": walk.since} if walk.since else {}
    for rows, onward in client.pages(walk.onward or client.path(LISTS[entity], **since)):
        walk.answered(client.answered_at)
        records = [_record(client, entity, row, walk) for row in rows]
        if onward:
            yield walk.page(records, onward)
    end = walk.over(records, **_marks(client, cursor, walk))
    if walk.whole or entity not in LINES or not _is_due(client, cursor):
        yield end
        return
    looking = {**end.cursor, LOOKING: True, "onward": client.path(LISTS[entity], **{"from": _recent(client)})}
    yield replace(end, cursor=looking, done=False)
    yield from _look(client, entity, looking)


def _look(client: Client, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
    """The lines of the last days, whatever their stamps say: an approval need not move them."""
    after = {name: value for name, value in cursor.items() if name not in {LOOKING, "onward"}}
    walk = Walk(after, 0)
    for rows, onward in client.pages(cursor["onward"]):
        records = [_record(client, entity, row, walk) for row in rows]
        # Their stamps move no mark: what changed meanwhile outside these days is still to come.
        way = {LOOKING: True, "onward": onward} if onward else {"looked_at": client.answered_at}
        yield Page(records, after | way, done=not onward)


def _marks(client: Client, cursor: dict[str, Any], walk: Walk) -> dict[str, Any]:
    """When the whole list was read and lines were looked at last, by Harvest's clock, and whether all is due again."""
    at = client.answered_at
    if walk.whole:
        return {"whole_at": at, "looked_at": at}
    return {"whole": True} if at >= moved(cursor["whole_at"], _number(client, "whole_days", 7) * 86_400) else {}


def _is_due(client: Client, cursor: dict[str, Any]) -> bool:
    return client.answered_at >= moved(cursor["looked_at"], _number(client, "approval_seconds", 900))


def _recent(client: Client) -> str:
    back = timedelta(days=_number(client, "approval_days", 45))
    return (datetime.fromisoformat(client.answered_at) - back).date().isoformat()


def _number(client: Client, name: str, default: int) -> float:
    return float(client.connection.settings.get(name) or default)


def _record(client: Client, entity: str, row: Record, walk: Walk) -> RawRecord:
    key, stamp = str(row["id"]), stamp_of(row["updated_at"])
    if entity not in LINES:
        return walk.record(key, stamp, row)
    hours = row.get("hours" if client.connection.settings.get("hours") == "exact" else "rounded_hours")
    if entity == "time_entry" and hours is not None:
        row["minutes"] = wire.text(wire.amount(hours) * 60)
    return walk.numbered(key, stamp, row)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records a list has since the beginning of a window, less those since its end."""
    return Control(_count(client, entity, window.since) - _count(client, entity, window.until))


def _count(client: Client, entity: str, since: datetime) -> int:
    asked = {"updated_since": stamp_of(since.isoformat()), "per_page": 1}
    return client.page(client.path(LISTS[entity], **asked)).total_entries


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids: a list has no end to ask for, so the rows after the window are left out here."""
    since, until = stamp_of(window.since.isoformat()), stamp_of(window.until.isoformat())
    for rows, _ in client.pages(client.path(LISTS[entity], updated_since=since)):
        yield from (str(row["id"]) for row in rows if stamp_of(row["updated_at"]) < until)
