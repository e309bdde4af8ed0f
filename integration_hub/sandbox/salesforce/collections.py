"""sObject Collections: up to 200 records in one call, HTTP 200 even when rows fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..messages import Call, Json, Reply, mapping
from ..store import Store
from .errors import RowError, errors
from .fields import SObject
from .records import Objects
from .schema import known

MAXIMUM = 200


class Collections:
    """Create, update, upsert and delete many."""

    def __init__(self, store: Store, objects: Objects, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._objects = objects
        self._setting = setting

    def _known(self, name: str) -> SObject | None:
        return known(name, packages=self._setting("psa_installed"))

    def create(self, call: Call) -> Reply:
        return self._each(call, lambda target, values: self._create(call, target, values))

    def update(self, call: Call) -> Reply:
        return self._each(call, lambda target, values: self._update(call, target, values))

    def upsert(self, call: Call) -> Reply:
        field = call.params["field"]
        named = self._known(call.params["object"])
        if named is None:
            return errors(404, "NOT_FOUND", "The requested resource does not exist")
        return self._each(call, lambda target, values: self._upsert(call, target, field, values), named)

    def delete(self, call: Call) -> Reply:
        wanted = [part for part in call.query.get("ids", "").split(",") if part]
        records = [{"id": record_id} for record_id in wanted]
        every = call.flag("allOrNone")
        return self._all(records, every, lambda values: self._delete(call, str(values["id"])))

    # -- one row ------------------------------------------------------------------------------------------------

    def _create(self, call: Call, target: SObject, values: Json) -> Json:
        record_id, event = self._objects.create(target, values)
        call.emit(event)
        return {"id": record_id, "success": True, "errors": []}

    def _update(self, call: Call, target: SObject, values: Json) -> Json:
        record_id = next((value for key, value in values.items() if key.lower() == "id"), None)
        if not record_id:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
        rest = {key: value for key, value in values.items() if key.lower() != "id"}
        call.emit(self._objects.update(target, str(record_id), rest))
        return {"id": record_id, "success": True, "errors": []}

    def _upsert(self, call: Call, target: SObject, field: str, values: Json) -> Json:
        key = next((value for name, value in values.items() if name.lower() == field.lower()), None)
        if key is None or key == "":
            raise RowError("MISSING_ARGUMENT", f"{field} not specified")
        found = self._objects.matching(target, field, str(key))
        if len(found) > 1:
            raise RowError("DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field")
        if not found:
            return self._create(call, target, values) | {"created": True}
        rest = {name: value for name, value in values.items() if name.lower() not in {"id", field.lower()}}
        call.emit(self._objects.update(target, found[0]["Id"], rest))
        return {"id": found[0]["Id"], "success": True, "errors": [], "created": False}

    def _delete(self, call: Call, record_id: str) -> Json:
        target = self._objects.owner(record_id)
        call.emit(self._objects.delete(target, record_id))
        return {"id": record_id, "success": True, "errors": []}

    # -- all rows -----------------------------------------------------------------------------------------------

    def _each(self, call: Call, act: Callable[[SObject, Json], Json], named: SObject | None = None) -> Reply:
        body = call.json()
        records = body.get("records") if isinstance(body, dict) else None
        if not isinstance(records, list):
            return errors(400, "REQUIRED_FIELD_MISSING", "records is missing")

        def one(values: Json) -> Json:
            attributes = mapping(mapping(values, "a record").get("attributes") or {}, "attributes")
            kind = str(attributes.get("type", ""))
            target = self._known(kind)
            if target is None or (named is not None and target is not named):
                raise RowError("INVALID_TYPE", f"sObject type '{kind}' is not supported.")
            if target.package and len(records) > self._setting("psa_batch"):
                raise RowError(
                    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                    f"{target.package}.Triggers: System.LimitException: Apex CPU time limit exceeded",
                )
            return act(target, values)

        return self._all(records, bool(body.get("allOrNone")), one)

    def _all(self, records: list[Json], every: bool, act: Callable[[Json], Json]) -> Reply:
        if len(records) > MAXIMUM:
            return errors(400, "INVALID_ARGUMENT", f"The number of records exceeds {MAXIMUM}")
        rows: list[Any] = []
        try:
            with self._store.attempt("collection"):
                for values in records:
                    try:
                        with self._store.attempt():
                            rows.append(act(values))
                    except RowError as problem:
                        rows.append(problem.row())
                if every and not all(row["success"] for row in rows):
                    raise RowError(
                        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid"
                    )
        except RowError as problem:
            rows = [row if not row["success"] else problem.row() for row in rows]
        return Reply(200, rows)
