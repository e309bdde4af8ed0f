"""`$filter` and `$orderby` of OData v4 as F&O takes them, into SQL over the stored body."""

from __future__ import annotations

import re
from typing import Any

from .errors import bad
from .schema import NAMESPACE, STAMP, EntitySet

_TOKEN = re.compile(
    rf"\s*({re.escape(NAMESPACE)}\.\w+'[^']*'|'(?:[^']|'')*'|\d{{4}}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"
    r"|\d{4}-\d\d-\d\d|[(),]|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|\S)"
)
_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_FUNCTIONS = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Filter:
    """Parses one expression; `sql` and `params` are its condition."""

    def __init__(self, of: EntitySet, text: str, *, stamped: bool) -> None:
        self._of = of
        self._stamped = stamped
        self._tokens = _TOKEN.findall(text)
        self._at = 0
        self.params: list[Any] = []
        self.sql = self._either()
        if self._at < len(self._tokens):
            raise bad(f"Syntax error at '{self._tokens[self._at]}' in the filter.")

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise bad("Syntax error: the filter ends too early.")
        self._at += 1
        return str(self._tokens[self._at - 1])

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == word:
            self._at += 1
            return True
        return False

    def _either(self) -> str:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return f"({' OR '.join(parts)})" if len(parts) > 1 else parts[0]

    def _both(self) -> str:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return " AND ".join(parts)

    def _one(self) -> str:
        if self._take("not"):
            return f"NOT {self._one()}"
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise bad("Syntax error: ')' is missing in the filter.")
            return f"({inner})"
        word = self._next()
        return self._call(word) if word in _FUNCTIONS and self._take("(") else self._comparison(word)

    def _call(self, function: str) -> str:
        column = field_sql(self._of, self._next(), stamped=self._stamped)
        if not self._take(","):
            raise bad(f"Syntax error: {function} takes two values.")
        self.params.append(_FUNCTIONS[function].format(_escaped(self._text(self._next()))))
        if not self._take(")"):
            raise bad(f"Syntax error: ')' is missing after {function}.")
        return f"{column} LIKE ? ESCAPE '\\'"

    def _comparison(self, name: str) -> str:
        operator = self._next()
        if operator not in _OPERATORS:
            raise bad(f"The operator '{operator}' is not supported.")
        column = field_sql(self._of, name, stamped=self._stamped)
        literal = self._next()
        if literal == "null":
            return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL"
        value = self._value(name, literal)
        if isinstance(value, str) and operator in {"eq", "ne"} and "*" in value:
            self.params.append(_escaped(value).replace("*", "%"))
            return f"{column} {'NOT ' if operator == 'ne' else ''}LIKE ? ESCAPE '\\'"
        self.params.append(value)
        # SQL Server compares texts without regard to case.
        anyhow = " COLLATE NOCASE" if name != STAMP and self._of.by_name[name].type == "text" else ""
        return f"{column} {_OPERATORS[operator]} ?{anyhow}"

    def _value(self, name: str, literal: str) -> Any:
        """The value a field is compared with; its literal must be of the field's type."""
        kind = "stamp" if name == STAMP else self._of.by_name[name].type
        if kind in {"number", "integer"}:
            if not _NUMBER.fullmatch(literal):
                raise bad(f"A binary operator with incompatible types was detected: {name} and {literal}.")
            return float(literal)
        if kind == "text":
            return self._text(literal)
        if kind in {"date", "stamp"}:
            if not literal[:4].isdigit():
                raise bad(f"A binary operator with incompatible types was detected: {name} and {literal}.")
            return literal[:10] if kind == "date" else literal.replace("+00:00", "Z")
        found = re.fullmatch(rf"{re.escape(NAMESPACE)}\.{kind}'(\w+)'", literal)
        if found is None:
            raise bad(f"A binary operator with incompatible types was detected: {NAMESPACE}.{kind} and {literal}.")
        return found[1]

    @staticmethod
    def _text(literal: str) -> str:
        if len(literal) < 2 or not (literal.startswith("'") and literal.endswith("'")):
            raise bad(f"A text was expected at '{literal}'.")
        return literal[1:-1].replace("''", "'")


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
    parts = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            raise bad(f"Syntax error at '{direction}' in the order.")
        parts.append(f"{field_sql(of, name, stamped=stamped)} {direction.strip() or 'asc'}")
    return ", ".join([*parts, "id"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
