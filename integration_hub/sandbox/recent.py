"""The calls of the last seconds, as vendors count them for their limits."""

from __future__ import annotations

import time
from collections import deque


class Recent:
    """One window that moves with the clock. Refused calls count too."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._calls: deque[float] = deque()

    def another(self) -> int:
        """Take note of a call; how many there were within the window, this one included."""
        now = time.monotonic()
        self._calls.append(now)
        while self._calls[0] <= now - self._seconds:
            self._calls.popleft()
        return len(self._calls)

    @property
    def wait(self) -> float:
        """Seconds until the oldest of them is out of the window."""
        return self._calls[0] + self._seconds - time.monotonic() if self._calls else 0.0

    def clear(self) -> None:
        self._calls.clear()
