"""The words of SOQL: tokens, literals, and the error for what is no SOQL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import RowError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w.]*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def malformed(message: str) -> RowError:
    """MALFORMED_QUERY."""
    return RowError("MALFORMED_QUERY", message)


@dataclass(slots=True)
class Token:
    """One token and what it is."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind in {"name", "sign"} else ""


def tokens(soql: str) -> list[Token]:
    """The query in tokens; raises RowError at the first character that belongs to none."""
    found, at = [], 0
    while at < len(soql.rstrip()):
        match = _TOKEN.match(soql, at)
        if match is None or match.end() == at:
            raise malformed(f"unexpected character at position {at}: '{soql[at : at + 10].strip()}'")
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind]))
        at = match.end()
    return found


def unquoted(text: str, keep: str = "") -> str:
    """The string of a literal; escapes of characters in `keep` stay escaped, for LIKE."""

    def plain(match: re.Match[str]) -> str:
        return match[0] if match[1] in keep else _ESCAPES.get(match[1], match[1])

    return re.sub(r"\\(.)", plain, text[1:-1])
