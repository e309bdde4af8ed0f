"""Points where a rehearsal or a test may kill the worker, to prove that whatever comes half done is finished once.

Nothing is armed in normal running. A test arms a point in this process with `armed`. A worker process is told by its
environment: THROUGHLINE_FAILPOINT=after_send kills it there with SIGKILL, THROUGHLINE_FAILPOINT="after_send:0.02
claimed:0.001" with these odds at each passing, drawn from THROUGHLINE_FAILPOINT_SEED. Dying, it says on stderr where.
"""

import os
import random
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LANE_POINTS = ("claimed", "worked", "settled")
EFFECT_POINTS = (
    "planned",
    "before_send",
    "after_send",
    "before_record",
    "after_record",
    "before_confirm",
    "in_confirm",
)
INTAKE_POINTS = ("page_read", "page_stored", "page_taken")
PROCESS_POINTS = ("step_begun", "step_ran", "step_noted")
STREAM_POINTS = ("portion_noted", "portion_told")
POINTS = LANE_POINTS + EFFECT_POINTS + INTAKE_POINTS + PROCESS_POINTS + STREAM_POINTS
LAST_WORDS = "fail point "
"""What a dying process writes to stderr, followed by the point's name."""

_armed: dict[str, int] = {}
_odds: dict[str, float] = {}
_dice = random.Random()  # noqa: S311 - no secret hangs on it


class Crash(BaseException):
    """The worker is gone: derived from BaseException so that no handler of errors notices it."""


def _known(point: str) -> str:
    if point not in POINTS:
        raise LookupError(f"No fail point {point!r}. Known: {', '.join(POINTS)}.")
    return point


@contextmanager
def armed(point: str, times: int = 1) -> Iterator[None]:
    """Crash the first `times` times the point is hit inside this block."""
    _armed[_known(point)] = times
    try:
        yield
    finally:
        _armed.pop(point, None)


def arm_process(odds: Mapping[str, float], seed: str) -> None:
    """From now on this process dies at these points with these odds (0 to 1). Raises LookupError for an unknown one."""
    _odds.clear()
    _odds.update({_known(point): share for point, share in odds.items()})
    _dice.seed(seed)


def hit(point: str) -> None:
    """Pass the point, unless it is armed."""
    if _odds and _dice.random() < _odds.get(point, 0.0):
        os.write(2, f"{LAST_WORDS}{point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
    if _armed.get(point, 0) > 0:
        _armed[point] -= 1
        raise Crash(point)


def _read_environment() -> None:
    wanted = os.environ.get("THROUGHLINE_FAILPOINT", "")
    pairs = (entry.partition(":") for entry in wanted.replace(",", " ").split())
    odds = {point: float(share or 1) for point, _, share in pairs}
    if odds:
        arm_process(odds, os.environ.get("THROUGHLINE_FAILPOINT_SEED", ""))


_read_environment()
