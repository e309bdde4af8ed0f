"""Kantata's lists as feeds: who and what is looked up beside the records, and which stamp is a record's version."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.kantata.client import SERVICE, Client, Record
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Reading, moved, stamp_of


@dataclass(frozen=True, slots=True)
class Feed:
    """One list: its default filters switched off, and what is added to its records."""

    collection: str
    params: dict[str, str] = field(default_factory=dict)
    submissions: str = ""
    """Collection of the submissions that approve these lines."""
    referenced: bool = False
    """Whether our external references belong to the record."""


FEEDS = {
    "resource": Feed("users", {"on_my_account": "true"}),
    "project": Feed("workspaces", {"include_archived": "true"}, referenced=True),
    "task": Feed("stories", {"story_type": "task,deliverable,issue", "include_archived": "true"}),
    "milestone": Feed("stories", {"story_type": "milestone", "include_archived": "true"}, referenced=True),
    "time_entry": Feed("time_entries", {"from_archived_workspaces": "true"}, "timesheet_submissions"),
    "time_approval": Feed("timesheet_submissions"),
    "expense": Feed("expenses", {"from_archived_workspaces": "true"}, "expense_report_submissions"),
}
_STRICT = {"timesheet_submissions", "expense_report_submissions"}
"""Lists whose contract names only `date` as an order."""


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    reading = Reading(cursor, overlap)
    pages = _expenses(client, reading, cursor, overlap) if entity == "expense" else _changed(client, entity, reading)
    if entity not in DELETIONS or client.connection.settings.get("deletions") == "none":
        yield from pages
        return
    known = str(cursor.get("deletions") or "")
    for page in pages:
        yield Page(page.records, {**page.cursor, "deletions": known}, done=False, whole=page.whole)
    yield _deleted(client, entity, reading, page, known)


DELETIONS = {"time_entry": "TimeEntry", "expense": "Expense"}
"""Lists say nothing of what was deleted for good; the events do, for nine days."""


def _changed(client: Client, entity: str, reading: Reading) -> Iterator[Page]:
    for rows, last in _batches(client, FEEDS[entity], reading.since):
        yield reading.page(_records(client, entity, rows, reading), done=last)


def _deleted(client: Client, entity: str, reading: Reading, last: Page, known: str) -> Page:
    """Tombstones of what was deleted since the last reading. Nothing can be missed before a first reading."""
    params = {"event_types": f"{entity}:deleted", "order": "created_at:asc"}
    if known:
        params["created_after"] = moved(known, -OVERLAP)
    events = [row for row in client.everything("subscribed_events", params) if row["subject_type"] == DELETIONS[entity]]
    marks = [stamp_of(event["created_at"]) for event in events]
    records = [_tombstone(entity, event) for event in events]
    cursor = {**last.cursor, "deletions": max([known, reading.high, *marks])}
    return Page(records, cursor, done=True, complete=last.complete, whole=last.whole)


def _tombstone(entity: str, event: Record) -> RawRecord:
    gone = dict(event.get("previous_payload") or {})
    if entity == "expense" and "amount_in_cents" in gone:
        gone["amount"] = wire.from_subunits(gone["amount_in_cents"], gone["currency"])
    version = f"{stamp_of(event['subject_changed_at'])}.00"
    moved_at = stamp_of(event["subject_changed_at"])
    return RawRecord(str(event["subject_id"]), version, gone, deleted=True, moved_at=moved_at)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records the list of a feed has in a window; deleted ones are in no list."""
    feed = FEEDS[entity]
    return Control(client.page(feed.collection, {**_changed_in(feed, window), "per_page": 1}).count)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    feed = FEEDS[entity]
    order = "date:asc" if feed.collection in _STRICT else "updated_at:asc"
    yield from {
        str(row["id"]) for row in client.everything(feed.collection, _changed_in(feed, window) | {"order": order})
    }


def _changed_in(feed: Feed, window: Window) -> dict[str, Any]:
    """Filters of a list; both of Kantata's bounds are exclusive."""
    since, until = stamp_of(window.since.isoformat()), stamp_of(window.until.isoformat())
    return {**feed.params, "updated_after": moved(since, -0.001), "updated_before": until}


OVERLAP = 600.0
"""Events may come late; what is read twice is recognised."""


def _batches(client: Client, feed: Feed, since: str) -> Iterator[tuple[list[Record], bool]]:
    if feed.collection not in _STRICT or client.connection.settings.get("submission_order") == "updated_at":
        yield from client.changed(feed.collection, feed.params, since)
        return
    # Sorted by date only: the window is read to its end and put in order of change here.
    window = {"updated_after": since} if since else {}
    rows = client.everything(feed.collection, {**feed.params, **window, "order": "date:asc"})
    unique = {row["id"]: row for row in rows}
    yield sorted(unique.values(), key=lambda row: (stamp_of(row["updated_at"]), int(row["id"]))), True


def _expenses(client: Client, reading: Reading, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Expenses, and again those whose report was decided: a decision does not touch the expense's own stamp."""
    feed, decided = FEEDS["expense"], str(cursor.get("decided") or "")
    for rows, _ in client.changed(feed.collection, feed.params, reading.since):
        yield reading.page(_records(client, "expense", rows, reading), done=False, decided=decided)
    ids: list[str] = []
    for reports, _ in _batches(client, Feed(feed.submissions), moved(decided, -overlap) if decided else ""):
        decided = max([decided, *(stamp_of(row["updated_at"]) for row in reports)])
        ids += [str(key) for report in reports for key in report.get("expense_ids") or []]
    # On a first reading every expense was just read, with its report.
    found = client.only(feed.collection, ids, feed.params) if cursor else {}
    yield reading.page(_records(client, "expense", list(found.values()), reading), done=True, decided=decided)


def _records(client: Client, entity: str, rows: list[Record], reading: Reading) -> list[RawRecord]:
    """Rows with what belongs to them, and their versions."""
    if not rows:
        return []
    feed = FEEDS[entity]
    if feed.submissions:
        _attach_submissions(client, feed, rows)
    if entity in {"resource", "time_entry"}:
        _attach_roles(client, rows)
    if feed.referenced:
        _attach_references(client, rows)
    if entity == "milestone":
        _attach_acceptance(client, rows)
    return [_record(entity, row, reading) for row in rows]


def _record(entity: str, row: Record, reading: Reading) -> RawRecord:
    moved_at = stamp = stamp_of(row["updated_at"])
    if submission := row.get("submission"):
        # Deciding a submission changes the line without its stamp; the submission's stamp moves instead.
        stamp = max(stamp, stamp_of(submission["updated_at"]))
    if entity == "expense":
        row = {**row, "amount": wire.from_subunits(row["amount_in_cents"], row["currency"])}
    return reading.record(str(row["id"]), stamp, row, moved_at=moved_at, deleted=bool(row.get("deleted_at")))


def _attach_submissions(client: Client, feed: Feed, rows: list[Record]) -> None:
    names: tuple[str, ...] = ("id", "status", "updated_at")
    if feed.submissions == "expense_report_submissions":
        names += ("current_resolution_creator_id",)
    found = client.only(feed.submissions, (row.get("recent_submission_id") for row in rows))
    for row in rows:
        submission = found.get(str(row.get("recent_submission_id")))
        row["submission"] = submission and {name: submission.get(name) for name in names}


def _attach_roles(client: Client, rows: list[Record]) -> None:
    names = client.role_names(row.get("role_id") for row in rows)
    for row in rows:
        row["role_name"] = names.get(str(row.get("role_id")))


def _attach_references(client: Client, rows: list[Record]) -> None:
    ids = [key for row in rows for key in row.get("external_reference_ids") or []]
    found = client.only("external_references", ids)
    names = ("service_name", "service_model", "service_model_ref", "external_link")
    for row in rows:
        # Only ours: others come and go without moving the record's stamp, as if one version had two contents.
        keys = [str(key) for key in row.pop("external_reference_ids", None) or []]
        ours = [found[key] for key in keys if found.get(key, {}).get("service_name") == SERVICE]
        row["external_references"] = [{name: ref.get(name) for name in names} for ref in ours]


_ACCEPTED = {"completed", "approved"}


def _attach_acceptance(client: Client, rows: list[Record]) -> None:
    """When a milestone was accepted. Kantata has no field for it; a setting says what takes its place."""
    place = client.connection.settings.get("acceptance_date") or "due_date"
    for row in rows:
        if row.get("state") not in _ACCEPTED:
            continue
        found = row.get("due_date") if place == "due_date" else _reached(client, row) if place == "event" else ""
        row["accepted_at"] = found or row["updated_at"]


def _reached(client: Client, row: Record) -> str:
    """The event of the change to the state; events are kept for days only."""
    params = {"event_types": "story:updated,story:created", "subject_id": row["id"], "order": "created_at:asc"}
    reached = ""
    for event in client.everything("subscribed_events", params):
        before_after = (event.get("payload_changes") or {}).get("state")
        if event.get("subject_type") == "Story" and before_after and before_after[1] == row["state"]:
            reached = max(reached, str(event["subject_changed_at"]))
    return reached
