"""Docusign's envelopes as a feed of signatures.

A list is asked for by the day of the last change of status, and comes last modified first: what changes meanwhile
comes twice, and never not at all. A custom field that is put on an envelope later may not count as a change, so the
whole list is read at times.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from integration_hub.connectors.docusign.client import Client, Row
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Walk, moved, stamp_of

EARLIEST = "2010-01-01"
DAY = 86_400
NEWEST_FIRST = {"from_to_status": "Changed", "order_by": "last_modified", "order": "desc"}


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of the feed after the cursor."""
    walk = Walk(cursor, overlap)
    start = int(walk.onward or 0)
    asked = {**NEWEST_FIRST, "from_date": walk.since or client.setting("since", EARLIEST)}
    while True:
        found = client.page(start, asked)
        walk.answered(client.answered_at)
        records = [_record(walk, row) for row in found.envelopes]
        start += len(found.envelopes)
        if not found.envelopes or start >= found.totalSetSize:
            yield walk.over(records, **_marks(client, cursor, walk))
            return
        yield walk.page(records, str(start))


def _marks(client: Client, cursor: dict[str, Any], walk: Walk) -> dict[str, Any]:
    """When the whole list was read last, by Docusign's clock, and whether it is due again."""
    if walk.whole:
        return {"whole_at": client.answered_at}
    due = moved(cursor.get("whole_at") or cursor["high"], float(client.setting("whole_days", "7")) * DAY)
    return {"whole": True} if client.answered_at >= due else {}


def _record(walk: Walk, row: Row) -> RawRecord:
    """An envelope with its text custom fields by their names, as mappings read them."""
    told = {**row, "fields": {field["name"]: field.get("value") for field in _fields(row)}}
    record = walk.record(str(row["envelopeId"]), stamp_of(row["lastModifiedDateTime"]), told)
    return replace(record, moved_at=stamp_of(row["statusChangedDateTime"]))


def _fields(row: Row) -> list[Row]:
    fields = row["customFields"]
    return [*(fields.get("listCustomFields") or []), *(fields.get("textCustomFields") or [])]


def control(client: Client, entity: str, window: Window) -> Control:
    """What the list of a window says it holds."""
    return Control(client.page(0, {**_within(window), "count": 1}).totalSetSize)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    start, total = 0, 1
    while start < total:
        found = client.page(start, _within(window))
        yield from (str(row["envelopeId"]) for row in found.envelopes)
        start, total = start + max(len(found.envelopes), 1), found.totalSetSize


def _within(window: Window) -> dict[str, str]:
    ends = (stamp_of(end.isoformat()) for end in (window.since, window.until))
    return {**NEWEST_FIRST, **dict(zip(("from_date", "to_date"), ends, strict=True))}
