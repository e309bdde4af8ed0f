"""Jira's and Tempo's lists as feeds. People and projects carry no stamps and are listed whole each time."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors import tracking
from integration_hub.connectors.jira import timesheets, work
from integration_hub.connectors.jira.client import Client, Record
from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.connectors.versions import Listing, Reading, stamp_of

FIELDS = ["summary", "project", "status", "issuetype", "updated"]
LONGEST_NAME = 200


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity == "resource":
        yield _listing(client, client.users(), "accountId", cursor)
    elif entity == "project":
        yield _listing(client, _projects(client), "id", cursor)
    elif entity == "task":
        yield from _issues(client, Reading(cursor, overlap))
    elif entity == "time_entry":
        yield from work.read(client, cursor, overlap)
    else:
        yield from timesheets.read(client, cursor)


def _listing(client: Client, rows: list[Record], key: str, cursor: dict[str, Any]) -> Page:
    listing = Listing(cursor, client.answered_at)
    records = [listing.record(str(row[key]), row) for row in rows]
    # No rows at all are rather a lost right than a firm without people: what was known stays known.
    return Page(records, {"listed": listing.listed} if rows else cursor, done=True, complete=True, whole=True)


def _projects(client: Client) -> list[Record]:
    """Projects with the contract they name: a line of their description, else the key of their default account."""
    rows = [{**row, "reference": tracking.reference_in(row.get("description"))} for row in client.projects()]
    if all(row["reference"] for row in rows):
        return rows
    accounts = client.tempo.default_accounts()
    return [{**row, "reference": row["reference"] or accounts.get(str(row["id"]), "")} for row in rows]


def _issues(client: Client, reading: Reading) -> Iterator[Page]:
    """Issues in the order of their changes. Deleted ones are in no list."""
    for rows, last in client.changed_issues(reading.since, FIELDS):
        yield reading.page([_issue(row, reading) for row in rows], done=last)


def _issue(row: Record, reading: Reading) -> RawRecord:
    """An issue by its id: its key is another one after it moved."""
    told = {name: value for name, value in row.items() if name not in {"changelog", "self", "expand"}}
    told["title"] = f"{row.get('key', '')} {row['fields'].get('summary') or ''}".strip()[:LONGEST_NAME]
    return reading.record(str(row["id"]), stamp_of(row["fields"]["updated"]), told)
