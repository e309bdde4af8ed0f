"""The clock of posting windows, as pure functions: when a gate is closed, when it opens, which month it cuts off.

A gate says its times as people do, by the wall clock of a zone; they become instants by the rule of `kernel.wallclock`.
All comparing is done between instants: each window of a gate opens exactly once, whatever the clocks do.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from integration_hub.kernel.wallclock import instant

_DAY = timedelta(days=1)
_MARGIN = timedelta(days=9)
"""Around what is asked about: a week has every weekday, and a day more for the zones on either side."""
AHEAD = timedelta(days=62)
"""How far ahead screens and forecasts look."""
MIDNIGHT = time(0)
EVER = datetime(9999, 1, 1, tzinfo=UTC)
NEVER = datetime(1, 1, 2, tzinfo=UTC)

Span = tuple[datetime, datetime]
"""From an instant up to, not including, another."""


class Kind(StrEnum):
    """What closes a gate."""

    BUSINESS_HOURS = "business_hours"
    HOLIDAY = "holiday"
    BLACKOUT = "blackout"
    CUT_OFF = "cut_off"
    MODULE_LOCK = "module_lock"


CLOCKED = (Kind.BUSINESS_HOURS, Kind.HOLIDAY, Kind.BLACKOUT)
"""Gates that the clock alone opens again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A gate's times. Which fields count depends on the kind; weekdays are 1 (Monday) to 7."""

    kind: Kind
    zone: str = "UTC"
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: time = time(9)
    closes: time = time(18)
    days: tuple[date, ...] = ()
    starts_on: date | None = None
    starts_at: time = MIDNIGHT
    ends_on: date | None = None
    ends_at: time = MIDNIGHT
    day: int = 1
    months_after: int = 1
    working_days: bool = False
    locked_through: date | None = None


def is_closed(rule: Rule, at: datetime) -> bool:
    """Whether the clock keeps a gate closed at an instant."""
    return any(start <= at < end for start, end in closed_spans(rule, at, at))


def openings(rule: Rule, after: datetime, until: datetime) -> list[datetime]:
    """The instants in (after, until] at which the gate opens."""
    return [end for _, end in closed_spans(rule, after, until) if after < end <= until]


def closings(rule: Rule, after: datetime, until: datetime) -> list[datetime]:
    """The instants in (after, until] at which the gate closes."""
    return [start for start, _ in closed_spans(rule, after, until) if after < start <= until]


def next_opening(rule: Rule, after: datetime, *, within: timedelta = timedelta(days=40)) -> datetime | None:
    """The next instant the gate opens, if it does so within this time."""
    return next(iter(openings(rule, after, after + within)), None)


def closed_spans(rule: Rule, since: datetime, until: datetime) -> list[Span]:
    """All spans in which the clock keeps the gate closed that touch [since, until], whole and in order."""
    if rule.kind is Kind.BUSINESS_HOURS:
        spans = list(_between(_merged(_hours(rule, since - _MARGIN, until + _MARGIN))))
    elif rule.kind is Kind.HOLIDAY:
        spans = _merged(_holidays(rule, since, until))
    elif rule.kind is Kind.BLACKOUT and rule.starts_on and rule.ends_on:
        start = instant(rule.zone, rule.starts_on, rule.starts_at)
        spans = _merged([(start, instant(rule.zone, rule.ends_on, rule.ends_at))])
    else:
        spans = []
    return [(start, end) for start, end in spans if start <= until and end >= since]


def _hours(rule: Rule, since: datetime, until: datetime) -> Iterator[Span]:
    """Open spans by day; one that ends at or before the hour it began ends on the next day."""
    day, last = since.date() - _DAY, until.date() + _DAY
    while day <= last:
        if day.isoweekday() in rule.weekdays:
            end = day if rule.closes > rule.opens else day + _DAY
            yield instant(rule.zone, day, rule.opens), instant(rule.zone, end, rule.closes)
        day += _DAY


def _holidays(rule: Rule, since: datetime, until: datetime) -> Iterator[Span]:
    """Closed spans by day; the whole run of days is needed to know when the last of them ends."""
    for day in sorted(rule.days):
        yield instant(rule.zone, day, MIDNIGHT), instant(rule.zone, day + _DAY, MIDNIGHT)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch or overlap, as one; spans without length (swallowed by a jump) are left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _between(spans: Sequence[Span]) -> Iterator[Span]:
    """What lies between open spans; without any, everything is closed."""
    if not spans:
        yield NEVER, EVER
        return
    for (_, end), (start, _) in pairwise(spans):
        yield end, start


# -- months -----------------------------------------------------------------------------------------------------------


def cut_off(rule: Rule, month: date, holidays: frozenset[date] = frozenset()) -> datetime:
    """The instant after which documents of a month are late.

    `day` counts in the month `months_after` later: days of the calendar, the last one where the month is shorter; or
    with `working_days` Mondays to Fridays that are no holidays.
    """
    first = _plus_months(month.replace(day=1), rule.months_after)
    length = monthrange(first.year, first.month)[1]
    on = first.replace(day=min(rule.day, length))
    if rule.working_days:
        days = (first + timedelta(days=number) for number in range(length))
        working = [day for day in days if day.isoweekday() <= 5 and day not in holidays]
        on = working[min(rule.day, len(working)) - 1] if working else on
    return instant(rule.zone, on, rule.closes)


def next_cut_off(rule: Rule, at: datetime, holidays: frozenset[date] = frozenset()) -> tuple[date, datetime]:
    """The next cut-off after an instant: (first day of the month it is about, instant)."""
    month = _plus_months(at.date().replace(day=1), -rule.months_after - 1)
    while True:
        found = cut_off(rule, month, holidays)
        if found > at:
            return month, found
        month = _plus_months(month, 1)


def _plus_months(first: date, months: int) -> date:
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
