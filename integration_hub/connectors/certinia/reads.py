"""Certinia's objects as feeds, by the stamp of their own and of what they are read with.

Approving an expense report need not touch its expenses, and a split is billed without its header: such records are
asked beside the list, by a mark of their own, and what belongs to them comes again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integration_hub.connectors.certinia import timecards
from integration_hub.connectors.certinia.client import Client, Record
from integration_hub.connectors.force import soql
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Reading, moved, stamp_of
from integration_hub.mapping import queries
from integration_hub.mapping.compile import Compiled

STAMP = "SystemModstamp"
BESIDE = "beside"
"""A mark of cursors: how far the records beside the list were looked at."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Records whose changes concern those of a list: `points` leads there, to the list's `field`."""

    name: str
    points: str
    field: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One list of an object."""

    name: str
    beside: Beside | None = None


FEEDS = {
    "resource": Feed("Contact"),
    "project": Feed("pse__Proj__c"),
    "task": Feed("pse__Assignment__c"),
    "milestone": Feed("pse__Milestone__c"),
    "time_entry": Feed(timecards.HEADER, Beside(timecards.SPLIT, timecards.HEADER, "Id")),
    "time_approval": Feed(timecards.HEADER),
    "expense": Feed("pse__Expense__c", Beside("pse__Expense_Report__c", "Id", "pse__Expense_Report__c")),
}


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    listing = Listing(client, entity, Reading(cursor, overlap))
    beside = FEEDS[entity].beside
    if beside is None or not listing.looks_beside:
        yield from listing.pages()
        return
    # A first reading reads everything with what is beside it: what changes meanwhile is looked at afterwards.
    mark = str(cursor[BESIDE]) if BESIDE in cursor else _latest(client, beside)
    yield from listing.pages(mark)
    yield from _beside(listing, beside, mark, overlap)


def _latest(client: Client, beside: Beside) -> str:
    """The latest stamp of what is beside a list; the org's own, empty when there is nothing."""
    found = client.rows(soql.select(["Id", STAMP], beside.name, order=f"{STAMP} DESC LIMIT 1"))
    return stamp_of(found[0][STAMP]) if found else ""


def _beside(listing: "Listing", beside: Beside, mark: str, overlap: float) -> Iterator[Page]:
    """Records once more whose neighbours changed since the mark, and the end of the reading."""
    names = ["Id", STAMP, *({beside.points} - {"Id"})]
    # A first reading has just read all up to the mark; what was committed late is in the overlap of the next one.
    back = -0.001 if listing.whole else overlap
    asked = soql.select(names, beside.name, soql.since(moved(mark, -back) if mark else ""))
    concerned: dict[str, None] = {}
    reached = mark
    for page in listing.client.query(asked, deleted_too=True):
        concerned |= dict.fromkeys(str(row[beside.points]) for row in page.records if row.get(beside.points))
        reached = max([reached, *(stamp_of(row[STAMP]) for row in page.records)])
    for condition in soql.among(beside.field, concerned):
        yield from listing.again(condition, mark)
    yield listing.end(reached)


class Listing:
    """One reading of one list."""

    def __init__(self, client: Client, entity: str, reading: Reading) -> None:
        self.client = client
        self.entity = entity
        self.whole = reading.whole
        self._reading = reading
        self._mapping: Compiled = queries.published(client.connection.code, entity)
        self._name = FEEDS[entity].name
        self._split = timecards.of_split(self._mapping.fields) if entity == "time_entry" else []
        self._seen: set[str] = set()

    @property
    def looks_beside(self) -> bool:
        """A mapping that reads nothing of the splits needs none of their changes."""
        return bool(self._split) or self.entity != "time_entry"

    def pages(self, mark: str | None = None) -> Iterator[Page]:
        """The list in the order of its changes; with a mark, more comes after it."""
        marks = {} if mark is None else {BESIDE: mark}
        conditions = (_flagged(self.client, self.entity), soql.since(self._reading.since))
        for page in self.client.query(soql.select(self._columns(), self._name, *conditions), deleted_too=True):
            rows = [soql.plain(row) for row in page.records]
            if not self.whole:  # of a first reading, which may be of any length, too much would be kept
                self._seen.update(str(row["Id"]) for row in rows)
            yield self._reading.page(self._records(rows), done=page.done and mark is None, **marks)

    def again(self, condition: str, mark: str) -> Iterator[Page]:
        """Records of a condition that were not read just now."""
        for page in self.client.query(soql.select(self._columns(), self._name, condition), deleted_too=True):
            rows = [soql.plain(row) for row in page.records if str(row["Id"]) not in self._seen]
            yield self._reading.page(self._records(rows), done=False, **{BESIDE: mark})

    def end(self, mark: str) -> Page:
        """The end of a reading that looked beside its list as far as the mark."""
        return self._reading.page([], done=True, **{BESIDE: mark})

    def _columns(self) -> list[str]:
        fields = self._mapping.fields
        own = list(fields) if self.entity not in _TIME else timecards.asked(fields)
        parents = {name.rpartition(".")[0] for name in own} - {""}
        return soql.columns([*own, *(f"{parent}.{STAMP}" for parent in sorted(parents))], self.entity)

    def _records(self, rows: list[Record]) -> list[RawRecord]:
        if self.entity == "time_entry":
            return list(self._days(rows))
        if self.entity == "time_approval":
            rows = [_sheet(row, self._mapping) for row in rows]
        return [self._record(str(row["Id"]), *_unstamped(row), row) for row in rows]

    def _days(self, headers: list[Record]) -> Iterator[RawRecord]:
        """The days of timecards. A day that lost its hours is gone; who was never told of it need not hear that."""
        parts = timecards.splits(self.client, headers, self._split) if self._split and headers else {}
        names = {STAMP, *(name.partition(".")[0] for name in timecards.theirs(self._mapping.fields))}
        for header in headers:
            told, latest = _unstamped({name: header.get(name) for name in names})
            changed = header.get("CreatedDate") != header[STAMP]
            for number in range(7):
                key = timecards.key(header, number)
                if timecards.worked(header, number):
                    day = timecards.day_of(header, number)
                    split = timecards.split_on(day, parts.get(header["Id"], []))
                    version = max(latest, stamp_of(split[STAMP])) if split else latest
                    yield self._record(key, told | timecards.entry(header, number, day, split), version, header)
                elif changed and not self.whole:
                    yield self._record(key, {}, latest, header, deleted=True)

    def _record(self, key: str, payload: Record, version: str, row: Record, *, deleted: bool = False) -> RawRecord:
        """A record whose version is the latest stamp of all that it was read with, at its row's place in the list."""
        gone = deleted or bool(row.get("IsDeleted"))
        place, edition = stamp_of(row[STAMP]), self._mapping.version
        return self._reading.record(key, version, payload, moved_at=place, deleted=gone, edition=edition)


_TIME = {"time_entry", "time_approval"}


def _sheet(header: Record, mapping: Compiled) -> Record:
    """A timecard as what was handed in and decided."""
    names = {name.partition(".")[0] for name in timecards.theirs(mapping.fields)}
    kept = {name: header.get(name) for name in (*soql.ALWAYS, *sorted(names))}
    return kept | {"entries": timecards.entries(header)}


def _unstamped(row: Record) -> tuple[Record, str]:
    """A record without its stamps, and the latest of them, those of its parents included."""
    latest = stamp_of(row[STAMP]) if row.get(STAMP) else ""
    told = {}
    for name, value in row.items():
        if isinstance(value, dict):
            told[name], stamp = _unstamped(value)
            latest = max(latest, stamp)
        elif name != STAMP:
            told[name] = value
    return told, latest


def _flagged(client: Client, entity: str) -> str:
    """Of contacts only those that are resources."""
    flag = str(client.connection.settings.get("resource_flag") or "pse__Is_Resource__c")
    return f"{soql.checked(flag, 'resource_flag')} = true" if entity == "resource" and flag != "-" else ""


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records the org counts in a window; of timecards, their days with hours."""
    if entity == "time_entry":
        return Control(timecards.worked_days(client, soql.within(window)))
    asked = soql.count(FEEDS[entity].name, _flagged(client, entity), soql.within(window))
    (page,) = client.query(asked, deleted_too=True)
    return Control(page.totalSize, deleted_too=True)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    if entity == "time_entry":
        yield from timecards.rolled(client, soql.within(window))
        return
    asked = soql.select(["Id"], FEEDS[entity].name, _flagged(client, entity), soql.within(window), order="Id")
    for page in client.query(asked, deleted_too=True):
        yield from (str(row["Id"]) for row in page.records)
