"""`$filter` and `$orderby` of OData v4 as F&O takes them, into SQL over the stored body."""

from __future__ import annotations

import re
from typing import Any

from .. import odata
from .errors import bad
from .schema import NAMESPACE, STAMP, EntitySet

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Filter(odata.Filter):
    """Parses one expression; `sql` and `params` are its condition."""

    token = re.compile(
        rf"\s*({re.escape(NAMESPACE)}\.\w+'[^']*'|'(?:[^']|'')*'|\d{{4}}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"
        r"|\d{4}-\d\d-\d\d|[(),]|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|\S)"
    )
    functions = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}

    def __init__(self, of: EntitySet, text: str, *, stamped: bool) -> None:
        self._of = of
        self._stamped = stamped
        super().__init__(text, bad)

    def column(self, name: str) -> str:
        return field_sql(self._of, name, stamped=self._stamped)

    def compared(self, name: str, operator: str, literal: str) -> str:
        column, value = self.column(name), self._value(name, literal)
        if isinstance(value, str) and operator in {"=", "<>"} and "*" in value:
            self.params.append(odata.escaped(value).replace("*", "%"))
            return f"{column} {'NOT ' if operator == '<>' else ''}LIKE ? ESCAPE '\\'"
        self.params.append(value)
        # SQL Server compares texts without regard to case.
        anyhow = " COLLATE NOCASE" if name != STAMP and self._of.by_name[name].type == "text" else ""
        return f"{column} {operator} ?{anyhow}"

    def _value(self, name: str, literal: str) -> Any:
        """The value a field is compared with; its literal must be of the field's type."""
        kind = "stamp" if name == STAMP else self._of.by_name[name].type
        if kind in {"number", "integer"}:
            if not _NUMBER.fullmatch(literal):
                raise bad(f"A binary operator with incompatible types was detected: {name} and {literal}.")
            return float(literal)
        if kind == "text":
            return self.text(literal)
        if kind in {"date", "stamp"}:
            if not literal[:4].isdigit():
                raise bad(f"A binary operator with incompatible types was detected: {name} and {literal}.")
            return literal[:10] if kind == "date" else literal.replace("+00:00", "Z")
        found = re.fullmatch(rf"{re.escape(NAMESPACE)}\.{kind}'(\w+)'", literal)
        if found is None:
            raise bad(f"A binary operator with incompatible types was detected: {NAMESPACE}.{kind} and {literal}.")
        return found[1]


def field_sql(of: EntitySet, name: str, *, stamped: bool) -> str:
    """A field as a column or out of the body."""
    if name == STAMP and stamped:
        return f'"{STAMP}"'
    if name not in of.by_name:
        raise bad(f"Could not find a property named '{name}' on type '{NAMESPACE}.{of.type}'.")
    return (
        f'"{name}"' if any(column.name == name for column in of.kind().columns) else f"json_extract(body, '$.{name}')"
    )


def order(of: EntitySet, text: str, *, stamped: bool) -> str:
    """`$orderby`; the key makes it an order of all rows."""
    return odata.order(text, lambda name: field_sql(of, name, stamped=stamped), bad)
