"""Rows of data entities: what is taken, what is missing, how they are kept and how they look on the wire."""

from __future__ import annotations

import re
from typing import Any

from .. import stamps
from ..amounts import decimal, number
from ..messages import Json, Misshapen, mapping
from ..store import Store
from .errors import bad, infolog, missing
from .schema import COMPANY, ENUMS, NAMESPACE, SETS, STAMP, EntitySet, Field

ETAG = "@odata.etag"
NO_DATE = "1900-01-01"
"""What Dynamics says where there is no date."""
_KEY = re.compile(r"(\w+)=('(?:[^']|'')*'|-?\d+)")


class Rows:
    """All rows of one environment."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.of = {name: store.records(one.kind()) for name, one in SETS.items()}

    # -- keys ---------------------------------------------------------------------------------------------------

    @staticmethod
    def key(of: EntitySet, body: Json) -> str:
        return "|".join(str(body.get(name, "")).lower() for name in of.keys)

    @staticmethod
    def parsed(of: EntitySet, text: str) -> Json:
        """The values of a key as a path names them: `dataAreaId='us01',CustomerAccount='C-100'`."""
        given = {name: value.strip("'").replace("''", "'") for name, value in _KEY.findall(text)}
        if set(given) != set(of.keys):
            raise bad(f"The key in the request does not match the key of {of.type}: all of {', '.join(of.keys)}.")
        return given

    def get(self, of: EntitySet, key: Json, company: str) -> Json:
        """The row of a key. `company` is the only one that is seen; empty: all."""
        found = self.of[of.name].get(self.key(of, key))
        if found is None or (company and of.per_company and found[COMPANY] != company):
            raise missing(f"{of.name}({self.key(of, key)})")
        return found

    def lines(self, of: EntitySet, header: Json) -> list[Json]:
        """Rows of the lines of a header, by number."""
        held = SETS[of.lines]
        start = f"{self.key(of, header)}|"
        rows = self.of[held.name].find("id >= ? AND id < ?", (start, f"{start}~"))
        return sorted((row.body for row in rows), key=lambda line: int(line["LineNumber"]))

    # -- taking -------------------------------------------------------------------------------------------------

    def accept(self, of: EntitySet, sent: Any) -> Json:
        """The values of a request by field. What only the system sets is ignored without a word."""
        given: Json = {}
        for name, value in mapping(sent, "the row").items():
            if "@odata." in name or (name == STAMP):
                continue
            field = of.by_name.get(name)
            if field is None:
                raise bad(f"The property '{name}' does not exist on type '{NAMESPACE}.{of.type}'.")
            if not field.set_by_system and value is not None:
                given[name] = self._value(of, field, value)
        if COMPANY in given:
            given[COMPANY] = str(given[COMPANY]).lower()
        return given

    @staticmethod
    def _value(of: EntitySet, field: Field, value: Any) -> Any:
        try:
            if field.type == "number":
                return number(decimal(value))
            if field.type == "integer":
                return int(decimal(value))
            if not isinstance(value, str):
                raise Misshapen("a text was expected")
            if field.type == "date":
                return stamps.day(value).isoformat()
        except ValueError:
            raise bad(f"Cannot convert the literal '{value}' to the type of '{field.name}'.") from None
        if field.type in ENUMS and value not in ENUMS[field.type]:
            raise bad(f"Cannot convert the literal '{value}' to the expected type '{NAMESPACE}.{field.type}'.")
        if len(value) > field.longest:
            raise infolog(of.type, f"The field {field.name} takes {field.longest} characters at most.")
        return value

    def fresh(self, of: EntitySet, given: Json) -> Json:
        """A new row: numbered, complete, and not there yet."""
        if of.numbered and not given.get(of.numbered):
            given[of.numbered] = f"{of.prefix}-{self.store.next(f'dynamics:{of.name}'):06d}"
        if of.parent and not given.get("LineNumber"):
            given["LineNumber"] = len(self.lines(SETS[of.parent], given)) + 1
        needed = [*of.keys, *(field.name for field in of.fields if field.required)]
        if lacking := [name for name in dict.fromkeys(needed) if given.get(name) in (None, "")]:
            raise infolog(of.type, *(f"Field '{name}' must be filled in." for name in lacking))
        if self.of[of.name].get(self.key(of, given)) is not None:
            raise infolog(of.type, f"The record already exists ({self.key(of, given)}).")
        return {field.name: _nothing(field) for field in of.fields} | given

    def save(self, of: EntitySet, body: Json) -> None:
        """Write the row with its stamp, which counts whole seconds."""
        at = self.store.clock.tick()
        body |= {STAMP: f"{stamps.instant(at):%Y-%m-%dT%H:%M:%SZ}", ETAG: f"W/\"'{at}'\""}
        self.of[of.name].put(self.key(of, body), body, at)

    def remove(self, of: EntitySet, body: Json) -> None:
        """Delete a row with its lines."""
        if of.lines:
            for line in self.lines(of, body):
                self.of[of.lines].remove(self.key(SETS[of.lines], line))
        self.of[of.name].remove(self.key(of, body))

    # -- telling ------------------------------------------------------------------------------------------------

    @staticmethod
    def told(of: EntitySet, body: Json, *, stamped: bool, names: list[str] | None = None) -> Json:
        """A row on the wire: days are instants at noon, and what is empty is there all the same."""
        shown: Json = {ETAG: body[ETAG]}
        for field in of.fields:
            if names is None or field.name in names:
                value = body[field.name]
                shown[field.name] = f"{value}T12:00:00Z" if field.type == "date" else value
        if stamped and (names is None or STAMP in names):
            shown[STAMP] = body[STAMP]
        return shown


def _nothing(field: Field) -> Any:
    if field.type in {"number", "integer"}:
        return 0
    if field.type == "date":
        return NO_DATE
    return ENUMS[field.type][0] if field.type in ENUMS else ""
