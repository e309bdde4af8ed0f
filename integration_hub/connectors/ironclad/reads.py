"""Ironclad's lists as feeds.

Records are listed in the order of their changes. Workflows are filtered by their change and listed in no order, and of
counterparties nothing is asked but the newest first: their marks move when a list is over (`versions.Walk`). No list
tells what was deleted.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from integration_hub.connectors.ironclad.client import Client, Row
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Reading, Walk, moved, stamp_of

TYPES = {"contract": "contract_types", "amendment": "amendment_types"}
"""Feed of records → the setting with its record types."""
NEWEST_FIRST = {"sortField": "lastUpdated", "sortDirection": "DESC"}
EVERY_STATE = {"status": "active,paused,completed,cancelled"}
"""Without it only workflows in flight are listed."""


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in TYPES:
        return _records(client, entity, Reading(cursor, overlap))
    return _walked(client, entity, Walk(cursor, overlap))


def _records(client: Client, entity: str, reading: Reading) -> Iterator[Page]:
    for stretch in client.changed("records", _types(client, entity), reading.since):
        records = [_record(reading, row) for row in stretch.rows]
        page = reading.page(records, done=stretch.over)
        yield replace(page, complete=False) if stretch.short else page


def _types(client: Client, entity: str) -> dict[str, str]:
    named = [name.strip() for name in client.setting(TYPES[entity]).split(",")]
    return {"types": ",".join(name for name in named if name)}


def _record(reading: Reading | Walk, row: Row) -> RawRecord:
    return reading.record(str(row["id"]), stamp_of(row["lastUpdated"]), row)


def _walked(client: Client, entity: str, walk: Walk) -> Iterator[Page]:
    """A list by numbers of pages: what moves while it is read comes twice, and never not at all."""
    number = int(walk.onward or 0)
    while True:
        rows, more = _walk_page(client, entity, number, walk.since)
        walk.answered(client.answered_at)
        records = [_record(walk, row) for row in rows]
        if not more:
            yield walk.over(records)
            return
        number += 1
        yield walk.page(records, str(number))


def _walk_page(client: Client, entity: str, number: int, since: str) -> tuple[list[Row], bool]:
    """Rows of a page that changed since a stamp, and whether there may be more."""
    if entity == "signature":
        asked = {**EVERY_STATE, **({"lastUpdated": since} if since else {})}
        found = client.page("workflows", number, asked)
        return found.rows, bool(found.rows) and (number + 1) * client.page_size < found.count
    found = client.page("entities", number, NEWEST_FIRST)
    rows = [row for row in found.rows if stamp_of(row["lastUpdated"]) >= since]
    return rows, len(rows) == client.page_size


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records have changed since the beginning of a window, less those since its end."""
    if entity == "customer":  # their count is of a page
        return Control(sum(1 for _ in roll(client, entity, window)))
    since, until = (stamp_of(end.isoformat()) for end in (window.since, window.until))
    return Control(_count(client, entity, since) - _count(client, entity, until))


def _count(client: Client, entity: str, since: str) -> int:
    collection, params = ("workflows", EVERY_STATE) if entity == "signature" else ("records", _types(client, entity))
    return client.page(collection, 0, {**params, "lastUpdated": since}, size=1).count


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids: a list has no end to ask for, so what changed after the window is left out here."""
    since, until = (stamp_of(end.isoformat()) for end in (window.since, window.until))
    for row in _rows(client, entity, since):
        if since <= stamp_of(row["lastUpdated"]) < until:
            yield str(row["id"])


def _rows(client: Client, entity: str, since: str) -> Iterator[Row]:
    if entity in TYPES:
        for stretch in client.changed("records", _types(client, entity), moved(since, -0.001)):
            yield from stretch.rows
        return
    number, more = 0, True
    while more:
        rows, more = _walk_page(client, entity, number, since)
        yield from rows
        number += 1
