"""Creating, changing and deleting records, with the vendor's validations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import stamps
from ..accounts import KANTATA_USER_ID
from ..messages import Call, Json
from ..store import Records, Row, Store
from .errors import invalid, missing
from .events import Events
from .schema import COLLECTIONS, STATUSES, SUBJECTS
from .shapes import Collection, Field

LOCKED = "This entry is part of an approved timesheet and cannot be changed"


class Changes:
    """Writes to all collections."""

    def __init__(
        self, store: Store, records: dict[str, Records], events: Events, setting: Callable[[str], Any]
    ) -> None:
        self._store = store
        self._records = records
        self._events = events
        self._setting = setting

    def body(self, of: Collection, record_id: Any) -> Json:
        found = self._records[of.name].get(record_id)
        if found is None:
            raise missing()
        return found

    def row(self, of: Collection, record_id: Any) -> Row:
        found = self._records[of.name].first("id = ?", (record_id,))
        if found is None:
            raise missing()
        return found

    # -- create, update, delete ---------------------------------------------------------------------------------

    def create(self, call: Call | None, of: Collection, values: Json) -> str:
        """A new record, with its external reference if one is given inline; its id."""
        given = self._checked(of, values)
        for field in of.fields:
            if field.missing and given.get(field.name) in (None, ""):
                raise invalid(field.missing, field.name)
        number = self._store.next(f"kantata:{of.name}")
        body: Json = {"id": str(number)}
        for field in of.fields:
            body[field.name] = list(field.default) if field.type == "ids" else field.default
        body |= given
        self._derive(of, body, given)
        self._save(call, of, body, {})
        if isinstance(reference := values.get("external_reference"), dict) and of.name != "external_references":
            self.refer(call, reference | {"subject_type": of.subject, "subject_id": str(number)})
        return str(number)

    def update(self, call: Call | None, of: Collection, record_id: str, values: Json) -> None:
        before = self.body(of, record_id)
        self._check_unlocked(of, before)
        given = self._checked(of, values)
        for field in of.fields:
            if field.missing and field.name in given and given[field.name] in (None, ""):
                raise invalid(field.missing, field.name)
        after = before | given
        self._derive(of, after, given, new=False)
        self._save(call, of, after, before)

    def delete(self, call: Call | None, of: Collection, record_id: str) -> None:
        """Deletes are hard and leave no trace in any list; only tasks keep a `deleted_at`."""
        before = self.body(of, record_id)
        self._check_unlocked(of, before)
        if of.name == "stories":
            zone = self._setting("utc_offset_minutes")
            after = before | {"deleted_at": stamps.offset(self._store.clock.now(), zone)}
            self._records[of.name].put(record_id, after, self._store.clock.tick())
        else:
            self._records[of.name].remove(record_id)
        references = self._records["external_references"]
        for row in references.find("subject_type = ? AND subject_id = ?", (of.subject, record_id)):
            references.remove(row.id)
        self._events.record(call, of, "deleted", before, {})

    def touch(self, call: Call | None, of: Collection, before: Json, changes: Json, *, quietly: bool = False) -> None:
        """Change fields a client cannot set; quietly means without a new stamp and without an event."""
        after = before | changes
        if quietly:
            self._records[of.name].put_quietly(before["id"], after)
        else:
            self._save(call, of, after, before)

    def refer(self, call: Call | None, values: Json) -> str:
        """Create or update an external reference: one per service and subject."""
        of = COLLECTIONS["external_references"]
        subject = SUBJECTS.get(str(values.get("subject_type")))
        if subject is None:
            raise invalid("Please enter a valid subject type", "subject_type")
        subject_id = str(values.get("subject_id") or "")
        target = self._records[subject.name].get(subject_id)
        if target is None:
            raise invalid("Please enter a valid subject id", "subject_id")
        found = self._records[of.name].first(
            "service_name = ? AND subject_type = ? AND subject_id = ?",
            (str(values.get("service_name") or ""), subject.subject, subject_id),
        )
        if found:
            self.update(call, of, str(found.id), values)
            return str(found.id)
        reference_id = self.create(call, of, values)
        if "external_reference_ids" in target:
            known = [*target["external_reference_ids"], reference_id]
            self.touch(call, subject, target, {"external_reference_ids": known}, quietly=True)
        return reference_id

    # -- checks -------------------------------------------------------------------------------------------------

    def _checked(self, of: Collection, values: Json) -> Json:
        """The values a client may set, converted; anything else is ignored without a word, as Rails does."""
        fields = of.by_name
        given: Json = {}
        for name, value in values.items():
            field = fields.get(name)
            if field is None or field.readonly:
                continue
            given[name] = self._converted(field, value)
        if of.name == "time_entries" and given.get("time_in_minutes", 0) is not None:
            negative = given.get("time_in_minutes", 0) < 0
            if negative and not self._setting("allow_negative_time"):
                raise invalid("Time in minutes must be greater than or equal to 0", "time_in_minutes")
        return given

    def _converted(self, field: Field, value: Any) -> Any:
        if value is None or (value == "" and field.type != "text"):
            return [] if field.type == "ids" else None
        try:
            match field.type:
                case "int":
                    if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
                        raise ValueError
                    return int(value)
                case "bool":
                    return value if isinstance(value, bool) else str(value).lower() in {"true", "1", "t"}
                case "date":
                    return stamps.day(str(value)).isoformat()
                case "id":
                    return self._existing(field, str(int(value)))
                case "ids":
                    return [self._existing(field, str(int(item))) for item in value]
                case "text":
                    text = str(value)
                    if field.values and text not in field.values:
                        raise ValueError
                    return text
        except (TypeError, ValueError):
            raise invalid(f"{field.name.replace('_', ' ').capitalize()} is invalid", field.name) from None
        return value

    def _existing(self, field: Field, key: str) -> str:
        if field.refers and self._records[field.refers].get(key) is None:
            raise invalid(f"{field.name.replace('_', ' ').capitalize()} does not exist", field.name)
        return key

    def _check_unlocked(self, of: Collection, body: Json) -> None:
        lines = of.name in {"time_entries", "expenses"}
        if lines and self._setting("lock_approved_entries") and (body["approved"] or body["is_invoiced"]):
            raise invalid(LOCKED)

    # -- what the vendor fills in -------------------------------------------------------------------------------

    def _derive(self, of: Collection, body: Json, given: Json, *, new: bool = True) -> None:
        match of.name:
            case "workspaces":
                color, message = STATUSES.get(body["status_key"], ("light", ""))
                body["status"] = {"color": color, "key": body["status_key"], "message": message}
                primary = body["primary_workspace_group_id"]
                if primary and primary not in body["workspace_group_ids"]:
                    body["workspace_group_ids"] = [primary, *body["workspace_group_ids"]]
            case "users" if new:
                body["account_membership_id"] = str(10_000 + int(body["id"]))
            case "time_entries" | "expenses" if new:
                self._derive_line(of, body, given)
            case "external_references":
                zone = self._setting("utc_offset_minutes")
                body["last_synced_at"] = stamps.offset(self._store.clock.now(), zone)
            case "stories" if new and body["parent_id"]:
                parent = self.body(of, body["parent_id"])
                self.touch(None, of, parent, {"sub_story_ids": [*parent["sub_story_ids"], body["id"]]}, quietly=True)

    def _derive_line(self, of: Collection, body: Json, given: Json) -> None:
        """Currency comes from the project, role from the person, approval from what the project requires."""
        workspace = self.body(COLLECTIONS["workspaces"], body["workspace_id"])
        body["user_id"] = body["user_id"] or KANTATA_USER_ID
        body["currency"] = given.get("currency") or workspace["currency"]
        if of.name == "time_entries":
            person = self._records["users"].get(body["user_id"]) or {}
            body["role_id"] = body["role_id"] or person.get("role_id")
            body["approved"] = not workspace["require_time_approvals"]
            if body["story_id"]:
                story = self.body(COLLECTIONS["stories"], body["story_id"])
                if story["workspace_id"] != body["workspace_id"]:
                    raise invalid("Task does not belong to the project", "story_id")
                body["billable"] = given.get("billable", story["billable"])
        else:
            body["approved"] = not workspace["require_expense_approvals"]

    def _save(self, call: Call | None, of: Collection, after: Json, before: Json) -> None:
        at = self._store.clock.tick()
        stamp = stamps.offset(at, self._setting("utc_offset_minutes"))
        after["created_at"] = before.get("created_at", stamp)
        after["updated_at"] = stamp
        self._records[of.name].put(after["id"], after, at)
        self._events.record(call, of, "updated" if before else "created", before, after)
