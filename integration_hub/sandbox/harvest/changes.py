"""Creating, changing, approving and deleting records, with the vendor's validations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import Any

from .. import accounts, stamps
from ..amounts import decimal, number
from ..messages import Call, Event, Json, Misshapen, Refusal, Reply, mapping, scalar
from ..store import Records, Store
from .schema import COLLECTIONS, LINES, LOCKED, Collection


def refused(status: int, message: str) -> Refusal:
    return Refusal(Reply(status, {"message": message}))


def stamp(ms: int) -> str:
    """Whole seconds, UTC."""
    return f"{stamps.instant(ms):%Y-%m-%dT%H:%M:%SZ}"


class Changes:
    """Writes to all collections."""

    def __init__(self, store: Store, records: dict[str, Records], setting: Callable[[str], Any]) -> None:
        self._store = store
        self._records = records
        self._setting = setting

    def body(self, of: Collection, key: Any) -> Json:
        found = self._records[of.name].get(key)
        if found is None:
            raise Refusal(Reply(404, {"status": 404, "error": "Not Found"}))
        return found

    def create(self, call: Call | None, of: Collection, values: Json) -> Json:
        body: Json = {"id": self._store.next("harvest:id"), **self._defaults(of)}
        self._fill(of, body, values, new=True)
        self._save(call, of, body, "created")
        return body

    def update(self, call: Call | None, of: Collection, key: Any, values: Json) -> Json:
        body = self.body(of, key)
        self._refuse_locked(of, body)
        self._fill(of, body, values, new=False)
        self._save(call, of, body, "updated")
        return body

    def delete(self, call: Call, of: Collection, key: Any) -> None:
        """Deletes are hard and leave no trace in any list."""
        body = self.body(of, key)
        self._refuse_locked(of, body)
        self._records[of.name].remove(key)
        call.emit(Event(f"{of.singular}.deleted", of.name, str(key)))

    def approve(self, values: Json) -> list[str]:
        """What a manager does in the browser: approve, or take back, somebody's time or expenses of some days."""
        state = scalar(values.get("status"), "status")
        if state not in {"unsubmitted", "submitted", "approved"}:
            raise Misshapen(f"{state!r} is not a state of approval")
        of = COLLECTIONS[scalar(values.get("of", "time_entries"), "of")]
        where, params = "user_id = ? AND spent_date BETWEEN ? AND ?", [values["user_id"], values["from"], values["to"]]
        found = [row.body for row in self._records[of.name].find(where, params)]
        for body in found:
            closed = state == "approved"
            body |= {"is_closed": closed, "is_locked": closed, "locked_reason": LOCKED if closed else None}
            if of.name == "time_entries":
                body["approval_status"] = state
            if self._setting("approval_touches_entries"):
                self._save(None, of, body, "updated")
            else:
                self._records[of.name].put_quietly(body["id"], body)
        return [str(body["id"]) for body in found]

    # -- what is checked and filled in ------------------------------------------------------------------------------

    @staticmethod
    def _defaults(of: Collection) -> Json:
        body: Json = {name: list(value) if isinstance(value, list) else value for name, value in of.fields.items()}
        body |= dict.fromkeys(of.refers)
        if of.name in LINES:
            body |= {"is_locked": False, "locked_reason": None, "is_closed": False, "is_billed": False, "invoice": None}
        if of.name == "time_entries":
            body |= {"approval_status": "unsubmitted", "is_running": False, "timer_started_at": None}
        return body

    def _fill(self, of: Collection, body: Json, values: Json, *, new: bool) -> None:
        """Take over what may be written; anything else is ignored without a word."""
        body |= {name: value for name, value in values.items() if name in of.fields}
        for name in of.required:
            if (new or name in values) and (name not in values or body[name] in (None, "")):
                raise refused(422, f"{name.replace('_', ' ').capitalize()} can't be blank")
        for name in of.unique:
            taken = self._records[of.name].first(f"{name} = ? AND id <> ?", (body[name], body["id"]))
            if taken:
                raise refused(422, f"{name.capitalize()} has already been taken")
        for name, ref in of.refers.items():
            self._refer(of, body, name, values, required=new and ref.required)
        try:
            self._derive(of, body, values)
        except ValueError as problem:
            raise refused(422, str(problem)) from None

    def _refer(self, of: Collection, body: Json, name: str, values: Json, *, required: bool) -> None:
        key = values.get(f"{name}_id")
        if key is None and name == "user" and not body.get("user"):
            key = accounts.HARVEST_USER_ID
        if key is None:
            if required:
                raise refused(422, f"{name.capitalize()} can't be blank")
            return
        ref = of.refers[name]
        found = self._records[ref.collection].get(scalar(key, f"{name}_id"))
        if found is None:
            raise refused(422, f"{name.capitalize()} does not exist")
        body[name] = {"id": found["id"], **{field: found[field] for field in ref.shown}}

    def _derive(self, of: Collection, body: Json, values: Json) -> None:
        if of.name == "users":
            body["name"] = f"{body['first_name']} {body['last_name']}"
        if of.name not in LINES:
            return
        body["spent_date"] = stamps.day(scalar(body["spent_date"], "spent_date")).isoformat()
        project = self.body(COLLECTIONS["projects"], body["project"]["id"])
        if not project["is_active"] and body.get("updated_at") is None:
            raise ValueError("Project is archived")
        body["client"] = project["client"]
        if of.name == "time_entries":
            self._derive_time(body, values, project)
        else:
            body["total_cost"] = number(decimal(body["total_cost"]))

    def _derive_time(self, body: Json, values: Json, project: Json) -> None:
        assigned = self._records["task_assignments"].first(
            "project_id = ? AND task_id = ?", (project["id"], body["task"]["id"])
        )
        if assigned is None:
            raise ValueError("Task is not assigned to the project")
        body["task_assignment"] = {name: assigned.body[name] for name in ("id", "billable", "is_active", "hourly_rate")}
        hours = decimal(body["hours"])
        if hours < 0:
            raise ValueError("Hours must be greater than or equal to 0")
        step = Decimal(self._setting("rounding_minutes")) / 60
        rounded = (hours / step).to_integral_value(ROUND_CEILING) * step if step else hours
        body["hours"], body["rounded_hours"] = number(hours), number(round(rounded, 2))
        if "billable" not in values and body.get("updated_at") is None:
            body["billable"] = assigned.body["billable"]
        if body["external_reference"] is not None:
            reference = mapping(body["external_reference"], "external_reference")
            names = ("id", "group_id", "account_id", "permalink")
            body["external_reference"] = {name: reference.get(name) for name in names}

    @staticmethod
    def _refuse_locked(of: Collection, body: Json) -> None:
        if of.name in LINES and (body["is_closed"] or body["is_billed"]):
            raise refused(422, LOCKED)

    def _save(self, call: Call | None, of: Collection, body: Json, verb: str) -> None:
        at = self._store.clock.tick()
        body["created_at"] = body.get("created_at") or stamp(at)
        body["updated_at"] = stamp(at)
        self._records[of.name].put(body["id"], body, at)
        if call is not None:
            call.emit(Event(f"{of.singular}.{verb}", of.name, str(body["id"])))
        if of.name == "projects" and verb == "created":
            self._assign_default_tasks(call, body)

    def _assign_default_tasks(self, call: Call | None, project: Json) -> None:
        """Default tasks join every new project."""
        for row in self._records["tasks"].find("is_active = 1"):
            if row.body["is_default"]:
                given = {"project_id": project["id"], "task_id": row.id, "billable": row.body["billable_by_default"]}
                self.create(call, COLLECTIONS["task_assignments"], given)
