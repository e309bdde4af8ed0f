"""Clockify's workspace as feeds.

People and projects are listed whole each time: they carry no stamps. Time has no list for a whole workspace, and its
entries no stamps either, but Clockify lists what was created, updated and deleted with ids and stamps: entries are
asked for by these ids. Approval requests come latest first.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from integration_hub.connectors import tracking, wire
from integration_hub.connectors.clockify.client import Client, Record
from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.connectors.versions import Listing, Reading, Walk, moved, stamp_of

CHANGED = ("created", "updated", "deleted")
WIDER = 86_400.0
"""Seconds more than needed that changes are asked for: `start` may be read by the wall clock of some zone."""
_LATEST_FIRST = {"sort-column": "UPDATED_AT", "sort-order": "DESCENDING"}


class _Change(NamedTuple):
    """When an entry changed last, and whether it is gone."""

    at: str
    key: str
    gone: bool


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity == "resource":
        yield _listing(client, "users", {"status": "ALL", "include-roles": "true"}, cursor)
    elif entity == "project":
        yield _listing(client, "projects", {}, cursor)
    elif entity == "time_approval":
        yield from _approvals(client, Walk(cursor, overlap))
    else:
        yield from _entries(client, Reading(cursor, overlap))


def _listing(client: Client, collection: str, params: dict[str, Any], cursor: dict[str, Any]) -> Page:
    rows = client.everything(collection, params)
    listing = Listing(cursor, client.answered_at)
    if collection == "projects":
        rows = [{**row, "reference": tracking.reference_in(row.get("note"))} for row in rows]
    records = [listing.record(str(row["id"]), row) for row in rows]
    # No rows at all are rather a lost right than a firm without people: what was known stays known.
    return Page(records, {"listed": listing.listed} if rows else cursor, done=True, complete=True, whole=True)


def _entries(client: Client, reading: Reading) -> Iterator[Page]:
    """Time entries in the order of their changes: all ids first, then the entries of a page of them at a time."""
    found = _changes(client, reading.since)
    people = _People(client)
    for first in range(0, len(found), client.page_size):
        changes = found[first : first + client.page_size]
        yield reading.page(_records(client, people, changes, reading), done=False)
    yield reading.page([], done=True)


def _changes(client: Client, since: str) -> list[_Change]:
    """The latest change of each entry since a stamp, in their order.

    What changed after the first answer may be missing from the lists that were read by then, and is left to the next
    reading; the limit is a minute softer, since the clocks of answers and stamps need not agree.
    """
    start, until = moved(since, -WIDER) if since else "", ""
    latest: dict[str, _Change] = {}
    for what in CHANGED:
        for page in client.changes(what, "TIME_ENTRY", start):
            until = until or moved(client.answered_at, 60)
            for change in page:
                made = _Change(stamp_of(change.at), change.id, what == "deleted")
                if since <= made.at <= until and (change.id not in latest or latest[change.id].at <= made.at):
                    latest[change.id] = made
    return sorted(latest.values(), key=lambda change: (change.at, change.key))


def _records(client: Client, people: "_People", changes: Sequence[_Change], reading: Reading) -> list[RawRecord]:
    rows = client.entries([change.key for change in changes if not change.gone])
    requests = people.requests({str(row["approvalRequestId"]) for row in rows.values() if row.get("approvalRequestId")})
    records = []
    for change in changes:
        if change.gone:
            records.append(reading.record(change.key, change.at, {}, deleted=True))
        elif (row := rows.get(change.key)) is not None:  # else deleted since: the next reading says so
            state, decided_at = requests.get(str(row.get("approvalRequestId")), ("", ""))
            row["approval_state"] = state or ("PENDING" if row.get("approvalRequestId") else "NONE")
            _measure(row, people)
            # A decision need not move the entry: it is another state of it.
            records.append(reading.record(change.key, max(change.at, decided_at), row, moved_at=change.at))
    return records


def _measure(row: Record, people: "_People") -> None:
    """Day and minutes of an entry, once it has stopped; the day by the wall clock of its person."""
    span = row.get("timeInterval") or {}
    if not span.get("start") or not span.get("end"):
        return
    begin, end = (datetime.fromisoformat(span[name]).astimezone(UTC) for name in ("start", "end"))
    row["worked_on"] = begin.astimezone(people.zone(str(row.get("userId")))).date().isoformat()
    row["minutes"] = wire.text(wire.amount((end - begin).total_seconds()) / 60)


class _People:
    """What is looked up beside entries, once per reading."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._zones: dict[str, ZoneInfo] | None = None
        self._requests: dict[str, tuple[str, str]] = {}

    def zone(self, user: str) -> ZoneInfo:
        """The time zone of a person; UTC where nobody knows it."""
        if self._zones is None:
            rows = self._client.everything("users", {"status": "ALL", "include-roles": "false"})
            self._zones = {str(row["id"]): _zone((row.get("settings") or {}).get("timeZone")) for row in rows}
        return self._zones.get(user) or ZoneInfo("UTC")

    def requests(self, wanted: set[str]) -> dict[str, tuple[str, str]]:
        """State of approval requests and when it was reached, by id; latest first, until all are found."""
        if wanted - self._requests.keys():
            for rows, _ in self._client.pages("approval-requests", _LATEST_FIRST):
                for row in rows:
                    request = row["approvalRequest"]
                    self._requests[str(request["id"])] = (request["status"]["state"], _decided(row))
                if wanted <= self._requests.keys():
                    break
        return self._requests


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError):
        return ZoneInfo("UTC")


def _decided(row: Record) -> str:
    return stamp_of(row["approvalRequest"]["status"]["updatedAt"])


def _approvals(client: Client, walk: Walk) -> Iterator[Page]:
    """Approval requests, latest first, back to where the last reading was."""
    for rows, following in client.pages("approval-requests", _LATEST_FIRST, first=int(walk.onward or 1)):
        walk.answered(client.answered_at)
        recent = [row for row in rows if _decided(row) >= walk.since]
        records = [walk.record(str(row["approvalRequest"]["id"]), _decided(row), row) for row in recent]
        if not following or len(recent) < len(rows):
            yield walk.over(records)
            return
        yield walk.page(records, str(following))
