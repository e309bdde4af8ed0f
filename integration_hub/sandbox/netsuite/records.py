"""Records in general: checking what is sent, resolving references, merging sublists, storing."""

from __future__ import annotations

import re
from typing import Any

from .. import stamps
from ..amounts import decimal
from ..messages import Json, mapping
from ..store import Records, Store
from .errors import bad_value, invalid, missing, user_error
from .schema import BY_LOWER, CUSTOM_PREFIXES, TYPES, Field, RecordType

_EXTERNAL = re.compile(r"[A-Za-z0-9_-]+")
_ENTITY_NUMBERS = {"customer": "CUST", "job": "PRJ", "employee": "EMP"}


class Book:
    """All records of the account."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.records: dict[str, Records] = {name: store.records(item.kind()) for name, item in TYPES.items()}

    # -- finding ------------------------------------------------------------------------------------------------

    def find(self, of: RecordType, key: str) -> Json | None:
        """A record by internal id or by `eid:` and external id."""
        if key.startswith("eid:"):
            row = self.records[of.name].first('"externalId" = ?', (key[4:],))
            return row.body if row else None
        return self.records[of.name].get(int(key)) if key.isdecimal() and len(key) < 19 else None

    def get(self, of: RecordType, key: str) -> Json:
        found = self.find(of, key)
        if found is None:
            raise missing()
        return found

    def reference(self, field: Field, value: Any) -> Json:
        """A reference as stored: id and name of an existing record. Accepts an id, `eid:`, or {"externalId": …}."""
        if not isinstance(value, dict):
            value = {"id": value}
        if not field.refers:
            return {"id": str(value.get("id"))}
        key = f"eid:{value['externalId']}" if "externalId" in value else str(value.get("id", ""))
        for name in field.refers:
            found = self.find(TYPES[name], key)
            if found is not None:
                return {"id": found["id"], "refName": str(found.get(TYPES[name].label) or found["id"])}
        raise bad_value(field.name)

    # -- checking -----------------------------------------------------------------------------------------------

    def accept(self, of: RecordType, sent: Json, *, strict_names: bool) -> Json:
        """The fields of a request, checked and converted. Unknown names fail or vanish, as the header asks."""
        accepted: Json = {}
        for name, value in sent.items():
            if name in of.sublists:
                accepted[name] = self._lines(of.sublists[name], name, value, strict_names)
            elif name.startswith(CUSTOM_PREFIXES):
                accepted[name] = value
            elif field := of.by_name.get(name):
                if not field.readonly:
                    accepted[name] = self.convert(field, value, name)
            elif strict_names:
                raise invalid(f"Unknown reference or field '{name}' for record type '{of.name}'.", name)
        return accepted

    def _lines(self, fields: tuple[Field, ...], name: str, value: Any, strict_names: bool) -> list[Json]:
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            raise bad_value(name)
        known = {field.name: field for field in fields}
        lines = []
        for number, sent in enumerate(value["items"]):
            line: Json = {}
            for key, item in mapping(sent, f"{name}.items").items():
                if key.startswith(CUSTOM_PREFIXES):
                    line[key] = item
                elif field := known.get(key):
                    line[key] = self.convert(field, item, f"{name}.items[{number}].{key}")
                elif strict_names and key != "links":
                    raise invalid(
                        f"Unknown reference or field '{key}' in sublist '{name}'.", f"{name}.items[{number}].{key}"
                    )
            lines.append(line)
        return lines

    def convert(self, field: Field, value: Any, path: str) -> Any:
        if value is None:
            return None
        match field.type:
            case "number" if not isinstance(value, bool):
                try:
                    decimal(value)
                    return value if isinstance(value, int) else float(value)
                except (TypeError, ValueError):
                    raise bad_value(path) from None
            case "bool" if isinstance(value, bool):
                return value
            case "date" if isinstance(value, str):
                try:
                    return stamps.day(value).isoformat()
                except ValueError:
                    raise bad_value(path) from None
            case "ref":
                return self.reference(Field(path, "ref", field.refers), value)
            case "enum":
                chosen = value.get("id") if isinstance(value, dict) else value
                return {"id": str(chosen)}
            case "text" if isinstance(value, str | int | float) and not isinstance(value, bool):
                return str(value)
            case "any":
                return value
        raise bad_value(path)

    def check_external_id(self, of: RecordType, external_id: str, own_id: str | None) -> None:
        if not _EXTERNAL.fullmatch(external_id):
            raise invalid(f"Invalid external id '{external_id}': letters, digits, '_' and '-' only.", "externalId")
        other = self.find(of, f"eid:{external_id}")
        if other is not None and other["id"] != own_id:
            raise user_error(f"This record already exists: {of.name} with external id {external_id}. DUP_RCRD")

    # -- storing ------------------------------------------------------------------------------------------------

    def number(self, of: RecordType) -> str:
        """The next internal id; entities share one range, transactions another."""
        return str(self.store.next(f"netsuite:{of.family or of.name}", 1001 if of.family else 1))

    def claim(self, of: RecordType, record_id: str) -> None:
        """Move the number range past a seeded id."""
        while self.store.reached(f"netsuite:{of.family or of.name}") < int(record_id):
            self.store.next(f"netsuite:{of.family or of.name}")

    def merge(self, of: RecordType, before: Json, given: Json, replace: frozenset[str]) -> Json:
        """The record after a PATCH: sublists merge by line number unless they are replaced."""
        after = before | {key: value for key, value in given.items() if key not in of.sublists}
        for name in of.sublists:
            if name not in given:
                continue
            key = "doc" if name == "apply" else "line"
            after[name] = given[name] if name in replace else _merged(before.get(name) or [], given[name], key)
        return after

    def save(self, of: RecordType, body: Json, *, new: bool) -> None:
        self.check_required(of, body)
        if external_id := body.get("externalId"):
            self.check_external_id(of, external_id, None if new else body["id"])
        if of.family == "entity" and not body.get("entityId"):
            body["entityId"] = self._entity_number(of, body)
        if of.family == "entity":
            self._check_entity_name(of, body)
        for name in of.sublists:
            for position, line in enumerate(body.get(name) or [], 1):
                line.setdefault("line", position)
        at = self.store.clock.tick()
        stamp = stamps.zulu(at)
        body["lastModifiedDate"] = stamp
        if new:
            body["createdDate"] = stamp
        self.records[of.name].put(int(body["id"]), body, at)

    @staticmethod
    def check_required(of: RecordType, body: Json) -> None:
        for name in of.required:
            if body.get(name) in (None, "", []):
                raise user_error(f"Please enter value(s) for: {name}")
        if of.name == "customer":
            person = bool(body.get("isPerson"))
            if not (body.get("lastName") if person else body.get("companyName")):
                raise user_error(f"Please enter value(s) for: {'lastName' if person else 'companyName'}")

    def _entity_number(self, of: RecordType, body: Json) -> str:
        name = body.get("companyName") or " ".join(filter(None, [body.get("firstName"), body.get("lastName")]))
        if name and not self._entity_taken(str(name), body["id"]):
            return str(name)
        return f"{_ENTITY_NUMBERS[of.name]}-{int(body['id']):05d}"

    def _check_entity_name(self, of: RecordType, body: Json) -> None:
        if self._entity_taken(str(body["entityId"]), body["id"]):
            raise user_error(f"This entity already exists: {body['entityId']}. DUP_ENTITY")

    def _entity_taken(self, entity_id: str, own_id: str) -> bool:
        return any(
            self.records[name].first('"entityId" = ? COLLATE NOCASE AND id <> ?', (entity_id, int(own_id)))
            for name in _ENTITY_NUMBERS
        )


def _merged(before: list[Json], given: list[Json], key: str) -> list[Json]:
    """Lines with a known key change that line, others are added."""

    def identity(line: Json) -> Any:
        value = line.get(key)
        return value["id"] if isinstance(value, dict) else value

    lines = [dict(line) for line in before]
    for line in given:
        known = next((old for old in lines if identity(line) is not None and identity(old) == identity(line)), None)
        if known is not None:
            if line.keys() & {"rate", "quantity"} and "amount" not in line:
                known.pop("amount", None)
            if "amount" in line and "rate" not in line:
                known.pop("rate", None)
            known |= line
        else:
            lines.append({name: value for name, value in line.items() if name != "line"} | {"line": len(lines) + 1})
    return lines


def type_named(name: str) -> RecordType | None:
    return BY_LOWER.get(name.lower())
