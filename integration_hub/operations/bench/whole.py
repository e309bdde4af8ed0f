"""The whole way of time entries: from a vendor's pages to stored decisions, with both cores at work."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from time import monotonic, sleep
from typing import Any

from django.db import connection

from billing.models import Decision
from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, Run
from integration_hub.operations.bench import Aim, Figure, held, scratch, vendor
from integration_hub.operations.bench.workers import Told, work
from integration_hub.work.models import Lane

WORKERS = 2
"""As many as the machine the goal speaks of has cores: one reads, the other decides what has been read."""
PATIENCE = 600.0
STAGE = "ingest"
_SPAWN = get_context("spawn")


@dataclass(frozen=True, slots=True)
class _Ran:
    seconds: float
    told: Sequence[Told]

    def micros(self, things: int) -> float:
        return sum(one.here + one.server for one in self.told) / things * 1e6


def measure(there: Connection, rows: Sequence[dict[str, Any]], tell: Callable[[Figure], None]) -> list[Figure]:
    """A quarter of the entries and all of them, each from empty tables; what it says of the goals."""
    few = rows[: max(1, len(rows) // 4)]
    first, ran = _run(there, few), _run(there, rows)
    for done, result in ((few, first), (rows, ran)):
        step = f"ours: whole way, HTTP to decision, {WORKERS} workers"
        tell(Figure(step, len(done), result.seconds, cpu_micros=result.micros(len(done))))
    peak, before = (max(one.peak for one in some.told) for some in (ran, first))
    private = max(one.private for one in ran.told)
    rate = Aim("entries a second", 10_000, 10_000)
    return [
        held("P17 whole way, of the time of two cores", 2e6 / ran.micros(len(rows)), rate),
        held("P17 whole way, by the clock", len(rows) / ran.seconds, rate),
        held("P3 memory of a worker", peak, Aim("MiB", 150, 100, most=True)),
        held("P3 memory of its database session", private, Aim("MiB", 40, 32, most=True)),
        held("P3 more for four times as many entries", peak - before, Aim("MiB", 15, 5, most=True)),
    ]


def _run(there: Connection, rows: Sequence[dict[str, Any]]) -> _Ran:
    scratch.empty()
    with _served(rows) as address:
        Connection.objects.filter(pk=there.pk).update(base_url=address)
        feed = Feed.objects.select_related("connection").get(connection=there, entity="time_entry")
        connection.close()  # the workers are spawned, and each opens its own
        pipes = [_SPAWN.Pipe() for _ in range(WORKERS)]
        workers = [_SPAWN.Process(target=work, args=(scratch.address(), STAGE, end)) for _, end in pipes]
        for worker in workers:
            worker.start()
        try:
            for pipe, _ in pipes:
                pipe.recv()
            started = monotonic()
            feeds.enqueue_poll(feed, trigger="bench")
            _wait(feed)
            seconds = monotonic() - started
            for pipe, _ in pipes:
                pipe.send("stop")
            told = [pipe.recv() for pipe, _ in pipes]
        finally:
            for worker in workers:
                worker.join(5)
                worker.terminate()
    decided = Decision.objects.filter(is_current=True).count()
    if decided != len(rows):
        raise RuntimeError(f"{len(rows):,} entries were sent and {decided:,} are decided.")
    return _Ran(seconds, told)


@contextmanager
def _served(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=vendor.serve, args=(rows, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join(5)


def _wait(feed: Feed) -> None:
    """Until the reading is over and nothing waits in a lane. Raises RuntimeError when it takes too long or fails."""
    deadline = monotonic() + PATIENCE
    while True:
        run = Run.objects.filter(feed=feed).order_by("-pk").first()
        if run is not None and run.state == Run.State.FAILED:
            raise RuntimeError(f"The reading failed: {run.error}")
        if run is not None and run.state == Run.State.DONE and not Lane.objects.filter(ready__gt=0).exists():
            return
        if monotonic() > deadline:
            raise RuntimeError(f"Nothing came of it in {PATIENCE:.0f} s.")
        sleep(0.02)
