"""Working days: which days a person of a country works, and how weeks and months are cut."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

FIRST_MONTH = date(2026, 5, 1)
LONGEST = 6

HOLIDAYS = {
    "US": {date(2026, 5, 25), date(2026, 6, 19), date(2026, 7, 3), date(2026, 9, 7)},
    "GB": {date(2026, 5, 4), date(2026, 5, 25), date(2026, 8, 31)},
    "DE": {date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 25), date(2026, 6, 4)},
}


def months(count: int) -> tuple[date, ...]:
    """The first days of the months played. `count` is between 1 and 6."""
    if not 1 <= count <= LONGEST:
        raise ValueError(f"the world has 1 to {LONGEST} months, not {count}")
    return tuple(date(2026, FIRST_MONTH.month + n, 1) for n in range(count))


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_name(day: date) -> str:
    """As NetSuite names its periods, in English whatever the machine speaks: `May 2026`."""
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[day.month - 1]} {day.year}"


def working_days(first: date, last: date, country: str) -> Iterator[date]:
    """Weekdays that are no public holiday."""
    day = first
    while day <= last:
        if day.weekday() < 5 and day not in HOLIDAYS[country]:
            yield day
        day += timedelta(days=1)


def week(day: date) -> tuple[date, date]:
    """The timesheet week of a day: Monday to Sunday, cut at the month's end, because finance closes by month."""
    monday = day - timedelta(days=day.weekday())
    first = max(monday, day.replace(day=1))
    return first, min(monday + timedelta(days=6), month_end(day))
