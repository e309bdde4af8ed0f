"""SuiteQL: SELECT statements over the views, with Oracle's spelling of dates and limits, and nothing but reading."""

# ruff: noqa: S608 -- table and column names come from declarations, values are always parameters

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

from .. import stamps
from ..messages import Json, Refusal
from ..store import Store
from .errors import errors
from .views import VIEWS

LARGEST_PAGE = 1000
_WORDS = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\")|(--[^\n]*|/\*.*?\*/)|([A-Za-z_][\w.]*)", re.DOTALL)
_FETCH = re.compile(r"\s+FETCH\s+(?:FIRST|NEXT)\s+(\d+)\s+ROWS?\s+ONLY\s*$", re.IGNORECASE)
_FORMATS = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "MI": "%M",
    "SS": "%S",
}
_OTHERS = ("salesforce_", "kantata_", "avatax_", "sqlite_", "facts", "counters", "calls")
_STEPS = 20_000_000
"""Virtual machine steps after which a query is given up: about the patience of the real service."""


def refused(detail: str) -> Refusal:
    return Refusal(
        errors(400, "INVALID_PARAMETER", f"Invalid search query. Detailed unprocessed description follows. {detail}")
    )


def translate(text: str) -> tuple[str, int | None]:
    """SQLite's spelling of the query, and the rows it wants at most."""
    text = text.strip().rstrip(";").strip()
    limit = None
    if match := _FETCH.search(text):
        limit, text = int(match[1]), text[: match.start()]

    def word(match: re.Match[str]) -> str:
        if match[2]:
            return " "
        if not match[3]:
            return match[0]
        first, _, rest = match[3].partition(".")
        upper = match[3].upper()
        if upper in {"LIMIT", "OFFSET", "ROWNUM", "TOP"}:
            raise refused(f"Search error occurred: Invalid or unsupported search: {match[3]}")
        if first.lower().startswith(("netsuite_", *_OTHERS)):
            raise refused(f"Search error occurred: Record '{first}' was not found")
        if upper == "BUILTIN.DF":
            raise refused("Search error occurred: BUILTIN.DF is not available in the landscape")
        if upper == "SYSDATE":
            return "SYSDATE()"
        quoted = ['"transaction"' if part.lower() == "transaction" else part for part in (first, rest) if part]
        return ".".join(quoted)

    sql = _WORDS.sub(word, text)
    if not re.match(r"(?i)\s*(SELECT|WITH)\b", sql):
        raise refused("Search error occurred: Invalid or unsupported search")
    return sql, limit


class SuiteQL:
    """Runs queries on the store's own connection, fenced in by SQLite's authorizer while they run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        connection = store.connection
        connection.create_function("TO_DATE", 2, _to_date, deterministic=True)
        connection.create_function("TO_TIMESTAMP", 2, _to_date, deterministic=True)
        connection.create_function("TO_CHAR", 2, _to_char, deterministic=True)
        connection.create_function(
            "TO_CHAR", 1, lambda value: None if value is None else str(value), deterministic=True
        )
        connection.create_function("NVL", 2, lambda value, other: other if value is None else value, deterministic=True)
        connection.create_function("SYSDATE", 0, lambda: stamps.sortable(store.clock.now()))

    def run(self, text: str, *, limit: int, offset: int, cap: int, as_text: bool) -> tuple[list[Json], int]:
        """One page of rows, and how many there are in all."""
        sql, wanted = translate(text)
        if wanted is not None:
            sql = f"SELECT * FROM ({sql}\nLIMIT {wanted})"
        connection = self._store.connection
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(lambda: 1, _STEPS)
        try:
            total = connection.execute(f"SELECT count(*) FROM ({sql}\n)").fetchone()[0]
            page = (max(0, min(limit, cap - offset)), offset)
            cursor = connection.execute(f"{sql}\nLIMIT ? OFFSET ?", page)
            names = [column[0].lower() for column in cursor.description]
            rows = [_item(names, row, as_text) for row in cursor.fetchall()]
        except (sqlite3.Error, sqlite3.Warning) as problem:
            raise refused(f"Search error occurred: {problem}") from None
        finally:
            connection.set_authorizer(None)
            connection.set_progress_handler(None, 0)
        return rows, min(total, cap)


def _item(names: list[str], row: tuple[Any, ...], as_text: bool) -> Json:
    """A row on the wire: empty columns are left out, and every value is a string unless the setting says otherwise."""
    item: Json = {"links": []}
    for name, value in zip(names, row, strict=True):
        if value is not None:
            item[name] = _plain(value) if as_text else value
    return item


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, source: str | None) -> int:
    """Reading views, and tables through views; nothing else."""
    if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        table = first or ""
        if table.startswith("netsuite_"):
            # Counting rows reads no column and loses the view's name on the way; queries cannot name the table.
            return sqlite3.SQLITE_OK if source in VIEWS or second == "" else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_DENY if table.startswith(_OTHERS) else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _to_date(text: str | None, picture: str) -> str | None:
    """TO_DATE and TO_TIMESTAMP: the text in the form the views use, date only or to the millisecond."""
    if text is None:
        return None
    moment = datetime.strptime(text[:19] if "HH24" in picture.upper() else text, _picture(picture)).replace(tzinfo=UTC)
    if "HH24" not in picture.upper():
        return f"{moment:%Y-%m-%d}"
    fraction = text.partition(".")[2][:3].ljust(3, "0")
    return f"{moment:%Y-%m-%d %H:%M:%S}.{fraction}"


def _to_char(value: Any, picture: str) -> str | None:
    if value is None:
        return None
    text = str(value)
    moment = datetime.fromtimestamp(stamps.parse(text) / 1000, UTC)
    millis = text.partition(".")[2][:3].ljust(3, "0")
    rendered = moment.strftime(_picture(picture))
    return f"{rendered}.{millis}" if re.search(r"\.FF\d?$", picture, re.IGNORECASE) else rendered


def _picture(oracle: str) -> str:
    """An Oracle date picture in strftime's words; fractions are handled apart."""
    pattern = re.sub(r"\.FF\d?$", "", oracle.upper()).replace('"T"', "T")
    return re.sub("|".join(_FORMATS), lambda match: _FORMATS[match[0]], pattern)
