"""Progress of something long: phases, counts, rate, time left. One component shows it on every page that has one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from integration_hub.console.buttons import Button
from integration_hub.kernel.clock import now

MEASURABLE = timedelta(seconds=3)
"""How long something must have gone on before its rate says anything."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One named part of the whole, in order."""

    label: str
    state: Literal["done", "current", "failed", "waiting"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is, for `_components/progress.html`.

    `done` of `total` things called `noun`; a total of None is not known yet. While `running` the component asks `url`
    again every two seconds, and by nothing else: the answer that is not running any more ends it. `counts` are
    (label, number, tone); `cancel` stops it.
    """

    id: str
    noun: str
    done: int
    total: int | None = None
    running: bool = False
    url: str = ""
    phases: tuple[Phase, ...] = ()
    counts: tuple[tuple[str, int, str], ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    at_start: int = 0
    """What was done already when `started_at` was: it says nothing about the rate."""
    cancel: Button | None = None
    stuck: str = ""
    """Why it does not go on by itself."""

    @property
    def took(self) -> timedelta | None:
        """How long it has gone on, or went on."""
        if self.started_at is None:
            return None
        return (self.finished_at or now()) - self.started_at

    @property
    def per_minute(self) -> int | None:
        """Things per minute since it started; None while nothing can be said."""
        took = self.took
        if took is None or took < MEASURABLE or self.done <= self.at_start:
            return None
        return max(1, round((self.done - self.at_start) * 60 / took.total_seconds()))

    @property
    def left(self) -> timedelta | None:
        """Time left at this rate; None when it does not run or nobody can know."""
        if not self.running or self.stuck or not self.total or not self.per_minute:
            return None
        return timedelta(minutes=max(self.total - self.done, 0) / self.per_minute)

    @property
    def told(self) -> list[tuple[str, Any]]:
        """Rate and times in words."""
        words: list[tuple[str, Any]] = []
        if self.per_minute is not None:
            words.append(("Rate", f"{self.per_minute:,} a minute"))
        if self.left is not None:
            words.append(("Time left", f"about {span(self.left)}"))
        if self.took is not None:
            words.append(("Running for" if self.running else "Took", span(self.took)))
        return words


def span(length: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
