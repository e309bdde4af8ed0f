"""How many calls may be under way at once: vendors that limit concurrency share the limit with all our workers.

A slot is a PostgreSQL advisory lock held for the length of one call, so the limit holds over threads, processes and
machines, and a killed worker frees its slot when its database session ends. It needs a database session per worker,
so a pooler in front of PostgreSQL must not run in transaction mode.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection as database

from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass

_SPACE = 0x7E1C
"""Key space of our advisory locks: connections above this number of slots would meet each other's."""
_SLOTS = 64


@contextmanager
def slot(connection: Connection) -> Iterator[None]:
    """Hold one of the connection's slots. Raises Failed(RATE) when none is free within `budget_wait_seconds` (10).

    The limit is the connection's setting `concurrency`; without it there is none.
    """
    limit = min(int(connection.settings.get("concurrency") or 0), _SLOTS)
    if limit <= 0:
        yield
        return
    taken = _take(connection, limit, float(connection.settings.get("budget_wait_seconds") or 10))
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s, %s)", taken)


def _take(connection: Connection, limit: int, wait: float) -> int:
    deadline = time.monotonic() + wait
    while True:
        for number in range(limit):
            key = connection.pk * _SLOTS + number
            if _ask("SELECT pg_try_advisory_lock(%s, %s)", key):
                return key
        if time.monotonic() >= deadline:
            raise Failed(
                FailureClass.RATE,
                f"All {limit} calls that {connection} may have under way are taken.",
                remedy="Raise the setting concurrency if the vendor allows more.",
                retry_after=timedelta(seconds=2),
            )
        time.sleep(0.05)


def _ask(sql: str, key: int) -> bool:
    with database.cursor() as cursor:
        cursor.execute(sql, [_SPACE, key])
        row = cursor.fetchone()
    return bool(row and row[0])
