"""`$filter` and `$orderby` of OData v2, whose literals name their types, into SQL over the stored body."""

from __future__ import annotations

import re
from typing import Any

from .. import odata
from . import values
from .errors import bad
from .schema import EntitySet

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)[mMdDfFlL]?")


class Filter(odata.Filter):
    """Parses one expression; `sql` and `params` are its condition."""

    token = re.compile(
        r"\s*((?:datetimeoffset|datetime|time|guid)'[^']*'|'(?:[^']|'')*'|[(),]|-?\d+(?:\.\d+)?[mMdDfFlL]?"
        r"|[A-Za-z_]\w*|\S)"
    )
    functions = {"startswith": "{}%", "endswith": "%{}"}

    def __init__(self, of: EntitySet, text: str) -> None:
        self._of = of
        super().__init__(text, bad)

    def column(self, name: str) -> str:
        return field_sql(self._of, name)

    def compared(self, name: str, operator: str, literal: str) -> str:
        self.params.append(self._value(name, literal))
        return f"{self.column(name)} {operator} ?"

    def _value(self, name: str, literal: str) -> Any:
        kind = self._of.fields[name]
        if kind == "text":
            return self.text(literal)
        if kind == "boolean" and literal in {"true", "false"}:
            return int(literal == "true")
        if kind == "number" and (found := _NUMBER.fullmatch(literal)):
            return float(found[1])
        try:
            return values.from_literal(kind, literal)
        except ValueError:
            raise bad(f"Invalid parametertype used at function '{name}': {literal}") from None


def field_sql(of: EntitySet, name: str) -> str:
    """A field as a column or out of the body."""
    if name not in of.fields:
        raise bad(f"Property {name} not found in type {of.type}.")
    columns = {column.name for column in of.kind().columns}
    return f'"{name}"' if name in columns else f"json_extract(body, '$.{name}')"


def order(of: EntitySet, text: str) -> str:
    """`$orderby`; the key makes it an order of all rows."""
    return odata.order(text, lambda name: field_sql(of, name), bad)
