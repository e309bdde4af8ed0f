"""Points where a test may kill the worker, to prove that whatever comes half done is finished once.

Nothing is armed in normal running. A test arms a point in this process; for a separate process the environment names
it: THROUGHLINE_FAILPOINT=after_send kills the process there with SIGKILL.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

POINTS = ("planned", "before_send", "after_send", "before_record", "after_record", "before_confirm", "in_confirm")

_armed: dict[str, int] = {}


class Crash(BaseException):
    """The worker is gone: derived from BaseException so that no handler of errors notices it."""


@contextmanager
def armed(point: str, times: int = 1) -> Iterator[None]:
    """Crash the first `times` times the point is hit inside this block."""
    if point not in POINTS:
        raise LookupError(f"No fail point {point!r}. Known: {', '.join(POINTS)}.")
    _armed[point] = times
    try:
        yield
    finally:
        _armed.pop(point, None)


def hit(point: str) -> None:
    """Pass the point, unless it is armed."""
    if os.environ.get("THROUGHLINE_FAILPOINT") == point:
        os.kill(os.getpid(), signal.SIGKILL)
    if _armed.get(point, 0) > 0:
        _armed[point] -= 1
        raise Crash(point)
