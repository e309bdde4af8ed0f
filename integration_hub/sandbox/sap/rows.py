"""Rows of the services: what is taken, what is missing, how they are kept and how they look on the wire."""

from __future__ import annotations

import re
from typing import Any

from .. import stamps
from ..messages import Json, mapping, sequence
from ..store import Store
from . import values
from .errors import bad, business, missing
from .schema import DAY, SETS, STAMP, TIME, EntitySet

ETAG = "@etag"
ROOT = "/sap/opu/odata/sap"
_KEY = re.compile(r"(?:(\w+)=)?(guid'[^']*'|'(?:[^']|'')*')")


class Rows:
    """All rows of one tenant."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.of = {name: store.records(one.kind()) for name, one in SETS.items()}

    # -- keys ---------------------------------------------------------------------------------------------------

    @staticmethod
    def key(of: EntitySet, body: Json) -> str:
        return "|".join(str(body.get(name, "")) for name in of.keys)

    @staticmethod
    def parsed(of: EntitySet, text: str) -> Json:
        """The values of a key as a path names them: `'C-100'`, `guid'…'`, `Customer='C-100',CompanyCode='US01'`."""
        found = _KEY.findall(text)
        given = {
            (name or of.keys[0]): literal[5:-1] if literal.startswith("guid'") else literal[1:-1].replace("''", "'")
            for name, literal in found
        }
        if set(given) != set(of.keys):
            raise bad(f"Invalid key predicate type for {of.type}: all of {', '.join(of.keys)}.")
        return given

    def get(self, of: EntitySet, key: Json) -> Json:
        found = self.of[of.name].get(self.key(of, key))
        if found is None:
            raise missing(f"segment {of.name}('{self.key(of, key)}')")
        return found

    def under(self, name: str, owner: str) -> list[Json]:
        """Rows that belong to what has this key, by their own."""
        rows = self.of[name].find("id >= ? AND id < ?", (f"{owner}|", f"{owner}|~"))
        return [row.body for row in rows]

    # -- taking -------------------------------------------------------------------------------------------------

    def accept(self, of: EntitySet, sent: Any) -> tuple[Json, dict[str, list[Any]]]:
        """The values of a request by field, and what is to be made with it. What a service does not know is refused."""
        given: Json = {}
        deeper: dict[str, list[Any]] = {}
        for name, value in mapping(sent, "the entry").items():
            if name in of.ways:
                many = of.ways[name].many
                deeper[name] = sequence(
                    value.get("results") if isinstance(value, dict) and many else value if many else [value], name
                )
            elif name not in of.fields:
                raise bad(f"Property {name} is invalid for type {of.type}.")
            elif value is not None:
                given[name] = self._value(of, name, value)
        return given, deeper

    @staticmethod
    def _value(of: EntitySet, name: str, value: Any) -> Any:
        try:
            taken = values.accepted(of.fields[name], value)
        except ValueError:
            raise bad(f"Error while parsing the value '{value}' of {name}.") from None
        if isinstance(taken, str) and len(taken) > of.longest.get(name, 1000):
            raise business("R11/409", f"Property {name} has a value longer than {of.longest[name]} characters.")
        return taken

    def insert(self, of: EntitySet, given: Json) -> Json:
        """A new row: complete, and not there yet."""
        if lacking := [name for name in of.required if given.get(name) in (None, "")]:
            raise business("R1/214", f"Required field {', '.join(lacking)} is missing.")
        if self.of[of.name].get(self.key(of, given)) is not None:
            raise business("R1/103", f"{of.name} {self.key(of, given)} already exists.")
        blank = {"number": 0, "boolean": False}
        body = {name: blank.get(kind, "") for name, kind in of.fields.items()} | given
        self.save(of, body)
        return body

    def save(self, of: EntitySet, body: Json) -> None:
        """Write the row with its stamps, which count whole seconds."""
        at = self.store.clock.tick()
        moment = stamps.instant(at)
        stamped = {STAMP: f"{moment:%Y-%m-%dT%H:%M:%SZ}", DAY: f"{moment:%Y-%m-%d}", TIME: f"{moment:%H:%M:%S}"}
        body |= {name: value for name, value in stamped.items() if name in of.fields} | {ETAG: f"W/\"'{at}'\""}
        self.of[of.name].put(self.key(of, body), body, at)

    # -- telling ------------------------------------------------------------------------------------------------

    def told(self, origin: str, of: EntitySet, body: Json, expand: list[str], names: list[str] | None = None) -> Json:
        """A row on the wire, with what it leads to where that was asked for."""
        uri = f"{origin}{ROOT}/{of.service}/{of.name}({self._addressed(of, body)})"
        shown: Json = {"__metadata": {"id": uri, "uri": uri, "type": f"{of.service}.{of.type}", "etag": body[ETAG]}}
        for name, kind in of.fields.items():
            if names is None or name in names:
                shown[name] = values.told(kind, body[name])
        for name, way in of.ways.items():
            below = [path.partition("/")[2] for path in expand if path.split("/")[0] == name]
            if below:
                rows = self._led_to(of, body, name)
                found = [self.told(origin, SETS[way.to], row, [path for path in below if path]) for row in rows]
                shown[name] = {"results": found} if way.many else next(iter(found), None)
            else:
                shown[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
        return shown

    def _led_to(self, of: EntitySet, body: Json, name: str) -> list[Json]:
        way, owner = of.ways[name], str(body[of.keys[0]])
        if way.many:
            return self.under(way.to, owner)
        found = self.of[way.to].get(owner)
        return [found] if found else []

    @staticmethod
    def _addressed(of: EntitySet, body: Json) -> str:
        parts = [f"guid'{body[name]}'" if of.fields[name] == "guid" else f"'{body[name]}'" for name in of.keys]
        return parts[0] if len(parts) == 1 else ",".join(f"{n}={p}" for n, p in zip(of.keys, parts, strict=True))
