"""Logged work as both sides keep it: Jira's worklog, and Tempo's own record of it with what may be billed.

Tempo mirrors: whoever writes on one side writes on both. But what only one side knows moves only that side's stamp,
and a decision on a timesheet moves neither.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .. import stamps
from ..messages import Json, Misshapen, Refusal, Reply, scalar
from ..store import Column, Kind, Records, Store

JIRA_KINDS = (
    Kind("jira_users", (Column("active"),), key="TEXT"),
    Kind("jira_projects", (Column("key"), Column("archived"))),
    Kind("jira_issues", (Column("key"), Column("project", "$.fields.project.id", "INTEGER"))),
    Kind("jira_worklogs", (Column("issueId", kind="INTEGER"),)),
    Kind("jira_deleted_worklogs"),
    Kind("jira_properties", (Column("owner"), Column("key")), key="TEXT"),
)
TEMPO_KINDS = (
    Kind(
        "tempo_worklogs",
        (
            Column("jira", kind="INTEGER"),
            Column("issue", "$.issue.id", "INTEGER"),
            Column("author", "$.author.accountId"),
            Column("startDate"),
        ),
    ),
    Kind("tempo_accounts", (Column("key"),)),
    Kind("tempo_links", (Column("account"),)),
    Kind("tempo_teams"),
    Kind("tempo_approvals", (Column("account", "$.user.accountId"),), key="TEXT"),
)
LOCKED = {"WAITING_FOR_APPROVAL", "APPROVED"}


def refused(status: int, message: str, **errors: str) -> Refusal:
    """Jira's complaint."""
    return Refusal(Reply(status, {"errorMessages": [message] if message else [], "errors": errors, "status": status}))


def tables(store: Store, kinds: tuple[Kind, ...]) -> dict[str, Records]:
    """The records of some kinds by the name after their vendor's."""
    return {kind.table.partition("_")[2]: store.records(kind) for kind in kinds}


def second(ms: int) -> str:
    """Tempo's stamps: whole seconds, UTC."""
    return f"{stamps.instant(ms):%Y-%m-%dT%H:%M:%SZ}"


def document(text: str) -> Json:
    """Text in Atlassian's document format, a paragraph for each line."""
    lines = [{"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
             for line in text.split("\n")]  # fmt: skip
    return {"type": "doc", "version": 1, "content": lines}


def plain(node: Any) -> str:
    """The text of such a document."""
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "text":
        return str(node.get("text") or "")
    parts = [plain(part) for part in node.get("content") or []]
    return ("\n" if node.get("type") == "doc" else "").join(parts)


def spoken(seconds: int) -> str:
    """`1h 30m`."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return " ".join(part for part in (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "") if part) or "0m"


class Worklogs:
    """Work, written from either side."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.jira = tables(store, JIRA_KINDS)
        self.tempo = tables(store, TEMPO_KINDS)

    def issue(self, key: str) -> Json:
        """An issue by id or key, or Jira's 404."""
        found = self.jira["issues"].first("id = ? OR key = ?", (key, key))
        if found is None:
            raise refused(404, "Issue does not exist or you do not have permission to see it.")
        return found.body

    def user(self, account: str) -> Json:
        found = self.jira["users"].get(account)
        if found is None:
            raise refused(404, "Specified user does not exist or you do not have required permissions")
        return found

    def one(self, issue: str, key: str) -> Json:
        found = self.jira["worklogs"].get(int(key)) if key.isdigit() else None
        if found is None or found["issueId"] != self.issue(issue)["id"]:
            raise refused(404, f"Cannot find worklog with id: '{key}'.")
        return found

    # -- from Jira's side -------------------------------------------------------------------------------------------

    def log(self, issue: str, author: str, values: Json, *, old: Json | None = None) -> Json:
        """A new worklog of Jira's, or a change of one; Tempo hears of it."""
        of, person = self.issue(issue), self.user(author)
        seconds = values.get("timeSpentSeconds", old and old["timeSpentSeconds"])
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 60 <= seconds <= 10**7:
            raise refused(400, "", timeLogged="You must indicate the time spent working.")
        now = stamps.compact(self._store.clock.now())
        started = self._started(values.get("started") or (old["started"] if old else now))
        comment = values.get("comment", (old or {}).get("comment") or document(""))
        if not isinstance(comment, dict) or comment.get("type") != "doc":
            raise refused(400, "", comment="Operation value must be an Atlassian Document (see the API reference)")
        at, key = self._store.clock.tick(), int(old["id"]) if old else self._store.next("jira:worklog", 10001)
        named = {name: person.get(name) for name in ("accountId", "displayName", "active")}
        body = {
            "id": str(key),
            "issueId": of["id"],
            "author": named,
            "updateAuthor": named,
            "comment": comment,
            "started": stamps.compact(started),
            "timeSpent": spoken(seconds),
            "timeSpentSeconds": seconds,
            "created": old["created"] if old else stamps.compact(at),
            "updated": stamps.compact(at),
        }
        self.jira["worklogs"].put(key, body, at)
        self._mirror(key, body, started, person)
        return body

    def _started(self, text: Any) -> int:
        try:
            return stamps.parse(scalar(text, "started"))
        except ValueError:
            raise refused(400, "", started="Date is not in the format yyyy-MM-dd'T'HH:mm:ss.SSSZ") from None

    def _mirror(self, key: int, body: Json, started: int, person: Json) -> None:
        known = self.tempo["worklogs"].first("jira = ?", (key,))
        old: Json = known.body if known else {}
        local = stamps.instant(started).astimezone(ZoneInfo(person["timeZone"]))
        at, number = self._store.clock.tick(), old.get("tempoWorklogId") or self._store.next("tempo:worklog", 501)
        seconds = body["timeSpentSeconds"]
        same = old.get("billableSeconds") == old.get("timeSpentSeconds")
        billable = seconds if same else min(seconds, old["billableSeconds"])
        row = {
            "tempoWorklogId": number,
            "jira": key,
            "issue": {"id": int(body["issueId"])},
            "timeSpentSeconds": seconds,
            "billableSeconds": billable,
            "startDate": local.date().isoformat(),
            "startTime": f"{local:%H:%M:%S}",
            "description": plain(body["comment"]),
            "createdAt": old.get("createdAt") or second(at),
            "updatedAt": second(at),
            "author": {"accountId": person["accountId"]},
            "attributes": old.get("attributes") or {"values": []},
        }
        self.tempo["worklogs"].put(number, row, at)

    def remove(self, key: int) -> None:
        """Deleted on both sides; only Jira tells."""
        at = self._store.clock.tick()
        self.jira["worklogs"].remove(key)
        self.jira["deleted_worklogs"].put(key, {"worklogId": key}, at)
        if known := self.tempo["worklogs"].first("jira = ?", (key,)):
            self.tempo["worklogs"].remove(known.id)

    def move(self, key: int, issue: str) -> Json:
        """Moved to another issue: to Jira one that was deleted and another that is new, to Tempo the same one."""
        body = self.jira["worklogs"].get(key)
        if body is None:
            raise Misshapen(f"there is no worklog {key}")
        tempo = self.tempo["worklogs"].first("jira = ?", (key,))
        at, new = self._store.clock.tick(), self._store.next("jira:worklog", 10001)
        body |= {"id": str(new), "issueId": self.issue(issue)["id"], "created": stamps.compact(at)}
        self.jira["worklogs"].remove(key)
        self.jira["deleted_worklogs"].put(key, {"worklogId": key}, at)
        self.jira["worklogs"].put(new, body | {"updated": stamps.compact(at)}, at)
        if tempo is not None:
            row = tempo.body | {"jira": new, "issue": {"id": int(body["issueId"])}}
            self.tempo["worklogs"].put(tempo.id, row | {"updatedAt": second(at)}, at)
        return body

    # -- from Tempo's side ------------------------------------------------------------------------------------------

    def enter(self, values: Json, *, old: Json | None = None) -> Json:
        """A worklog entered or changed in Tempo. What Jira does not know leaves Jira's stamp alone."""
        day = scalar(values.get("startDate", (old or {}).get("startDate")), "startDate")
        author = old["author"]["accountId"] if old else scalar(values.get("authorAccountId"), "authorAccountId")
        clock = values.get("startTime") or (old or {}).get("startTime") or "09:00:00"
        try:
            stamps.day(day)
            local = stamps.instant(stamps.parse(f"{day}T{clock}"))
        except ValueError:
            raise Misshapen("startDate must be a day, startTime a time") from None
        person = self.user(author)
        self.refuse_locked(author, day)
        started = local.replace(tzinfo=ZoneInfo(person["timeZone"]))
        said = {
            "timeSpentSeconds": values.get("timeSpentSeconds", (old or {}).get("timeSpentSeconds")),
            "started": started.isoformat(),
            "comment": document(scalar(values.get("description", (old or {}).get("description") or ""), "description")),
        }
        issue = scalar(values.get("issueId", (old or {"issue": {"id": ""}})["issue"]["id"]), "issueId")
        known = self.jira["worklogs"].get(old["jira"]) if old else None
        same = known is not None and all(said[name] == known[name] for name in ("timeSpentSeconds", "comment"))
        if known is None or not same or self._started(said["started"]) != stamps.parse(known["started"]):
            known = self.log(issue, author, said, old=known)
        found = self.tempo["worklogs"].first("jira = ?", (int(known["id"]),))
        if found is None:
            raise Misshapen("the worklog is not mirrored")
        return self._billed(found.body, values)

    def _billed(self, row: Json, values: Json) -> Json:
        billable = values.get("billableSeconds", row["billableSeconds"])
        if not isinstance(billable, int) or isinstance(billable, bool) or not 0 <= billable <= 10**7:
            raise Misshapen("billableSeconds must be a number of seconds")
        at = self._store.clock.tick()
        row |= {"billableSeconds": billable, "updatedAt": second(at)}
        self.tempo["worklogs"].put(row["tempoWorklogId"], row, at)
        return row

    def refuse_locked(self, author: str, day: str) -> None:
        """What was handed in or approved is locked, in Tempo."""
        for row in self.tempo["approvals"].find("account = ?", (author,)):
            sheet = row.body
            if sheet["period"]["from"] <= day <= sheet["period"]["to"] and sheet["status"]["key"] in LOCKED:
                raise Misshapen("The timesheet of this period is submitted or approved.")

    # -- timesheets -------------------------------------------------------------------------------------------------

    def sheet(self, account: str, start: date, end: date, origin: str) -> Json:
        """Somebody's timesheet of a period; open until it is handed in. Nothing of it carries a stamp."""
        where, days = "author = ? AND startDate BETWEEN ? AND ?", (account, start.isoformat(), end.isoformat())
        spent = [row.body["timeSpentSeconds"] for row in self.tempo["worklogs"].find(where, days)]
        known = self.tempo["approvals"].get(f"{account}|{start}") or {}
        root = f"{origin}/4/timesheet-approvals/user/{account}"
        return {
            "period": {"from": start.isoformat(), "to": end.isoformat()},
            "requiredSeconds": 8 * 3600 * sum(1 for n in range((end - start).days + 1)
                                              if (start + timedelta(days=n)).weekday() < 5),
            "timeSpentSeconds": sum(spent),
            "status": known.get("status") or {"key": "OPEN"},
            "user": {"accountId": account},
            "reviewer": known.get("reviewer"),
            "actions": {verb: f"{root}/{verb}?from={start}&to={end}" for verb in ("submit", "approve")},
        }  # fmt: skip

    def decide(self, account: str, start: date, end: date, state: str, *, touches: bool) -> None:
        """A timesheet is handed in, approved, rejected or opened again; its worklogs keep their stamps unless told."""
        self.user(account)
        period = {"from": start.isoformat(), "to": end.isoformat()}
        body = {"period": period, "status": {"key": state}, "user": {"accountId": account}, "reviewer": None}
        self.tempo["approvals"].put(f"{account}|{start}", body, self._store.clock.tick())
        if not touches:
            return
        where = "author = ? AND startDate BETWEEN ? AND ?"
        for row in self.tempo["worklogs"].find(where, (account, period["from"], period["to"])):
            at = self._store.clock.tick()
            self.tempo["worklogs"].put(row.id, row.body | {"updatedAt": second(at)}, at)
