"""`$filter` and `$orderby` as every OData service takes them, into SQL; each vendor adds its fields and literals."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from .messages import Refusal

_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
Complain = Callable[[str], Refusal]


class Filter(ABC):
    """Parses one expression; `sql` and `params` are its condition."""

    token: ClassVar[re.Pattern[str]]
    functions: ClassVar[dict[str, str]]
    """Functions of a field and a text, and what they are looked for by."""

    def __init__(self, text: str, bad: Complain) -> None:
        self.bad = bad
        self._tokens = self.token.findall(text)
        self._at = 0
        self.params: list[Any] = []
        self.sql = self._either()
        if self._at < len(self._tokens):
            raise bad(f"Syntax error at '{self._tokens[self._at]}' in the filter.")

    @abstractmethod
    def column(self, name: str) -> str:
        """A field as SQL. Raises Refusal where there is none."""

    @abstractmethod
    def compared(self, name: str, operator: str, literal: str) -> str:
        """A field compared with a literal; `operator` is SQL's."""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self.bad("Syntax error: the filter ends too early.")
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
                raise self.bad("Syntax error: ')' is missing in the filter.")
            return f"({inner})"
        word = self._next()
        return self._call(word) if word in self.functions and self._take("(") else self._comparison(word)

    def _call(self, function: str) -> str:
        column = self.column(self._next())
        if not self._take(","):
            raise self.bad(f"Syntax error: {function} takes two values.")
        self.params.append(self.functions[function].format(escaped(self.text(self._next()))))
        if not self._take(")"):
            raise self.bad(f"Syntax error: ')' is missing after {function}.")
        return f"{column} LIKE ? ESCAPE '\\'"

    def _comparison(self, name: str) -> str:
        operator = self._next()
        if operator not in _OPERATORS:
            raise self.bad(f"The operator '{operator}' is not supported.")
        column, literal = self.column(name), self._next()
        if literal == "null":
            return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL"
        return self.compared(name, _OPERATORS[operator], literal)

    def text(self, literal: str) -> str:
        """A quoted text."""
        if len(literal) < 2 or not (literal.startswith("'") and literal.endswith("'")):
            raise self.bad(f"A text was expected at '{literal}'.")
        return literal[1:-1].replace("''", "'")


def order(text: str, column: Callable[[str], str], bad: Complain) -> str:
    """`$orderby`; the key makes it an order of all rows."""
    parts = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            raise bad(f"Syntax error at '{direction}' in the order.")
        parts.append(f"{column(name)} {direction.strip() or 'asc'}")
    return ", ".join([*parts, "id"])


def escaped(text: str) -> str:
    """A text inside LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
