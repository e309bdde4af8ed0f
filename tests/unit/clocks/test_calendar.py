"""Working time: weekends, holidays whole and in part, days on which the clocks change, and the way back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integration_hub.clocks import calendar
from integration_hub.clocks.calendar import WorkingTime

BERLIN = WorkingTime("Europe/Berlin")
CHRISTMAS = WorkingTime("Europe/Berlin", holidays=((date(2026, 12, 24), 4.0), (date(2026, 12, 25), 0.0)))
NIGHT = WorkingTime("Europe/Berlin", weekdays=(7,), opens=time(0), closes=time(8))
"""Works through the hours in which the clocks change, on the Sundays on which they do."""
NEW_YORK = WorkingTime("America/New_York", opens=time(8, 30))
KIRITIMATI = WorkingTime("Pacific/Kiritimati", weekdays=(1, 2, 3, 4, 5, 6))
HOUR = 3600.0
INSTANTS = some.integers(0, 480_000).map(lambda minutes: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes))


def there(text: str, working: WorkingTime = BERLIN) -> datetime:
    """An instant by the wall clock of the legal entity."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(working.zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-02 10:00", "2026-03-02 12:30", 2.5),  # within a day
        ("2026-03-02 07:00", "2026-03-02 20:00", 8),  # before it opens, after it closes
        ("2026-03-06 16:00", "2026-03-09 10:00", 2),  # over a weekend
        ("2026-03-07 11:00", "2026-03-08 11:00", 0),  # all of it on a weekend
        ("2026-03-02 00:00", "2026-03-09 00:00", 40),  # a week
        ("2026-03-27 16:00", "2026-03-30 10:00", 2),  # the clocks change on the Sunday between
        ("2026-03-02 12:00", "2026-03-02 10:00", 0),  # the end before the start
    ],
)
def test_only_working_time_counts(since, until, hours):
    assert calendar.worked(BERLIN, there(since), there(until)) == hours * HOUR


def test_holidays_count_nothing_and_short_days_what_is_worked():
    assert calendar.worked(CHRISTMAS, there("2026-12-23 16:00"), there("2026-12-28 10:00")) == (1 + 4 + 1) * HOUR
    assert calendar.worked(CHRISTMAS, there("2026-12-24 15:00"), there("2026-12-27 10:00")) == 0
    assert calendar.worked(BERLIN, there("2026-12-23 16:00"), there("2026-12-28 10:00")) == (1 + 8 + 8 + 1) * HOUR


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 7), ("2026-10-25", 9), ("2026-03-22", 8)])
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(day, hours):
    assert calendar.worked(NIGHT, there(f"{day} 00:00"), there(f"{day} 23:00")) == hours * HOUR


def test_the_day_is_that_of_the_legal_entity():
    """Monday morning on Kiritimati is Sunday evening by UTC."""
    monday = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)  # 09:00 there
    assert calendar.worked(KIRITIMATI, monday, monday + timedelta(hours=8)) == 8 * HOUR
    assert calendar.worked(WorkingTime(), monday, monday + timedelta(hours=8)) == 0


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2026-03-02 10:00", 2, "2026-03-02 12:00"),
        ("2026-03-06 16:00", 2, "2026-03-09 10:00"),
        ("2026-03-02 09:00", 8, "2026-03-02 17:00"),  # at the close of its day, not when the next one opens
        ("2026-03-07 12:00", 1, "2026-03-09 10:00"),
    ],
)
def test_when_it_is_used_up(since, hours, due):
    assert calendar.due(BERLIN, there(since), hours * HOUR) == there(due)


def test_more_than_two_years_are_never_used_up():
    assert calendar.due(BERLIN, there("2026-03-02 10:00"), 10_000 * HOUR) is None


@settings(max_examples=60, deadline=None)
@given(
    working=some.sampled_from([BERLIN, CHRISTMAS, NIGHT, KIRITIMATI, NEW_YORK]),
    since=INSTANTS,
    minutes=some.integers(1, 20_000),
)
def test_it_agrees_with_counting_every_minute(working, since, minutes):
    until = since + timedelta(minutes=minutes)
    zone, counted, moment = ZoneInfo(working.zone), 0, since
    short = dict(working.holidays)
    while moment < until:
        local = moment.astimezone(zone)
        at_most = short.get(local.date(), 24.0)
        gone = (datetime.combine(date.min, local.time()) - datetime.combine(date.min, working.opens)).total_seconds()
        if local.isoweekday() in working.weekdays and working.opens <= local.time() < working.closes:
            counted += gone < at_most * HOUR
        moment += timedelta(minutes=1)
    assert calendar.worked(working, since, until) == counted * 60


@settings(max_examples=60, deadline=None)
@given(
    working=some.sampled_from([BERLIN, CHRISTMAS, KIRITIMATI]),
    since=INSTANTS,
    seconds=some.integers(1, 400 * 3600),
)
def test_what_is_due_has_used_up_exactly_that(working, since, seconds):
    due = calendar.due(working, since, seconds)
    assert due is not None
    assert calendar.worked(working, since, due) == pytest.approx(seconds, abs=1e-3)
    assert calendar.worked(working, since, due - timedelta(seconds=1)) < seconds
