"""Processor time and memory of what is measured: on a machine others work on, both say more than a clock does."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

MIB = 1024 * 1024


@dataclass(slots=True)
class Spent:
    """Seconds by the clock, and of processor time of this process and of its database session's."""

    seconds: float = 0.0
    here: float = 0.0
    server: float = 0.0

    def micros(self, things: int) -> float:
        """Microseconds of processor time for each of so many things, both processes together."""
        return (self.here + self.server) / things * 1e6


@contextmanager
def measured() -> Iterator[Spent]:
    """What the block spends; filled in when it ends."""
    spent = Spent()
    pid = session()
    here, server, clock = time.process_time(), of_process(pid), time.monotonic()
    try:
        yield spent
    finally:
        spent.seconds = time.monotonic() - clock
        spent.here, spent.server = time.process_time() - here, of_process(pid) - server


def session() -> int:
    """The process of our database session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def of_process(pid: int) -> float:
    """Seconds a process of this machine has run so far; 0 where the machine does not say (another one, not Linux)."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[0]) / 1e9 if told.exists() else 0.0


def peak() -> float:
    """The most memory this process has used, in MiB.

    Not as `getrusage` has it where the machine says more: that starts with what the process that started us used.
    """
    told = Path("/proc/self/status")
    if told.exists():
        rows = (row.split() for row in told.read_text().splitlines())
        return next(int(row[1]) for row in rows if row[0] == "VmHWM:") / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def private(pid: int) -> float:
    """Memory of a process that is its own and shared with no other, in MiB; 0 where the machine does not say."""
    told = Path(f"/proc/{pid}/smaps_rollup")
    if not told.exists():
        return 0.0
    rows = [row.split() for row in told.read_text().splitlines() if row.startswith("Private_")]
    return sum(int(row[1]) for row in rows) / 1024
