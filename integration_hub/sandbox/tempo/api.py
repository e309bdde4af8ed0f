"""Tempo's REST API v4, as far as time, timesheets and accounts are concerned."""

from __future__ import annotations

import json
from datetime import date, timedelta
from urllib.parse import urlencode

from .. import accounts, stamps
from ..jira.worklogs import TEMPO_KINDS, Worklogs, tables
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply, mapping, scalar, sequence
from ..recent import Recent
from ..tokens import bearer
from ..vendor import Vendor

LARGEST_PAGE, LARGEST_MAPPING = 5000, 500
_QUESTIONS = ("/jira-to-tempo", "/tempo-to-jira")
VERBS = {"submit": "WAITING_FOR_APPROVAL", "approve": "APPROVED", "reject": "REJECTED", "reopen": "OPEN"}
SCOPES = {"worklogs": "worklogs", "timesheet-approvals": "approvals", "periods": "periods", "teams": "teams",
          "accounts": "accounts"}  # fmt: skip


def refused(status: int, message: str) -> Refusal:
    """Tempo's complaint."""
    return Refusal(Reply(status, {"errors": [{"message": message}]}))


class Tempo(Vendor):
    """The app on one site."""

    name = "tempo"

    def install(self) -> None:
        self.store.define(TEMPO_KINDS)
        self.work = Worklogs(self.store)
        self.records = tables(self.store, TEMPO_KINDS)
        self._recent = Recent(1)

    def seed(self) -> None:
        self.tokens.grant(accounts.TEMPO_TOKEN, None)

    def clear(self) -> None:
        super().clear()
        self._recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/4/worklogs", self.worklogs),
            ("POST", "/4/worklogs", self.enter),
            ("POST", "/4/worklogs/jira-to-tempo", self.to_tempo),
            ("POST", "/4/worklogs/tempo-to-jira", self.to_jira),
            ("GET", "/4/worklogs/user/{account}", self.worklogs),
            ("GET", "/4/worklogs/issue/{issue}", self.worklogs),
            ("GET", "/4/worklogs/{id}", self.worklog),
            ("PUT", "/4/worklogs/{id}", self.change),
            ("DELETE", "/4/worklogs/{id}", self.delete),
            ("GET", "/4/periods", self.periods),
            ("GET", "/4/timesheet-approvals/waiting", self.waiting),
            ("GET", "/4/timesheet-approvals/user/{account}", self.sheet),
            ("GET", "/4/timesheet-approvals/team/{team}", self.sheets),
            ("POST", "/4/timesheet-approvals/user/{account}/{verb}", self.decide),
            ("GET", "/4/teams", self.teams),
            ("GET", "/4/teams/{team}/members", self.members),
            ("GET", "/4/accounts", self.accounts),
            ("GET", "/4/accounts/{key}", self.account),
            ("GET", "/4/accounts/{key}/links", self.links),
        ]

    # -- account and words ------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            raise refused(401, "Unauthorized")
        scope = SCOPES.get(call.path.strip("/").split("/")[1] if call.path.count("/") > 1 else "", "")
        if scope and scope in self.setting("lacking_scopes"):
            raise refused(403, "Forbidden")

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def writes(self, call: Call) -> bool:
        return super().writes(call) and not call.path.endswith(_QUESTIONS)

    def failure(self, status: int, message: str = "") -> Reply:
        return Reply(status, {"errors": [{"message": message or "Internal Server Error"}]})

    def not_found(self, call: Call) -> Reply:
        return self.failure(404, "Resource not found")

    def throttled(self) -> Reply:
        reply = self.failure(429, "Too many requests")
        reply.headers["Retry-After"] = "1"
        return reply

    def over_quota(self) -> Reply:
        return self.throttled()

    def crowded(self, call: Call) -> Reply | None:
        return self.throttled() if self._recent.another() > self.setting("calls_per_second") else None

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused(400, str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused(400, "Malformed JSON") from None

    # -- lists ------------------------------------------------------------------------------------------------------

    def _page(self, call: Call, rows: list[Json], total: int) -> Reply:
        """A page of a list that was cut already; `metadata.next` leads on."""
        start, size = self._number(call, "offset", 0), self._size(call)
        rows, total = call.shape.page(rows, total)
        metadata: Json = {"count": len(rows), "offset": start, "limit": size}
        if start + size < total:
            onward = dict(call.query) | {"offset": str(start + size), "limit": str(size)}
            metadata["next"] = f"{call.origin}{call.path}?{urlencode(onward)}"
        return Reply(200, {"self": f"{call.origin}{call.path}", "metadata": metadata, "results": rows})

    def _cut(self, call: Call, rows: list[Json]) -> Reply:
        start, size = self._number(call, "offset", 0), self._size(call)
        return self._page(call, rows[start : start + size], len(rows))

    def _size(self, call: Call) -> int:
        size = self._number(call, "limit", 50)
        if not 1 <= size <= LARGEST_PAGE:
            raise refused(400, f"limit must be between 1 and {LARGEST_PAGE}")
        return size

    @staticmethod
    def _number(call: Call, name: str, default: int) -> int:
        text = call.query.get(name) or str(default)
        if not text.isdigit() or len(text) > 18:
            raise refused(400, f"{name} must be a number")
        return int(text)

    @staticmethod
    def _day(call: Call, name: str) -> date:
        try:
            return date.fromisoformat(call.query.get(name) or "")
        except ValueError:
            raise refused(400, f"{name} must be a date such as 2026-05-01") from None

    # -- worklogs ---------------------------------------------------------------------------------------------------

    def worklogs(self, call: Call) -> Reply:
        """Worklogs of some days; `updatedFrom` is a day as well."""
        where = ["startDate BETWEEN ? AND ?"]
        params: list[object] = [self._day(call, "from").isoformat(), self._day(call, "to").isoformat()]
        if call.query.get("updatedFrom"):
            where.append("changed_ms >= ?")
            params.append(stamps.parse(self._day(call, "updatedFrom").isoformat()))
        for name, column in (("account", "author"), ("issue", "issue")):
            if name in call.params:
                where.append(f"{column} = ?")
                params.append(call.params[name])
        found, total = self.records["worklogs"].page(
            " AND ".join(where), params, limit=self._size(call), offset=self._number(call, "offset", 0)
        )
        return self._page(call, [self._shown(call, row.body) for row in found], total)

    @staticmethod
    def _shown(call: Call, body: Json) -> Json:
        """A worklog as v4 tells it: no key of its issue, no id of Jira's, no name of its author."""
        told = {name: value for name, value in body.items() if name != "jira"}
        return {"self": f"{call.origin}/4/worklogs/{body['tempoWorklogId']}", **told}

    def _one(self, call: Call) -> Json:
        found = self.records["worklogs"].get(self._key(call.params["id"]))
        if found is None:
            raise refused(404, "Worklog not found")
        return found

    @staticmethod
    def _key(text: str) -> int:
        return int(text) if text.isdigit() and len(text) < 19 else 0

    def worklog(self, call: Call) -> Reply:
        return Reply(200, self._shown(call, self._one(call)))

    def enter(self, call: Call) -> Reply:
        body = self.work.enter(mapping(call.json(), "the body"))
        call.emit(Event("worklog.created", "worklog", str(body["tempoWorklogId"])))
        return Reply(200, self._shown(call, body))

    def change(self, call: Call) -> Reply:
        body = self.work.enter(mapping(call.json(), "the body"), old=self._one(call))
        call.emit(Event("worklog.updated", "worklog", str(body["tempoWorklogId"])))
        return Reply(200, self._shown(call, body))

    def delete(self, call: Call) -> Reply:
        body = self._one(call)
        self.work.refuse_locked(body["author"]["accountId"], body["startDate"])
        self.work.remove(body["jira"])
        call.emit(Event("worklog.deleted", "worklog", call.params["id"]))
        return Reply(204)

    def to_tempo(self, call: Call) -> Reply:
        return self._mapped(call, "jiraWorklogIds", "jira")

    def to_jira(self, call: Call) -> Reply:
        return self._mapped(call, "tempoWorklogIds", "id")

    def _mapped(self, call: Call, name: str, column: str) -> Reply:
        ids = sequence(mapping(call.json(), "the body").get(name), name)
        if len(ids) > LARGEST_MAPPING:
            raise refused(400, f"{name} must have at most {LARGEST_MAPPING} ids")
        keys = [self._key(scalar(key, "an id")) for key in ids]
        found = self.records["worklogs"].find(f"{column} IN ({','.join('?' * len(keys))})", keys)
        return self._cut(call, [{"tempoWorklogId": row.id, "jiraWorklogId": row.body["jira"]} for row in found])

    # -- timesheets -------------------------------------------------------------------------------------------------

    def periods(self, call: Call) -> Reply:
        start, end = self._day(call, "from"), self._day(call, "to")
        if (end - start).days > 3700:
            raise refused(400, "The range is too long")
        found, at = [], self._period(start)
        while at[0] <= end:
            found.append({"from": at[0].isoformat(), "to": at[1].isoformat()})
            at = self._period(at[1] + timedelta(days=1))
        return Reply(200, {"self": call.origin, "metadata": {"count": len(found)}, "periods": found})

    def _period(self, day: date) -> tuple[date, date]:
        """The period a day is in: a week or a month, as the site has it."""
        if self.setting("period") == "MONTH":
            first = day.replace(day=1)
            return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)

    def sheet(self, call: Call) -> Reply:
        start, end = self._day(call, "from"), self._day(call, "to")
        self.work.user(call.params["account"])
        return Reply(200, self.work.sheet(call.params["account"], start, end, call.origin))

    def sheets(self, call: Call) -> Reply:
        start, end = self._day(call, "from"), self._day(call, "to")
        people = self._team(call)["members"]
        return self._cut(call, [self.work.sheet(account, start, end, call.origin) for account in people])

    def waiting(self, call: Call) -> Reply:
        rows = [row.body for row in self.records["approvals"].find()]
        found = [row for row in rows if row["status"]["key"] == "WAITING_FOR_APPROVAL"]
        days = [(date.fromisoformat(row["period"]["from"]), date.fromisoformat(row["period"]["to"])) for row in found]
        return self._cut(call, [self.work.sheet(row["user"]["accountId"], *span, call.origin)
                                for row, span in zip(found, days, strict=True)])  # fmt: skip

    def decide(self, call: Call) -> Reply:
        """Over the whole period the days are in."""
        if call.params["verb"] not in VERBS:
            raise Refusal(self.not_found(call))
        start, end = self._period(self._day(call, "from"))
        account, touches = call.params["account"], bool(self.setting("approval_touches_worklogs"))
        self.work.decide(account, start, end, VERBS[call.params["verb"]], touches=touches)
        call.emit(Event(f"timesheet.{call.params['verb']}", "timesheet", f"{account}/{start}"))
        return Reply(200, self.work.sheet(account, start, end, call.origin))

    # -- accounts and teams -----------------------------------------------------------------------------------------

    def teams(self, call: Call) -> Reply:
        rows = [row.body for row in self.records["teams"].find()]
        return self._cut(call, [{name: row[name] for name in ("id", "name")} for row in rows])

    def _team(self, call: Call) -> Json:
        found = self.records["teams"].get(self._key(call.params["team"]))
        if found is None:
            raise refused(404, "Team not found")
        return found

    def members(self, call: Call) -> Reply:
        return self._cut(call, [{"member": {"accountId": account}} for account in self._team(call)["members"]])

    def accounts(self, call: Call) -> Reply:
        return self._cut(call, [row.body for row in self.records["accounts"].find()])

    def _account(self, call: Call) -> Json:
        found = self.records["accounts"].first("key = ?", (call.params["key"],))
        if found is None:
            raise refused(404, "Account not found")
        return found.body

    def account(self, call: Call) -> Reply:
        return Reply(200, self._account(call))

    def links(self, call: Call) -> Reply:
        found = self.records["links"].find("account = ?", (self._account(call)["key"],))
        return self._cut(call, [{name: row.body[name] for name in ("id", "scope", "default")} for row in found])

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """`accounts` ({key, name, projects: ids it is the default of}), `teams` ({name, members}), `worklogs`."""
        match entity:
            case "accounts":
                return [self._load_account(values) for values in rows]
            case "teams":
                return [self._load_team(values) for values in rows]
            case "worklogs":
                return [str(self.work.enter(values)["tempoWorklogId"]) for values in rows]
            case _:
                raise ValueError(f"Tempo has no collection {entity!r}")

    def _load_account(self, values: Json) -> str:
        number, key = self.store.next("tempo:account"), scalar(values.get("key"), "key")
        body = {"id": number, "key": key, "name": scalar(values.get("name"), "name"),
                "status": scalar(values.get("status") or "OPEN", "status"), "global": False}  # fmt: skip
        self.records["accounts"].put(number, body, self.store.clock.tick())
        for project in sequence(values.get("projects") or [], "projects"):
            link = self.store.next("tempo:link")
            scope = {"id": int(scalar(project, "a project")), "type": "PROJECT"}
            row = {"id": link, "account": key, "scope": scope, "default": bool(values.get("default", True))}
            self.records["links"].put(link, row, self.store.clock.tick())
        return str(number)

    def _load_team(self, values: Json) -> str:
        number, members = self.store.next("tempo:team"), sequence(values.get("members") or [], "members")
        body = {"id": number, "name": scalar(values.get("name"), "name"), "members": [str(one) for one in members]}
        self.records["teams"].put(number, body, self.store.clock.tick())
        return str(number)

    def ledger(self) -> Json:
        """Counts per collection, and seconds per person."""
        names = ("author", "worklogs", "seconds", "billable")
        booked = self.store.query(
            "SELECT author, count(*), sum(json_extract(body, '$.timeSpentSeconds')),"
            " sum(json_extract(body, '$.billableSeconds')) FROM tempo_worklogs GROUP BY 1 ORDER BY 1"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.records.items()},
            "time": [dict(zip(names, row, strict=True)) for row in booked],
        }
