"""What the checker reads: the source rows that were accepted, and one row for each time an item took effect.

Plain tables beside the product's, made when a rehearsal starts. The ledger has no unique key: a duplicate must be able
to show.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

_TABLES = """
CREATE TABLE IF NOT EXISTS rehearsal_source (
    seed int NOT NULL, lane text NOT NULL, n int NOT NULL, does text NOT NULL, legal_entity text NOT NULL DEFAULT '',
    amount numeric NOT NULL DEFAULT 0, currency text NOT NULL DEFAULT '', business_key text NOT NULL DEFAULT '',
    PRIMARY KEY (seed, lane, n)
);
CREATE TABLE IF NOT EXISTS rehearsal_ledger (
    id bigserial PRIMARY KEY, seed int NOT NULL, lane text NOT NULL, n int NOT NULL, item bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS rehearsal_ledger_seed ON rehearsal_ledger (seed, lane, id);
"""
_ACCEPT = """
INSERT INTO rehearsal_source (seed, lane, n, does, legal_entity, amount, currency, business_key)
SELECT * FROM unnest(%s::int[], %s::text[], %s::int[], %s::text[], %s::text[], %s::numeric[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING RETURNING lane, n
"""
_BOOK = "INSERT INTO rehearsal_ledger (seed, lane, n, item) VALUES (%s, %s, %s, %s)"
_BOOK_ALL = """
INSERT INTO rehearsal_ledger (seed, lane, n, item)
SELECT * FROM unnest(%s::int[], %s::text[], %s::int[], %s::bigint[])
"""


def create() -> None:
    """Make the tables unless they are there."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)


def accept(rows: Sequence[tuple[Any, ...]]) -> set[tuple[str, int]]:
    """Note source rows (seed, lane, n, does, legal entity, amount, currency, business key); (lane, n) of the new ones.

    In the transaction that puts the items into their lanes: accepted means that both are committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, [list(column) for column in zip(*rows, strict=True)])
        return {(lane, n) for lane, n in cursor.fetchall()}


def book(*, seed: int, lane: str, n: int, item: int) -> None:
    """An item took effect, in the transaction that settles it."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOK, [seed, lane, n, item])


def book_all(rows: Sequence[tuple[int, str, int, int]]) -> None:
    """Items (seed, lane, n, item) took effect, in the transaction that settles them all."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOK_ALL, [list(column) for column in zip(*rows, strict=True)])
