"""Jira Cloud's REST API v3, as far as time is concerned."""

from __future__ import annotations

from urllib.parse import quote

from .. import accounts
from ..messages import Call, Event, Handler, Json, Reply, mapping, scalar, sequence
from . import search
from .account import API as _API
from .account import PERMISSIONS, Account, credential
from .site import Site
from .worklogs import JIRA_KINDS, Worklogs, refused

LARGEST_SEARCH, LARGEST_WORKLOGS, LARGEST_LIST = 5000, 1000, 100


class Jira(Account):
    """One site."""

    name = "jira"

    def install(self) -> None:
        self.store.define(JIRA_KINDS)
        self.work = Worklogs(self.store)
        self.site = Site(self.store, self.work)
        self.recent = {}

    def seed(self) -> None:
        self.tokens.grant(credential(accounts.JIRA_EMAIL, accounts.JIRA_API_TOKEN), None)
        if self.site.records["users"].get(accounts.JIRA_ACCOUNT_ID) is None:
            self.site.user({"accountId": accounts.JIRA_ACCOUNT_ID, "displayName": "Integration User",
                            "emailAddress": accounts.JIRA_EMAIL, "timeZone": "America/New_York"})  # fmt: skip

    def clear(self) -> None:
        super().clear()
        self.recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        issue, project = f"{_API}/issue/{{issue}}", f"{_API}/project/{{project}}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", f"{_API}/serverInfo", self.info),
            ("GET", f"{_API}/field", self.fields),
            ("GET", f"{_API}/myself", self.me),
            ("GET", f"{_API}/mypermissions", self.permissions),
            ("GET", f"{_API}/users/search", self.users),
            ("GET", f"{_API}/project", self.every_project),
            ("GET", f"{_API}/project/search", self.projects),
            ("GET", project, self.project),
            ("GET", f"{_API}/search", self.removed),
            ("POST", f"{_API}/search", self.removed),
            ("GET", f"{_API}/search/jql", self.found),
            ("POST", f"{_API}/search/jql", self.found),
            ("POST", f"{_API}/issue", self.create_issue),
            ("GET", issue, self.issue),
            ("PUT", issue, self.change_issue),
            ("DELETE", issue, self.delete_issue),
            ("GET", f"{issue}/worklog", self.worklogs),
            ("POST", f"{issue}/worklog", self.log),
            ("GET", f"{issue}/worklog/{{id}}", self.worklog),
            ("PUT", f"{issue}/worklog/{{id}}", self.change_worklog),
            ("DELETE", f"{issue}/worklog/{{id}}", self.delete_worklog),
            ("GET", f"{_API}/worklog/updated", self.updated),
            ("GET", f"{_API}/worklog/deleted", self.deleted),
            ("POST", f"{_API}/worklog/list", self.by_id),
        ]
        for root in (f"{issue}/properties", f"{project}/properties"):
            table += [
                ("GET", root, self.properties),
                ("GET", f"{root}/{{key}}", self.property),
                ("PUT", f"{root}/{{key}}", self.put_property),
                ("DELETE", f"{root}/{{key}}", self.delete_property),
            ]
        return table

    # -- people and projects ----------------------------------------------------------------------------------------

    def info(self, call: Call) -> Reply:
        version = {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
        return Reply(200, {"baseUrl": call.origin, **version, "buildNumber": 100294, "serverTitle": "Landscape"})

    def fields(self, call: Call) -> Reply:
        names = ("summary", "status", "issuetype", "project", "created", "updated")
        return Reply(200, [{"id": name, "key": name, "name": name.title(), "custom": False} for name in names])

    def me(self, call: Call) -> Reply:
        return Reply(200, self._mine())

    def _mine(self) -> Json:
        found: Json = self.site.records["users"].get(accounts.JIRA_ACCOUNT_ID) or {}
        return {name: value for name, value in found.items() if name != "hidden"}

    def permissions(self, call: Call) -> Reply:
        """Only what is asked for is told."""
        asked = [name for name in call.query.get("permissions", "").split(",") if name]
        if not asked or set(asked) - set(PERMISSIONS):
            raise refused(400, "The 'permissions' query parameter is required or names an unknown permission.")
        lacking = set(self.setting("lacking_permissions"))
        told = {name: {"key": name, "name": name.title().replace("_", " "), "havePermission": name not in lacking}
                for name in asked}  # fmt: skip
        return Reply(200, {"permissions": told})

    def users(self, call: Call) -> Reply:
        """Everybody who ever was here, as a bare list."""
        start, size = self._number(call, "startAt", 0), min(self._number(call, "maxResults", 50), 1000)
        found, total = self.site.records["users"].page("", (), limit=size, offset=start)
        rows, _ = call.shape.page([self.site.shown(row.body) for row in found], total)
        return Reply(200, rows)

    def every_project(self, call: Call) -> Reply:
        return Reply(200, [row.body for row in self.site.records["projects"].find("NOT archived")])

    def projects(self, call: Call) -> Reply:
        start, size = self._number(call, "startAt", 0), min(self._number(call, "maxResults", 50), LARGEST_LIST)
        where = "" if "archived" in call.query.get("status", "live") else "NOT archived"
        found, total = self.site.records["projects"].page(where, (), limit=size, offset=start)
        rows = [row.body for row in found]
        if "description" not in call.query.get("expand", ""):
            rows = [{name: value for name, value in row.items() if name != "description"} for row in rows]
        rows, total = call.shape.page(rows, total)
        page = {"startAt": start, "maxResults": size, "total": total, "isLast": start + size >= total}
        return Reply(200, {**page, "values": rows})

    def project(self, call: Call) -> Reply:
        return Reply(200, self.site.project_of(call.params["project"]))

    @staticmethod
    def _number(call: Call, name: str, default: int) -> int:
        text = call.query.get(name) or str(default)
        if not text.isdigit() or len(text) > 18:
            raise refused(400, f"{name} must be a number.")
        return int(text)

    # -- issues -----------------------------------------------------------------------------------------------------

    def removed(self, call: Call) -> Reply:
        said = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
        raise refused(410, said)

    def found(self, call: Call) -> Reply:
        """A search: ids alone unless fields are asked for, no total, and what is fresh may be missing."""
        asked = mapping(call.json(), "the body") if call.method == "POST" else dict(call.query)
        size = self._size(asked)
        now, records = self._now(), self.site.records["issues"]
        projects = {row.body["key"]: row.id for row in self.site.records["projects"].find()}
        query = search.parse(scalar(asked.get("jql") or "", "jql"), self._mine()["timeZone"], projects)
        certain = [scalar(key, "an id") for key in sequence(asked.get("reconcileIssues") or [], "reconcileIssues")]
        known = ",".join("?" * len(certain))
        query.where.append(f"(changed_ms <= ? OR CAST(id AS TEXT) IN ({known}))")
        query.params += [now - self.setting("index_ms"), *certain]
        if asked.get("nextPageToken"):
            lives = int(self.setting("search_token_seconds")) * 1000
            query.after(scalar(asked["nextPageToken"], "nextPageToken"), now, lives)
        rows = records.find(" AND ".join(query.where), query.params, order=query.order, limit=size + 1)
        shown, total = call.shape.page([row.body for row in rows[:size]], len(rows))
        body: Json = {"issues": [self._shown(call, row, asked) for row in shown], "isLast": total <= size}
        if total > size:
            last = rows[size - 1].id
            value = last if query.column == "id" else self._changed(last)
            body["nextPageToken"] = search.token(value, last, now)
        return Reply(200, body)

    def _now(self) -> int:
        """The latest instant there is: stamps run ahead of the clock when much is written at once."""
        return max(self.store.clock.now(), self.store.clock.last)

    @staticmethod
    def _size(asked: Json) -> int:
        text = scalar(asked.get("maxResults") or 50, "maxResults")
        if not text.isdigit() or len(text) > 9 or not int(text):
            raise refused(400, "maxResults must be a number.")
        return min(int(text), LARGEST_SEARCH)

    def _changed(self, key: int) -> int:
        return int(self.store.query("SELECT changed_ms FROM jira_issues WHERE id = ?", (key,))[0][0])

    @staticmethod
    def _shown(call: Call, body: Json, asked: Json) -> Json:
        fields = asked.get("fields") or []
        names = {scalar(name, "a field") for name in (fields.split(",") if isinstance(fields, str) else fields)}
        told: Json = {"id": body["id"]}
        if names - {"id"}:
            every = names & {"*all", "*navigable"}
            told |= {"key": body["key"], "self": f"{call.origin}{_API}/issue/{body['id']}"}
            told["fields"] = {name: value for name, value in body["fields"].items() if every or name in names}
        if "changelog" in str(asked.get("expand") or ""):
            told["changelog"] = {"startAt": 0, "total": len(body["changelog"]), "histories": body["changelog"]}
        return told

    def issue(self, call: Call) -> Reply:
        return Reply(200, self._shown(call, self.work.issue(call.params["issue"]), {"fields": "*all"} | call.query))

    def create_issue(self, call: Call) -> Reply:
        body = self.site.issue(mapping(mapping(call.json(), "the body").get("fields"), "fields"))
        call.emit(Event("issue.created", "issue", body["id"]))
        return Reply(201, {"id": body["id"], "key": body["key"], "self": f"{call.origin}{_API}/issue/{body['id']}"})

    def change_issue(self, call: Call) -> Reply:
        fields = mapping(mapping(call.json(), "the body").get("fields"), "fields")
        body = self.site.change_issue(call.params["issue"], fields)
        call.emit(Event("issue.updated", "issue", body["id"]))
        return Reply(204)

    def delete_issue(self, call: Call) -> Reply:
        self.site.delete_issue(call.params["issue"])
        call.emit(Event("issue.deleted", "issue", call.params["issue"]))
        return Reply(204)

    # -- worklogs ---------------------------------------------------------------------------------------------------

    def worklogs(self, call: Call) -> Reply:
        of = self.work.issue(call.params["issue"])
        start, size = self._number(call, "startAt", 0), min(self._number(call, "maxResults", 5000), 5000)
        found, total = self.site.records["worklogs"].page("issueId = ?", (int(of["id"]),), limit=size, offset=start)
        rows, total = call.shape.page([self._linked(call, row.body) for row in found], total)
        return Reply(200, {"startAt": start, "maxResults": size, "total": total, "worklogs": rows})

    def worklog(self, call: Call) -> Reply:
        return Reply(200, self._linked(call, self.work.one(call.params["issue"], call.params["id"])))

    def log(self, call: Call) -> Reply:
        body = self.work.log(call.params["issue"], accounts.JIRA_ACCOUNT_ID, mapping(call.json(), "the body"))
        call.emit(Event("worklog.created", "worklog", body["id"]))
        return Reply(201, self._linked(call, body))

    @staticmethod
    def _linked(call: Call, body: Json) -> Json:
        return {"self": f"{call.origin}{_API}/issue/{body['issueId']}/worklog/{body['id']}", **body}

    def change_worklog(self, call: Call) -> Reply:
        old = self.work.one(call.params["issue"], call.params["id"])
        values = mapping(call.json(), "the body")
        body = self.work.log(call.params["issue"], old["author"]["accountId"], values, old=old)
        call.emit(Event("worklog.updated", "worklog", body["id"]))
        return Reply(200, self._linked(call, body))

    def delete_worklog(self, call: Call) -> Reply:
        body = self.work.one(call.params["issue"], call.params["id"])
        self.work.remove(int(body["id"]))
        call.emit(Event("worklog.deleted", "worklog", body["id"]))
        return Reply(204)

    def updated(self, call: Call) -> Reply:
        return self._changes(call, "worklogs")

    def deleted(self, call: Call) -> Reply:
        return self._changes(call, "deleted_worklogs")

    def _changes(self, call: Call, kind: str) -> Reply:
        """Ids and stamps since an instant, oldest first; those of the last minute are not told yet."""
        since = self._number(call, "since", 0)
        until = self._now() - int(self.setting("quiet_seconds") * 1000)
        sql = (
            f"SELECT id, changed_ms FROM jira_{kind} WHERE changed_ms BETWEEN ? AND ?"  # noqa: S608
            " ORDER BY changed_ms, id LIMIT ?"
        )
        found = self.store.query(sql, (since, until, LARGEST_WORKLOGS + 1))
        rows, _ = call.shape.page(
            [{"worklogId": key, "updatedTime": at, "properties": []} for key, at in found[:LARGEST_WORKLOGS]],
            len(found),
        )
        last = len(found) <= LARGEST_WORKLOGS
        reached = rows[-1]["updatedTime"] if rows else since
        body: Json = {"values": rows, "since": since, "until": reached, "lastPage": last,
                      "self": f"{call.origin}{call.path}?since={since}"}  # fmt: skip
        if not last:
            body["nextPage"] = f"{call.origin}{quote(call.path)}?since={reached}"
        return Reply(200, body)

    def by_id(self, call: Call) -> Reply:
        ids = sequence(mapping(call.json(), "the body").get("ids"), "ids")
        if len(ids) > LARGEST_WORKLOGS:
            raise refused(400, "The number of worklog ids exceeds the limit of 1000.")
        found = (self.site.records["worklogs"].get(scalar(key, "an id")) for key in ids)
        rows, _ = call.shape.page([self._linked(call, row) for row in found if row is not None], 0)
        return Reply(200, rows)

    # -- properties -------------------------------------------------------------------------------------------------

    def _owner(self, call: Call) -> str:
        if "project" in call.params:
            return f"project/{self.site.project_of(call.params['project'])['id']}"
        return f"issue/{self.work.issue(call.params['issue'])['id']}"

    def properties(self, call: Call) -> Reply:
        return Reply(200, {"keys": [{"key": key} for key in self.site.properties(self._owner(call))]})

    def property(self, call: Call) -> Reply:
        known = self.site.properties(self._owner(call))
        if call.params["key"] not in known:
            raise refused(404, f"The property with key '{call.params['key']}' does not exist.")
        return Reply(200, {"key": call.params["key"], "value": known[call.params["key"]]})

    def put_property(self, call: Call) -> Reply:
        owner = self._owner(call)
        new = self.site.put_property(owner, call.params["key"], call.json(), len(call.body))
        call.emit(Event("property.updated", owner.partition("/")[0], owner.partition("/")[2]))
        return Reply(201 if new else 200, {})

    def delete_property(self, call: Call) -> Reply:
        self.site.remove_property(self._owner(call), call.params["key"])
        return Reply(204)

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """`users`, `projects`, `issues`; `worklogs` with `issue` and `author`; and what people do in the browser:
        `project_changes`, `issue_moves` ({issue, project}) and `worklog_moves` ({worklog, issue})."""
        match entity:
            case "users":
                return [str(self.site.user(values)["accountId"]) for values in rows]
            case "projects":
                return [str(self.site.project(values)["id"]) for values in rows]
            case "project_changes":
                found = [(values, self.site.project_of(str(values["project"]))) for values in rows]
                return [str(self.site.project(values, old=old)["id"]) for values, old in found]
            case "issues":
                return [str(self.site.issue(values)["id"]) for values in rows]
            case "worklogs":
                return [
                    str(self.work.log(str(one["issue"]), str(one["author"]), self._logged(one))["id"]) for one in rows
                ]
            case "issue_moves":
                return [str(self.site.move_issue(str(one["issue"]), str(one["project"]))["key"]) for one in rows]
            case "worklog_moves":
                return [str(self.work.move(int(one["worklog"]), str(one["issue"]))["id"]) for one in rows]
            case _:
                raise ValueError(f"Jira has no collection {entity!r}")

    @staticmethod
    def _logged(values: Json) -> Json:
        return {name: value for name, value in values.items() if name not in {"issue", "author"}}

    def ledger(self) -> Json:
        """Counts per collection, and seconds per project."""
        names = ("project", "worklogs", "seconds")
        booked = self.store.query(
            "SELECT i.project, count(*), sum(json_extract(w.body, '$.timeSpentSeconds'))"
            " FROM jira_worklogs w JOIN jira_issues i ON i.id = w.issueId GROUP BY 1 ORDER BY 1"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.site.records.items()},
            "time": [dict(zip(names, row, strict=True)) for row in booked],
        }
