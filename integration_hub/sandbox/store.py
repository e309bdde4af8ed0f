"""The landscape's memory: one SQLite file, written before any answer leaves, so that a killed process resumes.

Every record is one JSON body, stored as the vendor would send it. What a vendor filters or sorts by is declared as a
column computed from that body; so a filter can never disagree with what a reader sees.
"""

# ruff: noqa: S608 -- table and column names come from declarations, values are always parameters

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .messages import Json, dump

LAYOUT = "4"
"""Raised when stored bodies change meaning; an older state file is refused instead of misread."""

_REMEMBERED = 8
"""Result lists kept in memory: a few readers that page through long lists at the same time."""

_BASE = """
CREATE TABLE IF NOT EXISTS facts (space TEXT, key TEXT, value TEXT, PRIMARY KEY (space, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (n INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, vendor TEXT, method TEXT, path TEXT,
  query TEXT, status INTEGER, outcome INTEGER, fault TEXT);
CREATE INDEX IF NOT EXISTS calls_vendor ON calls (vendor, n);
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column computed from the body."""

    name: str
    path: str = ""
    kind: str = "TEXT"

    def ddl(self) -> str:
        path = self.path or f"$.{self.name}"
        value = f"json_extract(body, '{path}')"
        if self.kind != "TEXT":
            value = f"CAST({value} AS {self.kind})"
        return f'"{self.name}" {self.kind} GENERATED ALWAYS AS ({value}) STORED'


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its table, the columns it can be searched by, its unique keys and its indexes."""

    table: str
    columns: tuple[Column, ...] = ()
    key: str = "INTEGER"
    unique: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    def ddl(self) -> str:
        columns = [f"id {self.key} PRIMARY KEY", "created_ms INTEGER", "changed_ms INTEGER"]
        columns += [*(column.ddl() for column in self.columns), "body TEXT"]
        statements = [f'CREATE TABLE IF NOT EXISTS "{self.table}" ({", ".join(columns)});']
        for names in self.unique:
            statements.append(self._index("UNIQUE ", names))
        for names in ("changed_ms, id", *self.indexes):
            statements.append(self._index("", names))
        return "\n".join(statements)

    def _index(self, unique: str, names: str) -> str:
        slug = "_".join(name.strip().strip('"').lower() for name in names.split(","))
        return f'CREATE {unique}INDEX IF NOT EXISTS "{self.table}_{slug}" ON "{self.table}" ({names});'


@dataclass(frozen=True, slots=True)
class Row:
    """A stored record as text; most answers splice it without parsing."""

    id: Any
    text: str

    @property
    def body(self) -> Json:
        parsed: Json = json.loads(self.text)
        return parsed


class Clock:
    """Milliseconds that never repeat: two writes always have an order, whatever the wall clock does."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.offset_ms = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    def tick(self) -> int:
        self.last = max(self.now(), self.last + 1)
        return self.last


class Store:
    """The open state file. One connection, one thread: calls are serial, which is what makes a seed repeatable."""

    def __init__(self, state: str) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="landscape-") if state == ":memory:" else None
        path = Path(self._scratch.name, "state.sqlite3") if self._scratch else Path(state)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=512, timeout=1)
        try:
            # One landscape per file: numbers and stamps are counted in memory, and two would give them out twice.
            self.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute(f"PRAGMA synchronous = {'OFF' if self._scratch else 'NORMAL'}")
            self.connection.executescript(_BASE)
        except sqlite3.OperationalError as problem:
            raise SystemExit(f"cannot use {path}: {problem}; is another landscape running on it?") from None
        self._check_layout(path)
        self._counters: dict[str, int] = dict(self.connection.execute("SELECT name, value FROM counters"))
        self._dirty: set[str] = set()
        self._kinds: list[Kind] = []
        self.clock = Clock(self._counters.get("clock", 0))
        self.version = 0
        """Rises with every change of a record, and when changes are taken back: what was looked up before is stale."""
        self.results: OrderedDict[tuple[Any, ...], tuple[int, list[Any]]] = OrderedDict()

    def _check_layout(self, path: Path) -> None:
        found = self.fact("landscape", "layout")
        if found is None:
            self.remember("landscape", "layout", LAYOUT)
        elif found != LAYOUT:
            raise SystemExit(f"{path} was written by another version of the landscape (layout {found}); remove it.")

    def close(self) -> None:
        self.connection.close()
        if self._scratch:
            self._scratch.cleanup()

    def define(self, kinds: Iterable[Kind]) -> None:
        """Create the tables of a vendor's records."""
        for kind in kinds:
            self._kinds.append(kind)
            self.connection.executescript(kind.ddl())

    def records(self, kind: Kind) -> Records:
        return Records(self, kind)

    # -- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and on disk when it ends."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._flush()
        except BaseException:
            self.version += 1
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def attempt(self, name: str = "attempt") -> Iterator[None]:
        """A part of a transaction that may fail on its own: one row of a collection, one vendor call."""
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.version += 1
            self.connection.execute(f"ROLLBACK TO {name}")
            self.connection.execute(f"RELEASE {name}")
            raise
        self.connection.execute(f"RELEASE {name}")

    def _flush(self) -> None:
        self._counters["clock"] = self.clock.last
        rows = [(name, self._counters[name]) for name in (*sorted(self._dirty), "clock")]
        self.connection.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", rows
        )
        self._dirty.clear()

    def next(self, name: str, start: int = 1) -> int:
        """The next number of a sequence. A failed call burns its number: ids that were once told are never reused."""
        value = self._counters.get(name, start - 1) + 1
        self._counters[name] = value
        self._dirty.add(name)
        return value

    def reached(self, name: str) -> int:
        """The last number a sequence gave out, 0 before the first."""
        return self._counters.get(name, 0)

    def restart(self, prefix: str) -> None:
        """Begin the sequences whose name starts so at nothing again: for tallies, never for ids."""
        for name in self._counters:
            if name.startswith(prefix):
                self._counters[name] = 0
                self._dirty.add(name)

    # -- small facts: settings, faults, tokens, relay targets ---------------------------------------------------

    def fact(self, space: str, key: str) -> Any:
        row = self.connection.execute("SELECT value FROM facts WHERE space = ? AND key = ?", (space, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def facts(self, space: str) -> dict[str, Any]:
        rows = self.connection.execute("SELECT key, value FROM facts WHERE space = ? ORDER BY key", (space,))
        return {key: json.loads(value) for key, value in rows}

    def remember(self, space: str, key: str, value: Any) -> None:
        self.connection.execute(
            "INSERT INTO facts VALUES (?, ?, ?) ON CONFLICT (space, key) DO UPDATE SET value = excluded.value",
            (space, key, dump(value)),
        )

    def forget(self, space: str, key: str | None = None) -> None:
        if key is None:
            self.connection.execute("DELETE FROM facts WHERE space = ?", (space,))
        else:
            self.connection.execute("DELETE FROM facts WHERE space = ? AND key = ?", (space, key))

    # -- the call log -------------------------------------------------------------------------------------------

    def log_call(self, row: tuple[Any, ...], keep: int) -> None:
        """Write one call down and let the oldest go once there are more than `keep`."""
        cursor = self.connection.execute(
            "INSERT INTO calls (at, vendor, method, path, query, status, outcome, fault) VALUES (?,?,?,?,?,?,?,?)", row
        )
        number = cursor.lastrowid or 0
        if number % 1000 == 0:
            self.connection.execute("DELETE FROM calls WHERE n <= ?", (number - keep,))

    def ordered(self, sql: str, params: tuple[Any, ...]) -> list[Any]:
        """The first column of a query, from memory if nothing changed since it was last asked."""
        known = self.results.get((sql, params))
        if known is None or known[0] != self.version:
            known = (self.version, [row[0] for row in self.connection.execute(sql, params)])
            self.results[sql, params] = known
        self.results.move_to_end((sql, params))
        while len(self.results) > _REMEMBERED:
            self.results.popitem(last=False)
        return known[1]

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, params).fetchall()

    def bodies(self, table: str) -> list[Json]:
        """All records of a table by id; raises ValueError when there is no such table."""
        if table not in {kind.table for kind in self._kinds}:
            known = ", ".join(sorted(kind.table for kind in self._kinds))
            raise ValueError(f"unknown kind {table!r}; there are {known}")
        return [json.loads(text) for (text,) in self.query(f'SELECT body FROM "{table}" ORDER BY id')]

    def wipe(self, tables_like: str) -> None:
        """Empty the tables whose name starts so; numbering goes on, so that an old id never names a new record."""
        self.version += 1
        for kind in self._kinds:
            if kind.table.startswith(tables_like):
                self.connection.execute(f'DELETE FROM "{kind.table}"')


class Records:
    """Reading and writing the records of one kind."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self.store = store
        self.kind = kind
        table = f'"{kind.table}"'
        self._get = f"SELECT id, body FROM {table} WHERE id = ?"
        self._put = (
            f"INSERT INTO {table} (id, created_ms, changed_ms, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET changed_ms = excluded.changed_ms, body = excluded.body"
        )
        self._remove = f"DELETE FROM {table} WHERE id = ?"
        self._count = f"SELECT count(*) FROM {table}"
        self._find = f"SELECT id, body FROM {table}"

    def get(self, key: Any) -> Json | None:
        row = self.store.connection.execute(self._get, (key,)).fetchone()
        return None if row is None else json.loads(row[1])

    def put(self, key: Any, body: Json, at: int) -> None:
        """Write the record; `at` becomes its change stamp, and its creation stamp if it is new."""
        self.store.version += 1
        self.store.connection.execute(self._put, (key, at, at, dump(body)))

    def put_quietly(self, key: Any, body: Json) -> None:
        """Change the body without moving the stamp: the vice that hides a change from a delta reader."""
        self.store.version += 1
        self.store.connection.execute(f'UPDATE "{self.kind.table}" SET body = ? WHERE id = ?', (dump(body), key))

    def remove(self, key: Any) -> None:
        self.store.version += 1
        self.store.connection.execute(self._remove, (key,))

    def find(
        self, where: str = "", params: Sequence[Any] = (), *, order: str = "id", limit: int = -1, offset: int = 0
    ) -> list[Row]:
        clause = f" WHERE {where}" if where else ""
        sql = f"{self._find}{clause} ORDER BY {order} LIMIT ? OFFSET ?"
        return [Row(*row) for row in self.store.connection.execute(sql, (*params, limit, offset))]

    def page(
        self, where: str, params: Sequence[Any], *, order: str = "id", limit: int, offset: int
    ) -> tuple[list[Row], int]:
        """A window of the matching records and how many match.

        The order of all matching ids is remembered until something changes, so reading a long list to its end costs
        one sort, not one per page.
        """
        clause = f" WHERE {where}" if where else ""
        sql = f'SELECT id FROM "{self.kind.table}"{clause} ORDER BY {order}'
        ids = self.store.ordered(sql, tuple(params))
        wanted = ids[offset : offset + limit]
        rows = {row.id: row for row in self.find(f"id IN ({','.join('?' * len(wanted))})", wanted)}
        return [rows[key] for key in wanted], len(ids)

    def first(self, where: str, params: Sequence[Any]) -> Row | None:
        rows = self.find(where, params, limit=1)
        return rows[0] if rows else None

    def count(self, where: str = "", params: Sequence[Any] = ()) -> int:
        clause = f" WHERE {where}" if where else ""
        found: int = self.store.connection.execute(self._count + clause, params).fetchone()[0]
        return found
