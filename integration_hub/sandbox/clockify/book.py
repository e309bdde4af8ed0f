"""What a workspace holds, and how it changes: records, the lists of changes, approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .. import accounts, stamps
from ..messages import Json, Refusal, Reply, scalar
from ..store import Column, Kind, Store

KINDS = (
    Kind("clockify_users", key="TEXT"),
    Kind("clockify_clients", (Column("name"),), key="TEXT"),
    Kind("clockify_projects", (Column("name"),), key="TEXT"),
    Kind("clockify_time_entries", (Column("userId"), Column("start", "$.timeInterval.start")), key="TEXT"),
    Kind("clockify_approval_requests", key="TEXT"),
    Kind("clockify_changes", (Column("what"), Column("documentCode")), key="TEXT"),
)
STATES = ("PENDING", "APPROVED", "REJECTED", "WITHDRAWN_SUBMISSION", "WITHDRAWN_APPROVAL")


def refused(message: str, *, code: int = 501, status: int = 400) -> Refusal:
    """Clockify's complaint; 501 stands for almost everything, records that do not exist among it."""
    return Refusal(Reply(status, {"message": message, "code": code}))


def stamp(ms: int) -> str:
    """Whole seconds, UTC."""
    return f"{stamps.instant(ms):%Y-%m-%dT%H:%M:%SZ}"


class Book:
    """Writes to the workspace."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.define(KINDS)
        self.records = {kind.table.removeprefix("clockify_"): store.records(kind) for kind in KINDS}

    def body(self, collection: str, key: str) -> Json:
        """A record; refused with 400 when it is not there."""
        found = self.records[collection].get(key)
        if found is None:
            raise refused(f"{collection.capitalize()} doesn't belong to Workspace")
        return found

    def user(self, values: Json, *, key: str = "") -> Json:
        zone = scalar(values.get("timeZone", "UTC"), "timeZone")
        body = {
            "id": key or self._id(),
            "name": scalar(values.get("name"), "name"),
            "email": scalar(values.get("email"), "email"),
            "status": "ACTIVE",
            "activeWorkspace": accounts.CLOCKIFY_WORKSPACE_ID,
            "settings": {"timeZone": zone, "weekStart": "MONDAY"},
        }
        return self._put("users", body)

    def client(self, values: Json) -> Json:
        body = {"id": self._id(), "name": self._name("clients", values), "archived": False, "note": None}
        return self._put("clients", body | {"workspaceId": accounts.CLOCKIFY_WORKSPACE_ID})

    def project(self, values: Json, *, old: Json | None = None) -> Json:
        """A new project, or one in the place of another: what a change leaves out is lost."""
        if old is not None and not {"billable", "isPublic"} <= values.keys():
            raise refused("billable and isPublic are required")
        body: Json = {
            "id": old["id"] if old else self._id(),
            "name": self._name("projects", values, but=old["id"] if old else ""),
            "clientId": values.get("clientId") or "",
            "billable": bool(values.get("billable", True)),
            "public": bool(values.get("isPublic", False)),
            "archived": bool(values.get("archived", False)) and old is not None,
            "color": values.get("color") or "#03A9F4",
            "note": scalar(values.get("note") or "", "note"),
            "hourlyRate": old["hourlyRate"] if old else None,
            "template": False,
            "workspaceId": accounts.CLOCKIFY_WORKSPACE_ID,
        }
        if body["clientId"]:
            body["clientName"] = self.body("clients", scalar(body["clientId"], "clientId"))["name"]
        return self._put("projects", body)

    def _name(self, collection: str, values: Json, *, but: str = "") -> str:
        name = scalar(values.get("name") or "", "name").strip()
        if not 2 <= len(name) <= 250:
            raise refused("Name has to be between 2 and 250 characters long")
        if self.records[collection].first("name = ? AND id <> ?", (name, but)):
            raise refused(f"{collection.removesuffix('s').capitalize()} with name '{name}' already exists")
        return name

    # -- time -------------------------------------------------------------------------------------------------------

    def entry(self, user: str, values: Json, *, old: Json | None = None) -> Json:
        """A new time entry of a person, or one in the place of another."""
        self.body("users", user)
        if old is not None and old["isLocked"]:
            raise refused("Time entry is locked")
        begin, end = (self._instant(values, name) for name in ("start", "end"))
        if begin is None or (end is not None and end < begin):
            raise refused("Start has to be before end")
        if values.get("projectId"):
            self.body("projects", scalar(values["projectId"], "projectId"))
        span: Json = {"start": stamp(begin), "end": None, "duration": None}
        if end is not None:
            minutes = (end - begin) // 60_000
            span |= {"end": stamp(end), "duration": f"PT{minutes // 60}H{minutes % 60}M"}
        body: Json = {
            "id": old["id"] if old else self._id(),
            "userId": user,
            "workspaceId": accounts.CLOCKIFY_WORKSPACE_ID,
            "projectId": values.get("projectId"),
            "taskId": values.get("taskId"),
            "billable": bool(values.get("billable", False)),
            "description": scalar(values.get("description") or "", "description"),
            "timeInterval": span,
            "type": scalar(values.get("type") or "REGULAR", "type"),
            "isLocked": False,
            "approvalRequestId": old["approvalRequestId"] if old else None,
            "customFieldValues": [],
            "hourlyRate": None,
        }
        return self._put("time_entries", body, told="TIME_ENTRY")

    def remove_entry(self, key: str) -> None:
        body = self.body("time_entries", key)
        if body["isLocked"]:
            raise refused("Time entry is locked")
        self.records["time_entries"].remove(key)
        self._tell("TIME_ENTRY", "deleted", key)

    @staticmethod
    def _instant(values: Json, name: str) -> int | None:
        if not values.get(name):
            return None
        try:
            return stamps.parse(scalar(values[name], name))
        except (ValueError, OverflowError):
            raise refused(f"{name} is not an instant") from None

    # -- approval ---------------------------------------------------------------------------------------------------

    def submit(self, user: str, kind: str, values: Json, *, touches: bool) -> Json:
        """A person's week is handed in."""
        owner = self.body("users", user)
        begin = self._instant(values, "periodStart")
        if begin is None:
            raise refused("periodStart is missing")
        end = stamps.instant(begin) + timedelta(days=7)
        where = "userId = ? AND start >= ? AND start < ?"
        rows = self.records["time_entries"].find(where, (user, stamp(begin), f"{end:%Y-%m-%dT%H:%M:%SZ}"))
        request = {
            "id": self._id(),
            "workspaceId": accounts.CLOCKIFY_WORKSPACE_ID,
            "owner": {"userId": user, "userName": owner["name"], "timeZone": owner["settings"]["timeZone"]},
            "dateRange": {"start": stamp(begin), "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"},
            "type": kind,
        }
        item = {"id": request["id"], "approvalRequest": request, "entries": [{"id": row.id} for row in rows]}
        return self._decide(item, "PENDING", touches)

    def decide(self, key: str, state: str, *, touches: bool) -> Json:
        """A manager approves, rejects or takes back."""
        if state not in STATES:
            raise refused(f"{state} is not a state")
        return self._decide(self.body("approval_requests", key), state, touches)

    def _decide(self, item: Json, state: str, touches: bool) -> Json:
        at = self._store.clock.tick()
        request = item["approvalRequest"]
        request["status"] = {"state": state, "updatedAt": stamp(at), "updatedBy": accounts.CLOCKIFY_USER_ID, "note": ""}
        self.records["approval_requests"].put(item["id"], item, at)
        gone = state.startswith("WITHDRAWN") or state == "REJECTED"
        for entry in item["entries"]:
            if (body := self.records["time_entries"].get(entry["id"])) is None:
                continue
            body |= {"approvalRequestId": None if gone else item["id"], "isLocked": state == "APPROVED"}
            if touches:
                self._put("time_entries", body, told="TIME_ENTRY")
            else:
                self.records["time_entries"].put_quietly(body["id"], body)
        answer: Json = request
        return answer

    # -- keeping ----------------------------------------------------------------------------------------------------

    def _id(self) -> str:
        return f"{self._store.next('clockify:id'):024x}"

    def _put(self, collection: str, body: Json, *, told: str = "") -> Json:
        new = self.records[collection].get(body["id"]) is None
        self.records[collection].put(body["id"], body, self._store.clock.tick())
        if told:
            self._tell(told, "created" if new else "updated", body["id"])
        return body

    def _tell(self, document: str, what: str, key: str) -> None:
        """Note a change; what is gone is in no other list any more."""
        changes, at = self.records["changes"], self._store.clock.tick()
        if what == "deleted":
            for earlier in ("created", "updated"):
                changes.remove(f"{earlier}:{key}")
        audit: dict[str, Any] = {"createdAt": stamp(at), "updatedAt": stamp(at)}
        body = {"what": what, "documentCode": document, "id": key, "auditMetadata": audit}
        changes.put(f"{what}:{key}", body, at)
