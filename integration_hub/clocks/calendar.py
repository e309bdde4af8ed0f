"""Working time of a legal entity, as pure functions: how much of it lies between two instants, and when it is used up.

Hours are said by the wall clock and become instants by the rule of `kernel.wallclock`; a day is as long as the time
between its instants, so a day on which the clocks change within the hours of work is an hour longer or shorter.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from integration_hub.kernel.wallclock import instant

_DAY = timedelta(days=1)
_NOON = time(12)
AHEAD_YEARS = 2
"""How far ahead a due instant is looked for: more working time than this is never used up."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When a legal entity works: weekdays 1 (Monday) to 7, hours by the wall clock of its zone, and its holidays.

    `holidays` are (day, hours that are worked at most); a day with hours ends so much after it opened.
    """

    zone: str = "UTC"
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: time = time(9)
    closes: time = time(17)
    holidays: tuple[tuple[date, float], ...] = ()

    @property
    def day_seconds(self) -> float:
        """A whole working day, as it is told: by the wall clock."""
        return (datetime.combine(date.min, self.closes) - datetime.combine(date.min, self.opens)).total_seconds()


@dataclass(frozen=True, slots=True)
class Days:
    """Every day from one to another: when work opens and closes, and the seconds worked before it; none on a day off.

    A day off has `opens` and `closes` at the same instant.
    """

    days: Sequence[date]
    opens: Sequence[datetime]
    closes: Sequence[datetime]
    before: Sequence[float]


@lru_cache(maxsize=256)
def days(working: WorkingTime, first: date, last: date) -> Days:
    """The working days of a legal entity in [first, last], with what was worked before each since `first`."""
    short = dict(working.holidays)
    named, opens, closes, before = [], [], [], []
    worked, day = 0.0, first
    while day <= last:
        start, end = _span(working, day, short.get(day))
        named.append(day)
        opens.append(start)
        closes.append(end)
        before.append(worked)
        worked += (end - start).total_seconds()
        day += _DAY
    return Days(named, opens, closes, before)


def years(working: WorkingTime, first: int, last: int) -> Days:
    """The days of whole years: few questions differ by them, so that most are answered from memory."""
    return days(working, date(first, 1, 1), date(last, 12, 31))


def _span(working: WorkingTime, day: date, at_most: float | None) -> tuple[datetime, datetime]:
    if day.isoweekday() not in working.weekdays or at_most == 0:
        noon = instant(working.zone, day, _NOON)
        return noon, noon
    start, end = instant(working.zone, day, working.opens), instant(working.zone, day, working.closes)
    return start, end if at_most is None else min(end, start + timedelta(hours=at_most))


def worked(working: WorkingTime, since: datetime, until: datetime) -> float:
    """Seconds of working time from one instant to another; none where the second is not later."""
    if until <= since:
        return 0.0
    known = years(working, _local(working, since).year, _local(working, until).year)
    return _at(known, until) - _at(known, since)


def _at(known: Days, moment: datetime) -> float:
    index = max(0, bisect_right(known.opens, moment) - 1)
    inside = min(moment, known.closes[index]) - known.opens[index]
    return known.before[index] + max(0.0, inside.total_seconds())


def due(working: WorkingTime, since: datetime, seconds: float) -> datetime | None:
    """The instant at which so many seconds of working time since another are used up; None where they never are."""
    year = _local(working, since).year
    known = years(working, year, year + AHEAD_YEARS)
    wanted = _at(known, since) + seconds
    for start, end, before in zip(known.opens, known.closes, known.before, strict=True):
        if before + (end - start).total_seconds() >= wanted and end > since:
            return max(since, start + timedelta(seconds=wanted - before))
    return None


def day_of_month(working: WorkingTime, moment: datetime) -> int:
    """Which working day of its month it is there, counted from 1; a day off counts with the working day after it."""
    today = _local(working, moment)
    known = days(working, today.replace(day=1), today)
    before = sum(start < end for start, end in zip(known.opens[:-1], known.closes[:-1], strict=True))
    return before + 1


def start_of(working: WorkingTime, day: date) -> datetime:
    """The first instant of a day there."""
    return instant(working.zone, day, time(0))


def _local(working: WorkingTime, moment: datetime) -> date:
    return moment.astimezone(UTC).astimezone(ZoneInfo(working.zone)).date()
