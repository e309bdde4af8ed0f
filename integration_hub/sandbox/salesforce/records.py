"""Creating, changing, deleting and finding records, with the checks an org makes on every write."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import stamps
from ..messages import Event, Json
from ..store import Records, Store
from . import ids
from .errors import RowError, deleted
from .fields import NUMBERS, Field, SObject
from .package import Package
from .schema import BY_PREFIX, OBJECTS

_CONTRACT_CODES = {"Draft": "Draft", "In Approval Process": "InApproval", "Activated": "Activated"}


def _unreadable(field: Field, value: Any) -> RowError:
    shape = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER_INT" if isinstance(value, int) else "VALUE"
    return RowError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {shape} value {value} or request may be missing a required"
        " field",
    )


def coerce(field: Field, value: Any) -> Any:
    """A value as the org would store it in the field; raises RowError when it would not."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type in NUMBERS:
        return _numeric(field, value)
    if field.type == "boolean":
        if isinstance(value, bool):
            return value
        raise _unreadable(field, value)
    if not isinstance(value, str):
        raise _unreadable(field, value)
    try:
        match field.type:
            case "date":
                return date.fromisoformat(value).isoformat()
            case "datetime":
                return stamps.compact(stamps.parse(value))
            case _:
                return _text(field, value)
    except ValueError:
        raise _unreadable(field, value) from None


def _numeric(field: Field, value: Any) -> float | int:
    try:
        if isinstance(value, bool):
            raise ValueError
        exact = Decimal(str(value))
        kept = exact.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    except (ArithmeticError, ValueError):
        raise _unreadable(field, value) from None
    return int(kept) if field.type == "int" else float(kept)


def _text(field: Field, value: str) -> str:
    if field.restricted and value not in field.values:
        raise RowError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.name}: bad value for restricted picklist field: {value}",
            [field.name],
        )
    if field.type == "reference":
        full = ids.normal(value)
        if full is None:
            raise RowError("MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", [field.name])
        return full
    if len(value) > field.length:
        raise RowError(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {value[:80]} (max length={field.length})",
            [field.name],
        )
    return value


class Objects:
    """All records of the org."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._setting = setting
        self._records: dict[str, Records] = {name: store.records(item.kind()) for name, item in OBJECTS.items()}
        self._package = Package(self, setting)

    # -- reading ------------------------------------------------------------------------------------------------

    def of(self, target: SObject) -> Records:
        return self._records[target.name]

    def named(self, name: str) -> SObject:
        """An object that is there for certain."""
        return OBJECTS[name]

    def get(self, target: SObject, record_id: str) -> Json:
        """A live record; raises RowError for an id that never was, and for one that is gone."""
        body = self.of(target).get(ids.normal(record_id) or record_id)
        if body is None:
            raise RowError("NOT_FOUND", "The requested resource does not exist", status=404)
        if body["IsDeleted"]:
            raise deleted()
        return body

    def owner(self, record_id: str) -> SObject:
        """The object a record id belongs to, by its prefix."""
        target = BY_PREFIX.get(record_id[:3])
        if target is None:
            raise RowError("MALFORMED_ID", f"malformed id {record_id}")
        return target

    def matching(self, target: SObject, field_name: str, value: str) -> list[Json]:
        """Live records whose external id has the value."""
        field = target.by_lower.get(field_name.lower())
        if field is None or not (field.external_id or field.name == "Id"):
            raise RowError(
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {field_name}",
                status=404,
            )
        if field.name == "Id":
            return [self.get(target, value)]
        rows = self.of(target).find(
            f'"{field.name}" = ? COLLATE NOCASE AND "IsDeleted" = 0',
            (coerce(field, float(value) if field.type in NUMBERS else value),),
        )
        return [row.body for row in rows]

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, target: SObject, values: Json) -> tuple[str, Event]:
        if not target.writable:
            raise RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"{target.name} cannot be created")
        given = self._accepted(target, values, "create")
        body = self._blank(target) | given
        if target.name_defaults_to_id and not body.get("Name"):
            body["Name"] = body["Id"]
        self._finish(target, body, None, given)
        return body["Id"], Event(f"{target.event}.created", target.name, body["Id"])

    def _blank(self, target: SObject) -> Json:
        """A record with the next id and what fields hold by themselves."""
        number = self._store.next(f"salesforce:{target.prefix}")
        body: Json = {}
        for field in target.fields.values():
            default = field.auto.format(number) if field.auto else field.default
            body[field.name] = False if default is None and field.type == "boolean" else default
        return body | {"Id": ids.make(target.prefix, number)}

    def update(self, target: SObject, record_id: str, values: Json) -> Event:
        old = self.get(target, record_id)
        given = self._accepted(target, values, "update")
        self._finish(target, old | given, old, given)
        return Event(f"{target.event}.updated", target.name, old["Id"])

    def delete(self, target: SObject, record_id: str) -> Event:
        """To the recycle bin: invisible to query, visible to queryAll."""
        body = self.get(target, record_id)
        self._package.before_delete(target, body)
        body["IsDeleted"] = True
        self._write(target, body)
        self._package.after_delete(target, body)
        return Event(f"{target.event}.deleted", target.name, body["Id"])

    # -- what triggers write: past the checks of a call ---------------------------------------------------------

    def put_new(self, name: str, values: Json) -> None:
        target = OBJECTS[name]
        self._write(target, self._blank(target) | values, new=True)

    def put(self, name: str, body: Json) -> None:
        self._write(OBJECTS[name], body)

    def put_quietly(self, name: str, body: Json) -> None:
        """A formula shows something else: no stamp moves."""
        self.of(OBJECTS[name]).put_quietly(body["Id"], body)

    def merge(self, target: SObject, master_id: str, merged_id: str) -> list[Event]:
        """Merge two records of an object: the second is deleted and points to the first, its children move over."""
        master, merged = self.get(target, master_id), self.get(target, merged_id)
        merged |= {"IsDeleted": True, "MasterRecordId": master["Id"]}
        self._write(target, merged)
        events = [Event(f"{target.event}.deleted", target.name, merged["Id"])]
        for child in OBJECTS.values():
            for field in child.fields.values():
                if field.refers != target.name or field.readonly:
                    continue
                for row in self.of(child).find(f'"{field.name}" = ? AND "IsDeleted" = 0', (merged["Id"],)):
                    self._write(child, row.body | {field.name: master["Id"]})
                    events.append(Event(f"{child.event}.updated", child.name, row.id))
        return events

    def _accepted(self, target: SObject, values: Json, verb: str) -> Json:
        """The given values by canonical field name, each checked and converted."""
        accepted: Json = {}
        for name, value in values.items():
            if name == "attributes":
                continue
            if isinstance(value, dict):
                field, value = self._by_parent_key(target, name, value)
            else:
                found = target.by_lower.get(name.lower())
                if found is None:
                    raise RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {target.name}")
                field = found
            if self._readonly(target, field):
                raise RowError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {field.name}. Please check the security settings of this field"
                    " and verify that it is read/write for your profile or permission set.",
                    [field.name],
                )
            accepted[field.name] = coerce(field, value)
        missing = [
            field.name
            for field in target.fields.values()
            if field.required and (accepted.get(field.name, field.default if verb == "create" else True) is None)
        ]
        if missing:
            raise RowError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
        return accepted

    def _readonly(self, target: SObject, field: Field) -> bool:
        if target.name == "Contract" and field.name == "EndDate":
            return bool(self._setting("contract_end_date") == "derived")
        return field.readonly

    def _by_parent_key(self, target: SObject, name: str, value: Json) -> tuple[Field, str]:
        """`"Account": {"Hub_Key__c": "A-1"}` sets AccountId to the parent with that external id."""
        field = target.parents.get(name.lower())
        keys = {key: item for key, item in value.items() if key != "attributes"}
        if field is None or len(keys) != 1:
            raise RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {target.name}")
        (key, wanted), parent = next(iter(keys.items())), OBJECTS[field.refers]
        found = self.matching(parent, key, str(wanted))
        if len(found) != 1:
            raise RowError(
                "INVALID_FIELD",
                f"Foreign key external ID: {wanted} not found for field {key} in entity {parent.name}",
            )
        return field, str(found[0]["Id"])

    def _finish(self, target: SObject, body: Json, old: Json | None, given: Json) -> None:
        self._check_references(target, given)
        self._check_unique(target, body, given)
        self._derive(target, body, given)
        if target.package:
            self._package.before(target, old, body, given)
        self._write(target, body, new=old is None)
        if target.package:
            self._package.after(target, body)

    def _write(self, target: SObject, body: Json, *, new: bool = False) -> None:
        at = self._store.clock.tick()
        stamp = stamps.compact(at)
        body |= {"LastModifiedDate": stamp, "SystemModstamp": stamp}
        if new:
            body |= {"CreatedDate": stamp, "IsDeleted": False}
        self.of(target).put(body["Id"], body, at)

    def _check_references(self, target: SObject, given: Json) -> None:
        for name, value in given.items():
            field = target.fields[name]
            if not field.refers or value is None:
                continue
            expected = OBJECTS[field.refers]
            if BY_PREFIX.get(value[:3]) is not expected:
                raise RowError("FIELD_INTEGRITY_EXCEPTION", f"{name}: id value of incorrect type: {value}", [name])
            parent = self.of(expected).get(value)
            if parent is None or parent["IsDeleted"]:
                code = "ENTITY_IS_DELETED" if parent else "INVALID_CROSS_REFERENCE_KEY"
                raise RowError(code, "entity is deleted" if parent else "invalid cross reference id", [name])

    def _check_unique(self, target: SObject, body: Json, given: Json) -> None:
        for name, value in given.items():
            if not target.fields[name].unique or value is None:
                continue
            other = self.of(target).first(
                f'"{name}" = ? COLLATE NOCASE AND "IsDeleted" = 0 AND id <> ?', (value, body["Id"])
            )
            if other:
                raise RowError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {other.id[:15]}",
                    [name],
                )

    def _derive(self, target: SObject, body: Json, given: Json) -> None:
        """Fields the org computes."""
        if target.name == "Contact":
            body["Name"] = " ".join(body[name] for name in ("FirstName", "LastName") if body[name])
        if target.name == "Opportunity":
            body["IsWon"] = body["StageName"] == "Closed Won"
            body["IsClosed"] = body["StageName"] in {"Closed Won", "Closed Lost"}
        if target.name == "Contract":
            body["StatusCode"] = _CONTRACT_CODES[body["Status"]]
            derived = self._setting("contract_end_date") == "derived"
            moved = {"StartDate", "ContractTerm"} & given.keys() and "EndDate" not in given
            if body["StartDate"] and body["ContractTerm"] and (derived or moved):
                body["EndDate"] = _term_end(body["StartDate"], int(body["ContractTerm"]))


def _term_end(start: str, months: int) -> str:
    """The last day of a term that begins on `start`."""
    first = date.fromisoformat(start)
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    day = min(first.day, calendar.monthrange(year, month)[1])
    return (date(year, month, day) - timedelta(days=1)).isoformat()
