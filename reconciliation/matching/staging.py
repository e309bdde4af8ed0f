"""Both sides in temporary tables of this connection: loaded, digested, and written down as evidence.

`staged()` opens them for a while. Everything that a run compares is in them, so that the comparison follows from their
rows alone.
"""

# ruff: noqa: S608 -- names of our own temporary tables and columns; values are always parameters

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import Any

from django.db import connection

from integration_hub.kernel.bulk import copy_rows
from reconciliation.matching.pairs import COLUMNS, Reading

_PAGE = 5000
_AT_ONCE = 16
TABLES = {"a": "recon_a", "b": "recon_b"}
"""Left and right."""
_TYPES = (
    "key text NOT NULL, ref text NOT NULL, legal_entity text NOT NULL, currency text NOT NULL,"
    " amount numeric NOT NULL, net numeric, tax numeric, on_date date, at timestamptz, party text NOT NULL,"
    " label text NOT NULL, was numeric, link text NOT NULL"
)
_ALL = ("recon_a", "recon_b", "recon_rule", "recon_odd", "recon_break", "recon_rest", "recon_near", "recon_match",
        "recon_no", "recon_lone", "recon_out", "recon_rate", "recon_written_a", "recon_written_b")  # fmt: skip


@contextmanager
def staged() -> Iterator[None]:
    """Empty tables of both sides, gone afterwards."""
    _drop()
    with connection.cursor() as cursor:
        for table in TABLES.values():
            cursor.execute(f"CREATE TEMP TABLE {table} ({_TYPES})")
    yield
    _drop()  # where something failed, the tables go with its transaction, or when they are needed next


def _drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in _ALL)}")


def load(side: str, reading: Reading) -> int:
    """Store what a side read; how many items."""
    table = TABLES[side]
    with connection.cursor() as cursor:
        if reading.sql is not None:
            sql, params = reading.sql
            cursor.execute(f"INSERT INTO {table} ({', '.join(COLUMNS)}) {sql}", params)
    # A page is read before it is copied: reading asks questions of the same connection.
    items = iter(reading.items)
    while page := list(islice(items, _PAGE)):
        copy_rows(table, COLUMNS, page)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


# The bucket of an item follows from its reference alone, so that both sides of a match are in the same one; what has
# none is spread by its key.
_BUCKET = "get_byte(sha256(convert_to(coalesce(nullif(ref, ''), key), 'UTF8')), 0)"
_WRITTEN = "recon_written_{side}"


def write_down(side: str) -> dict[int, tuple[str, int]]:
    """{bucket: (SHA-256 of its lines, how many)} of a side as it is staged; empty buckets are left out.

    The lines stay for `lines` to read: making them costs more than comparing both sides.
    """
    written = _WRITTEN.format(side=side)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{written}")
        # Not compressed on the way: they are read once, and compressed where they are kept.
        cursor.execute(f"CREATE TEMP TABLE {written} (bucket int, digest text, rows int, lines text STORAGE EXTERNAL)")
        cursor.execute(
            f"INSERT INTO {written} SELECT bucket, encode(sha256(convert_to(lines, 'UTF8')), 'hex'), rows, lines"
            " FROM (SELECT bucket, count(*) AS rows, string_agg(line, E'\\n' ORDER BY key, line) AS lines"
            f" FROM (SELECT {_BUCKET} AS bucket, key, row_to_json(side)::text AS line FROM {TABLES[side]} AS side"
            " OFFSET 0) AS told GROUP BY bucket) AS gathered"
        )
        cursor.execute(f"SELECT bucket, digest, rows FROM {written} ORDER BY bucket")
        return {bucket: (digest, rows) for bucket, digest, rows in cursor.fetchall()}


def lines(side: str, buckets: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The lines of each of these buckets, as they were written down; a few buckets are read at once."""
    for start in range(0, len(buckets), _AT_ONCE):
        some = list(buckets[start : start + _AT_ONCE])
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT bucket, lines FROM {_WRITTEN.format(side=side)} WHERE bucket = ANY (%s) ORDER BY bucket",
                [some],
            )
            for bucket, text in cursor.fetchall():
                yield bucket, text.encode()


def packed(content: bytes) -> bytes:
    """Lines as they are kept. Slower levels save a sixth and take four times as long."""
    return zlib.compress(content, 1)


class Forged(Exception):
    """Kept input that is not what its digest says."""


def restore(side: str, blocks: Iterable[tuple[str, bytes]]) -> None:
    """Stage what was kept. Raises Forged where a block does not have its digest."""
    table = TABLES[side]
    with connection.cursor() as cursor:
        for digest, content in blocks:
            plain = zlib.decompress(content)
            if sha256(plain).hexdigest() != digest:
                raise Forged(f"The input kept as {digest[:12]}… says something else now.")
            cursor.execute(
                f"INSERT INTO {table} SELECT kept.* FROM unnest(string_to_array(%s, E'\\n')) AS line,"
                f" LATERAL json_populate_record(NULL::{table}, line::json) AS kept",
                [plain.decode()],
            )
        cursor.execute(f"ANALYZE {table}")


def table_of(name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """A small temporary table with these rows."""
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} ({declared})")
    copy_rows(name, tuple(columns), rows)


def links(groups: Iterable[tuple[str, Sequence[str], Sequence[str]]]) -> None:
    """Give the items of each (reference, left keys, right keys) that reference: people said they belong together."""
    pairs = [
        (side, key, ref) for ref, left, right in groups for side, keys in (("a", left), ("b", right)) for key in keys
    ]
    if not pairs:
        return
    with connection.cursor() as cursor:
        for side, table in TABLES.items():
            mine = [(key, ref) for where, key, ref in pairs if where == side]
            cursor.execute(
                f"UPDATE {table} AS item SET ref = said.ref FROM unnest(%s::text[], %s::text[]) AS said (key, ref)"
                " WHERE item.key = said.key",
                [[key for key, _ in mine], [ref for _, ref in mine]],
            )


def found(sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a query by their columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def memory(megabytes: int) -> None:
    """Let the sorts and hashes of this transaction use so much memory before they go to disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [f"{megabytes}MB"])
