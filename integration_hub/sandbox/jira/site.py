"""What a site holds beside work: people, projects, issues and the properties of both."""

from __future__ import annotations

from typing import Any

from .. import stamps
from ..messages import Json, Misshapen, mapping, scalar
from ..store import Store
from .worklogs import Worklogs, refused

LONGEST_KEY, LARGEST_VALUE = 255, 32_768


class Site:
    """Writes to all of it."""

    def __init__(self, store: Store, work: Worklogs) -> None:
        self._store = store
        self._work = work
        self.records = work.jira

    # -- people -----------------------------------------------------------------------------------------------------

    def user(self, values: Json) -> Json:
        number = self._store.next("jira:user", 2)
        body = {
            "accountId": values.get("accountId") or f"557058:00000000-0000-4000-8000-{number:012d}",
            "accountType": scalar(values.get("accountType") or "atlassian", "accountType"),
            "displayName": scalar(values.get("displayName"), "displayName"),
            "emailAddress": scalar(values.get("emailAddress") or "", "emailAddress"),
            "active": bool(values.get("active", True)),
            "timeZone": scalar(values.get("timeZone") or "UTC", "timeZone"),
            "hidden": bool(values.get("hidden", False)),
        }
        self.records["users"].put(body["accountId"], body, self._store.clock.tick())
        return body

    def shown(self, body: Json) -> Json:
        """A person as others see them: the address only if they let it be seen, and of nobody who left."""
        told = {name: value for name, value in body.items() if name != "hidden"}
        if body["hidden"] or not body["active"]:
            told["emailAddress"] = ""
        return told

    # -- projects ---------------------------------------------------------------------------------------------------

    def project(self, values: Json, *, old: Json | None = None) -> Json:
        name, key = (scalar(values.get(part, (old or {}).get(part) or ""), part) for part in ("name", "key"))
        if not name or not key:
            raise refused(400, "", projectName="You must specify a valid project name.")
        taken = self.records["projects"].first("key = ?", (key,))
        if taken is not None and (old is None or taken.id != int(old["id"])):
            raise refused(400, "", projectKey=f"Project '{taken.body['name']}' uses this project key.")
        body = {
            "id": old["id"] if old else str(self._store.next("jira:project", 10000)),
            "key": key,
            "name": name,
            "description": scalar(values.get("description", (old or {}).get("description") or ""), "description"),
            "projectTypeKey": "software",
            "archived": bool(values.get("archived", (old or {}).get("archived", False))),
        }
        self.records["projects"].put(int(body["id"]), body, self._store.clock.tick())
        return body

    def project_of(self, key: str) -> Json:
        """A project by id or key, or Jira's 404."""
        found = self.records["projects"].first("CAST(id AS TEXT) = ? OR key = ?", (key, key))
        if found is None:
            raise refused(404, f"No project could be found with key '{key}'.")
        return found.body

    # -- issues -----------------------------------------------------------------------------------------------------

    def issue(self, fields: Json) -> Json:
        place = mapping(fields.get("project"), "project")
        project = self.project_of(scalar(place.get("id") or place.get("key"), "project"))
        summary = self._summary(fields)
        at, number = self._store.clock.tick(), self._store.next("jira:issue", 10001)
        body = {
            "id": str(number),
            "key": self._key(project["key"]),
            "changelog": [],
            "fields": {
                "summary": summary,
                "issuetype": {"id": "10001", "name": "Task", "subtask": False},
                "status": {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}},
                "project": {name: project[name] for name in ("id", "key", "name")},
                "created": stamps.compact(at),
                "updated": stamps.compact(at),
            },
        }
        self.records["issues"].put(number, body, at)
        return body

    @staticmethod
    def _summary(fields: Json) -> str:
        summary = scalar(fields.get("summary") or "", "summary").strip()
        if not summary or "\n" in summary or len(summary) > 255:
            raise refused(400, "", summary="You must specify a summary of the issue.")
        return summary

    def _key(self, project: str) -> str:
        return f"{project}-{self._store.next(f'jira:issues of {project}')}"

    def change_issue(self, key: str, fields: Json) -> Json:
        body = self._work.issue(key)
        if "summary" in fields:
            body["fields"]["summary"] = self._summary(fields)
        return self._touched(body)

    def move_issue(self, key: str, project: str) -> Json:
        """Into another project: the key is another, the id the same, and its worklogs do not notice."""
        body, to = self._work.issue(key), self.project_of(project)
        old, body["key"] = body["key"], self._key(to["key"])
        changes = [
            {"field": "project", "from": body["fields"]["project"]["id"], "to": to["id"]},
            {"field": "Key", "fromString": old, "toString": body["key"]},
        ]
        body["fields"]["project"] = {name: to[name] for name in ("id", "key", "name")}
        at = self._store.clock.tick()
        body["changelog"] = [{"created": stamps.compact(at), "items": changes}, *body["changelog"]]
        return self._touched(body)

    def _touched(self, body: Json) -> Json:
        at = self._store.clock.tick()
        body["fields"]["updated"] = stamps.compact(at)
        self.records["issues"].put(int(body["id"]), body, at)
        return body

    def delete_issue(self, key: str) -> None:
        """With its worklogs. No list tells of the issue."""
        body = self._work.issue(key)
        for row in self.records["worklogs"].find("issueId = ?", (int(body["id"]),)):
            self._work.remove(row.id)
        self.records["issues"].remove(int(body["id"]))

    # -- properties -------------------------------------------------------------------------------------------------

    def properties(self, owner: str) -> dict[str, Any]:
        found = self.records["properties"].find("owner = ?", (owner,))
        return {row.body["key"]: row.body["value"] for row in found}

    def put_property(self, owner: str, key: str, value: Any, size: int) -> bool:
        """Whether it is new."""
        if len(key) > LONGEST_KEY or size > LARGEST_VALUE:
            raise refused(400, "The property key or value is too long.")
        if value is None:
            raise Misshapen("a property needs a value")
        place = f"{owner}/{key}"
        new = self.records["properties"].get(place) is None
        body = {"owner": owner, "key": key, "value": value}
        self.records["properties"].put(place, body, self._store.clock.tick())
        return new

    def remove_property(self, owner: str, key: str) -> None:
        self.records["properties"].remove(f"{owner}/{key}")
