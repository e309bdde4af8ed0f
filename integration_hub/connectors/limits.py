"""The rules of a budget, as pure functions: how many calls a lane may make now, and what a refusal teaches.

A window of W seconds is cut into slots of W/40. A call is written down in the slot it is made in, and a grant looks at
the last 42 slots: 40 for the window itself, one because a window may begin in the middle of a slot, and one because
answers do not travel equally fast. So no stretch of W seconds ever holds more calls than the limit, at the price of
about five percent of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor

SLOTS = 40
SHORTEST_SLOT = 0.25
"""Seconds. A limit per second is cut into four slots only: shorter ones would be over before the call leaves."""
GUARD = 2
RESERVE = 0.05
"""Share that is always kept for the lanes above, so that the first of them need not wait."""
SOFTER, STEP = 0.7, 0.05
"""After a refusal: 0.7 of what was under way; then 0.05 of the declared limit more for each window without one."""
PACED_BELOW = 3600
"""In windows shorter than this a backfill is spread evenly, so that calls become free in every slot."""
LEARNT_SECONDS = 60
"""Window of a limit that the vendor does not publish."""
FORGET_AFTER = 60
"""Windows after which such a limit is forgotten, unless the vendor refused again."""
QUIET = 2.0
"""Seconds without calls after a refusal that names no time."""
DAY = 86_400
LOOK_AGAIN = 900.0
"""Seconds after which one call may ask how far a used-up quota is."""


class Priority(StrEnum):
    """On whose behalf a call is made; the order is the order of precedence."""

    POSTING = "posting"
    CORRECTION = "correction"
    SYNC = "sync"
    BACKFILL = "backfill"

    @property
    def label(self) -> str:
        """As screens say it."""
        return _TITLES[self]

    @property
    def share(self) -> float:
        """How much of a limit this lane and those below it may use together while a lane above wants calls."""
        return _SHARES[self]


_TITLES = {
    Priority.POSTING: "Month-end posting",
    Priority.CORRECTION: "Corrections and other writes",
    Priority.SYNC: "Sync",
    Priority.BACKFILL: "Backfill",
}
_SHARES = {Priority.POSTING: 1.0, Priority.CORRECTION: 0.95, Priority.SYNC: 0.85, Priority.BACKFILL: 0.6}
ORDER = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any stretch of `seconds`."""

    calls: int
    seconds: int

    @property
    def slot_seconds(self) -> float:
        """Length of one slot."""
        return max(self.seconds / SLOTS, SHORTEST_SLOT)

    @property
    def depth(self) -> int:
        """How many slots a grant looks at, the current one included."""
        return ceil(self.seconds / self.slot_seconds) + GUARD

    def slot(self, at: float) -> int:
        """The slot of an instant (seconds since 1970)."""
        return floor(at / self.slot_seconds)

    def ends(self, slot: int) -> float:
        """The instant a slot is over."""
        return (slot + 1) * self.slot_seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows one account: calls per window, per day (rolling), under way at once; 0 is no limit known.

    `outside` is the percentage that belongs to others who use the same account.
    """

    calls: int = 0
    seconds: int = LEARNT_SECONDS
    daily: int = 0
    concurrency: int = 0
    outside: int = 0

    def ours(self, limit: int) -> int:
        """Our part of a limit, at least one call."""
        return max(1, floor(limit * (100 - self.outside) / 100)) if limit else 0

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows to keep, our part of them."""
        rate = (Window(self.ours(self.calls), self.seconds),) if self.calls else ()
        day = (Window(self.ours(self.daily), DAY),) if self.daily else ()
        return rate + day


@dataclass(frozen=True, slots=True)
class Learnt:
    """A limit lowered by a refusal: `calls` of `declared` (0: unpublished) at an instant; it rises again by itself."""

    calls: int
    declared: int
    at: float
    seconds: int

    def now(self, at: float) -> int:
        """What it has risen to; 0 when nothing of it is left."""
        passed = max(0, floor((at - self.at) / self.seconds))
        if not self.declared and passed >= FORGET_AFTER:
            return 0
        step = max(1, floor((self.declared or self.calls) * STEP))
        risen = self.calls + passed * step
        return 0 if self.declared and risen >= self.declared else risen


@dataclass(frozen=True, slots=True)
class Used:
    """What a lane did in one slot of one window."""

    slot: int
    priority: Priority
    calls: int
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Calls that may be made before `until` (0 calls: none), or the seconds to wait and the reason."""

    calls: int
    until: float
    wait: float = 0.0
    reason: str = ""


def ceiling(limit: int, priority: Priority, wanted: Iterable[Priority]) -> int:
    """How many calls may be in use, of all lanes together, for one more of this lane to be allowed.

    A lane above that wants calls pushes the lane down to its share; otherwise it leaves only the reserve.
    """
    if priority is Priority.POSTING:
        return limit
    rank = ORDER.index(priority)
    reserve = ceil(limit * RESERVE)
    free = floor(limit * priority.share) if any(ORDER.index(other) < rank for other in wanted) else limit - reserve
    return max(1, min(free, limit - reserve))


def wanted(window: Window, used: Iterable[Used], at: float) -> set[Priority]:
    """The lanes that made or asked for calls within the window."""
    first = window.slot(at) - window.depth + 1
    return {row.priority for row in used if row.slot >= first and (row.calls or row.refused)}


def answer(window: Window, priority: Priority, used: list[Used], at: float, ask: int) -> Answer:
    """How many of `ask` calls a window allows at an instant, and for how long; or when to come again."""
    current = window.slot(at)
    first = current - window.depth + 1
    counted = [row for row in used if row.slot >= first and row.calls]
    free = ceiling(window.calls, priority, wanted(window, used, at)) - sum(row.calls for row in counted)
    if free >= 1:
        paced = (
            free
            if priority is not Priority.BACKFILL or window.seconds >= PACED_BELOW
            else _pace(window, counted, current)
        )
        if paced < 1:
            return Answer(0, at, max(window.ends(current) - at, 0.01), f"{priority.label} is spread evenly")
        return Answer(min(ask, free, paced), window.ends(current))
    over = 1 - free
    for row in sorted(counted, key=lambda row: row.slot):
        over -= row.calls
        if over <= 0:
            again = window.ends(row.slot + window.depth - 1)
            return Answer(0, at, max(again - at, 0.01), _full(window, priority))
    return Answer(0, at, window.slot_seconds, _full(window, priority))


def _pace(window: Window, counted: list[Used], current: int) -> int:
    """What a backfill may still do in this slot."""
    done = sum(row.calls for row in counted if row.slot == current and row.priority is Priority.BACKFILL)
    return ceil(window.calls * window.slot_seconds / window.seconds) - done


def _full(window: Window, priority: Priority) -> str:
    span = "day" if window.seconds == DAY else f"{window.seconds} s"
    return f"{priority.label} has used its part of {window.calls} calls per {span}"


def after_refusal(*, in_use: int, effective: int, least: int = 1) -> int:
    """The limit after the vendor said that it was too much: well below what was under way, never above the limit."""
    basis = min(in_use, effective) if effective else in_use
    return max(least, floor(max(basis, least) * SOFTER))


def bundle(window_calls: Iterable[int], last: int, used_up: bool) -> int:
    """Calls to fetch at once: twice as many as last time if those were used, a fiftieth of a window at most."""
    largest = max(1, min((calls // 50 for calls in window_calls), default=16))
    return min(16, largest, max(1, last * 2 if used_up else last // 2))


def shares(used: Mapping[Priority, int]) -> list[tuple[Priority, int]]:
    """Calls by lane in the order of precedence, lanes without calls included."""
    return [(priority, used.get(priority, 0)) for priority in ORDER]
