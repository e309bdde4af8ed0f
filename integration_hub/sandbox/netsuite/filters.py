"""Collection filtering: `q=lastModifiedDate ON_OR_AFTER "2026-05-01" AND companyName START_WITH "A"`."""

from __future__ import annotations

import re
from typing import Any

from ..messages import Refusal
from .errors import errors
from .records import Book
from .schema import Field, RecordType

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\(|\)|\[|\]|,|[^\s()\[\],]+)')
_COMPARISONS = {
    "EQUAL": "=",
    "EQUAL_NOT": "<>",
    "GREATER": ">",
    "GREATER_OR_EQUAL": ">=",
    "LESS": "<",
    "LESS_OR_EQUAL": "<=",
    "ON": "=",
    "ON_NOT": "<>",
    "AFTER": ">",
    "ON_OR_AFTER": ">=",
    "BEFORE": "<",
    "ON_OR_BEFORE": "<=",
}
_PATTERNS = {"CONTAIN": "%{}%", "START_WITH": "{}%", "END_WITH": "%{}"}


class Filter:
    """Parses one expression into SQL over the record's body."""

    def __init__(self, of: RecordType, text: str) -> None:
        self._of = of
        self._tokens = _TOKEN.findall(text)
        self._at = 0
        self.params: list[Any] = []

    def sql(self) -> str:
        sql = self._either()
        if self._at < len(self._tokens):
            raise _refused(f"unexpected '{self._tokens[self._at]}'")
        return sql

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise _refused("unexpected end")
        self._at += 1
        return str(self._tokens[self._at - 1])

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].upper() == word:
            self._at += 1
            return True
        return False

    def _either(self) -> str:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return f"({' OR '.join(parts)})"

    def _both(self) -> str:
        parts = [self._condition()]
        while self._take("AND"):
            parts.append(self._condition())
        return " AND ".join(parts)

    def _condition(self) -> str:
        if self._take("("):
            sql = self._either()
            if not self._take(")"):
                raise _refused("')' is missing")
            return sql
        name = self._next()
        field = self._of.by_name.get(name)
        if field is None and not name.startswith("cust"):
            raise _refused(f"unknown field '{name}'")
        column = self._column(name, field)
        operator = self._next().upper()
        if operator in {"EMPTY", "EMPTY_NOT"}:
            return f"{column} IS {'NOT ' if operator.endswith('NOT') else ''}NULL"
        if operator in {"ANY_OF", "ANY_OF_NOT"}:
            return self._any_of(column, operator)
        value = self._value(field)
        if operator in {"IS", "IS_NOT"}:
            self.params.append(value)
            return f"{column} {operator.replace('_', ' ')} ? COLLATE NOCASE"
        base = operator.removesuffix("_NOT")
        if base in _PATTERNS:
            self.params.append(_PATTERNS[base].format(value))
            return f"{column} {'NOT ' if operator != base else ''}LIKE ?"
        if operator in _COMPARISONS:
            self.params.append(value)
            day_only = field is not None and field.name in {"lastModifiedDate", "createdDate"} and len(str(value)) == 10
            return f"{f'substr({column}, 1, 10)' if day_only else column} {_COMPARISONS[operator]} ?"
        raise _refused(f"unknown operator '{operator}'")

    @staticmethod
    def _column(name: str, field: Field | None) -> str:
        if name == "id":
            return "id"
        suffix = ".id" if field is not None and field.type in {"ref", "enum"} else ""
        return f"json_extract(body, '$.{re.sub(r'[^A-Za-z0-9_]', '', name)}{suffix}')"

    def _any_of(self, column: str, operator: str) -> str:
        if not self._take("["):
            raise _refused("'[' is missing")
        marks = []
        while not self._take("]"):
            self.params.append(self._next().strip('"'))
            marks.append("?")
            self._take(",")
        negation = "NOT " if operator.endswith("_NOT") else ""
        return f"CAST({column} AS TEXT) {negation}IN ({','.join(marks)})"

    def _value(self, field: Field | None) -> Any:
        raw = self._next()
        text = re.sub(r"\\(.)", r"\1", raw[1:-1]) if raw.startswith('"') else raw
        if field is not None and field.type == "number":
            try:
                return float(text)
            except ValueError:
                raise _refused(f"'{text}' is not a number") from None
        if field is not None and field.type == "bool":
            return int(text.lower() == "true")
        return text


def condition(book: Book, of: RecordType, text: str) -> tuple[str, list[Any]]:
    """WHERE clause and parameters of an expression; everything when there is none."""
    if not text.strip():
        return "", []
    parsed = Filter(of, text)
    return parsed.sql(), parsed.params


def _refused(problem: str) -> Refusal:
    return Refusal(errors(400, "INVALID_PARAMETER", f"Invalid query expression: {problem}.", query="q"))
