"""Logged work as a feed: ids of what changed from Jira, what may be billed from Tempo, the project from the issue.

Four things move an entry, and each has a mark of its own in the cursor: a change of the worklog (Jira's list, in
order), a change only Tempo knows (its list by day), an issue that moved to another project (which its worklogs do not
notice), and a deletion (Jira's list). Only the first one's stamps order the feed. Approval is no part of an entry: it
is the timesheet's, and a feed of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.jira.client import Client, Record
from integration_hub.connectors.jira.payloads import JiraWorklog, TempoWorklog
from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.connectors.versions import Reading, moved, stamp_of

EVER = ("2000-01-01", "2100-01-01")
GAP = timedelta(days=7)
"""Days between two stretches of work that are asked for apart."""
DAY = 86_400.0
_SEEN = 2000
MARKS = ("tempo_at", "moved_at", "deleted_at")


def read(client: Client, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of the feed after the cursor."""
    work = _Work(client, Reading(cursor, overlap), overlap, dict(cursor.get("seen") or {}))
    marks = {name: str(cursor.get(name) or "") for name in MARKS}
    for changes in client.changes("updated", work.reading.since):
        marks = {name: mark or moved(client.answered_at, -overlap) for name, mark in marks.items()}
        for chunk in _cut(changes, client.page_size):
            yield work.reading.page(work.changed(chunk), done=False, seen=work.kept(), **marks)
    late = [*work.known_to_tempo(marks), *work.of_moved_issues(marks), *work.deleted(marks)]
    for records in _cut(late, client.page_size):
        yield work.reading.page(records, done=False, seen=work.kept(), **marks)
    yield work.reading.page([], done=True, seen=work.kept(), **marks)


@dataclass(slots=True)
class _Work:
    """One reading: what it has delivered, and what is looked up beside worklogs."""

    client: Client
    reading: Reading
    overlap: float
    seen: dict[str, list[str]]
    """Stamp and version of entries of the last minutes, by id: the overlap need not bring them again."""
    done: set[str] = field(default_factory=set)
    projects: dict[str, tuple[str, str]] = field(default_factory=dict)

    def changed(self, changes: list[tuple[str, str]]) -> list[RawRecord]:
        """Entries that Jira says were changed, in the order of its list."""
        at = {key: stamp for stamp, key in changes}
        entries = self._entries(self.client.worklogs(list(at)))
        return self._new(self.reading.record(key, max(stamp, at[key]), row, moved_at=at[key])
                         for key, (stamp, row) in sorted(entries.items(), key=lambda item: at[item[0]]))  # fmt: skip

    def known_to_tempo(self, marks: dict[str, str]) -> list[RawRecord]:
        """Entries that were changed in Tempo, say in what may be billed; Jira's stamp may not move with that."""
        since = moved(marks["tempo_at"], -self.overlap)
        rows = [
            row
            for page in self.client.tempo.worklogs(*EVER, updated_from=moved(since, -DAY)[:10])
            for row in page
            if stamp_of(row.updated) >= since
        ]
        marks["tempo_at"] = max([marks["tempo_at"], *(stamp_of(row.updated) for row in rows)])
        return self._late(set(self.client.tempo.to_jira(row.id for row in rows).values()))

    def of_moved_issues(self, marks: dict[str, str]) -> list[RawRecord]:
        """Entries of issues that moved to another project."""
        since, ids = moved(marks["moved_at"], -self.overlap), set[str]()
        for issues, _ in self.client.changed_issues(since, ["project", "updated"]):
            for issue in issues:
                marks["moved_at"] = max(marks["moved_at"], stamp_of(issue["fields"]["updated"]))
                self.projects[str(issue["id"])] = _place(issue)
                if _place(issue)[1] >= since:
                    ids.update(row.id for row in self.client.worklogs_of(str(issue["id"])))
        return self._late(ids)

    def deleted(self, marks: dict[str, str]) -> list[RawRecord]:
        """Tombstones. Their stamps are not the feed's: what changed meanwhile is still to come."""
        found = [change for page in self.client.changes("deleted", moved(marks["deleted_at"], -self.overlap))
                 for change in page]  # fmt: skip
        marks["deleted_at"] = max([marks["deleted_at"], *(stamp for stamp, _ in found)])
        return [RawRecord(key, f"{stamp}.00", {}, deleted=True, moved_at=stamp) for stamp, key in found]

    def _late(self, ids: set[str]) -> list[RawRecord]:
        """Entries out of the feed's order; they move no mark of it."""
        records: list[RawRecord] = []
        for chunk in _cut(sorted(ids - self.done, key=int), self.client.page_size):
            logs = self.client.worklogs(chunk)
            at = {log.id: stamp_of(log.updated) for log in logs}
            entries = self._entries(logs)
            records += self._new(self.reading.tail.record(key, max(stamp, at[key]), row, moved_at=at[key])
                                 for key, (stamp, row) in entries.items())  # fmt: skip
        return records

    def _new(self, records: Iterable[RawRecord]) -> list[RawRecord]:
        """Those that were not delivered yet as they are."""
        fresh = []
        for record in records:
            self.done.add(record.source_id)
            known = self.seen.get(record.source_id)
            if known is None or known[1] != record.version:
                self.seen[record.source_id] = [record.version[:24], record.version]
                fresh.append(record)
        return fresh

    def kept(self) -> dict[str, list[str]]:
        """What the next reading need not bring again."""
        if not self.reading.high:
            return {}
        again = moved(self.reading.high, -self.overlap - 60)
        rows = [item for item in self.seen.items() if item[1][0] >= again]
        self.seen = dict(sorted(rows, key=lambda item: item[1])[-_SEEN:])
        return self.seen

    # -- what belongs to a worklog ----------------------------------------------------------------------------------

    def _entries(self, logs: list[JiraWorklog]) -> dict[str, tuple[str, Record]]:
        """Worklogs with all that belongs to them and the latest stamp of it, by id."""
        tempo = self._tempo(logs)
        self._look_up({log.issue for log in logs})
        found = {}
        for log in logs:
            project, moved_at = self.projects.get(log.issue, ("", ""))
            mirrored = tempo.get(log.id)
            row = {**log.row, "project_id": project or None, "tempo": mirrored and mirrored.row}
            if mirrored is not None:
                row["minutes"] = self._minutes(mirrored)
            found[log.id] = (max(moved_at, stamp_of(mirrored.updated) if mirrored else ""), row)
        return found

    def _minutes(self, row: TempoWorklog) -> str:
        """What is billed of it, unless the connection counts what was spent; exact."""
        spent = self.client.connection.settings.get("hours") == "spent" or not row.billable
        return wire.text(wire.amount(row.spent if spent else row.billable) / 60)

    def _tempo(self, logs: list[JiraWorklog]) -> dict[str, TempoWorklog]:
        """Tempo's records of worklogs, by Jira's id: asked for by the days they are of."""
        mapped = self.client.tempo.to_tempo(log.id for log in logs)
        found = {}
        for first, last in _stretches({date.fromisoformat(log.started[:10]) for log in logs}):
            for page in self.client.tempo.worklogs(first.isoformat(), last.isoformat()):
                found.update({mapped[row.id]: row for row in page if row.id in mapped})
        return found

    def _look_up(self, issues: set[str]) -> None:
        """The project of each issue and when it came into it; what search does not know yet is asked for by id."""
        for chunk in _cut(sorted(issues - self.projects.keys()), 100):
            for rows, _ in self.client.search(f"id in ({','.join(chunk)}) ORDER BY id ASC", ["project"]):
                self.projects.update({str(row["id"]): _place(row) for row in rows})
            for key in set(chunk) - self.projects.keys():
                if (row := self.client.issue(key)) is not None:
                    self.projects[key] = _place(row)


def _place(issue: Record) -> tuple[str, str]:
    """The project an issue is in and the stamp of its last move, empty when it never moved."""
    histories = (issue.get("changelog") or {}).get("histories") or []
    stamps = [stamp_of(one["created"]) for one in histories
              if any(item.get("field") == "project" for item in one.get("items") or [])]  # fmt: skip
    return str(((issue.get("fields") or {}).get("project") or {}).get("id") or ""), max(stamps, default="")


def _stretches(days: set[date]) -> Iterator[tuple[date, date]]:
    """Days as few stretches, a day wider on both sides: Jira's day is that of another zone."""
    first = last = None
    for day in sorted(days):
        if first is not None and last is not None and day - last > GAP:
            yield first - timedelta(days=1), last + timedelta(days=1)
            first = None
        first, last = first or day, day
    if first is not None and last is not None:
        yield first - timedelta(days=1), last + timedelta(days=1)


def _cut(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
