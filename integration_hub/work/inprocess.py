"""Lanes worked in this process, without queue and ticker: for commands, tests and the one-shot demo."""

from collections.abc import Callable, Iterable
from time import monotonic, sleep

from integration_hub.work import engine, queries, ticker
from integration_hub.work.models import Stage

ALL_STAGES = tuple(str(stage) for stage in Stage.values)


def drain_once(stages: Iterable[str] = ALL_STAGES) -> int:
    """Work what is due now, stage after stage, until one whole round finds nothing; how many items were worked."""
    total = 0
    while worked := sum(engine.drain(stage) for stage in stages):
        total += worked
    return total


def run_until_quiet(
    *, deadline_seconds: float, stages: Iterable[str] = ALL_STAGES, progress: Callable[[int], object] | None = None
) -> bool:
    """Tick and drain until nothing is left to do by itself; False when the deadline passes first."""
    deadline = monotonic() + deadline_seconds
    total = 0
    while monotonic() < deadline:
        ticker.expire_leases()
        ticker.run_ticks()
        worked = drain_once(stages)
        total += worked
        if progress is not None and worked:
            progress(total)
        if not worked:
            if queries.quiescent():
                return True
            sleep(0.1)
    return False
