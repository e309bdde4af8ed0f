"""When a backlog is done, from how fast work went lately. What is measured is said with the answer, never guessed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User
from integration_hub.work.models import Stage
from integration_hub.work.queries import backlog

PERIOD = timedelta(minutes=30)
"""How far back is measured."""
BIN = 10
"""Seconds. Time counts as busy in which anything was finished: a quiet night does not make a machine slow."""

_FINISHED = """
SELECT lane.stage, count(*), count(DISTINCT floor(extract(epoch FROM item.finished_at) / %(bin)s))
FROM hub_work_item AS item JOIN hub_work_lane AS lane ON lane.id = item.lane_id
WHERE item.finished_at > clock_timestamp() - make_interval(secs => %(seconds)s) AND lane.key NOT LIKE 'canary:%%'
GROUP BY lane.stage
"""
_CLOCK = "SELECT clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Pace:
    """How much was finished in how many busy seconds."""

    done: int = 0
    busy_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Items a second while there was work; 0 when nothing was measured."""
        return self.done / self.busy_seconds if self.busy_seconds else 0.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by which things have to be done, and what it is."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """One backlog: how much waits, when it is done, by when it should be; `advice` is what would make it faster.

    `done_at` is None when nothing was measured; `stuck` stands behind stuck heads and is not in the forecast.
    """

    name: str
    waiting: int
    done_at: datetime | None
    at: datetime
    per_second: float = 0.0
    bound: str = ""
    deadline: Deadline | None = None
    stuck: int = 0
    advice: tuple[str, ...] = ()
    url: str = ""

    @property
    def pace_said(self) -> str:
        """The pace in words: by the minute, or by the hour where that says more."""
        if self.per_second >= 1 / 60:
            return f"{self.per_second * 60:,.0f} a minute"
        return f"{self.per_second * 3600:,.0f} an hour"

    @property
    def late_said(self) -> str:
        """How much misses the deadline."""
        return f"{self.too_late:,} too late" if self.too_late else "Too late"

    @property
    def is_late(self) -> bool:
        """Whether it is done only after its deadline."""
        return self.deadline is not None and self.done_at is not None and self.done_at > self.deadline.at

    @property
    def too_late(self) -> int:
        """How many of it miss the deadline."""
        if not self.is_late or self.deadline is None:
            return 0
        in_time = int(self.per_second * max((self.deadline.at - self.at).total_seconds(), 0))
        return max(self.waiting - in_time, 0)


FORECASTS: Registry[Callable[[User], Sequence[Forecast]]] = Registry("forecast of a backlog")
"""When a room's own backlog is done and by when it should be; shown on the screen of the lanes."""


def finish(waiting: int, per_second: float, at: datetime) -> datetime | None:
    """When so much is done at this pace; at once when nothing waits, None when the pace is unknown."""
    if not waiting:
        return at
    return at + timedelta(seconds=waiting / per_second) if per_second > 0 else None


def pace_of(moments: Sequence[datetime]) -> Pace:
    """The pace of things finished at these moments."""
    bins = {int(moment.timestamp()) // BIN for moment in moments}
    return Pace(len(moments), len(bins) * float(BIN))


def clock() -> datetime:
    """The database's time."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK)
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


def paces() -> dict[str, Pace]:
    """The pace of each stage that finished anything lately."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISHED, {"bin": BIN, "seconds": PERIOD.total_seconds()})
        return {stage: Pace(done, bins * float(BIN)) for stage, done, bins in cursor.fetchall()}


def stages() -> list[Forecast]:
    """A forecast for each stage that has been used."""
    at, known = clock(), paces()
    found = []
    for row in backlog():
        pace = known.get(row.stage, Pace())
        moving = row.waiting - row.held
        done_at = finish(moving, pace.per_second, at)
        found.append(Forecast(str(Stage(row.stage).label), moving, done_at, at, pace.per_second, stuck=row.held))
    return found
