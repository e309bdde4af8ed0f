"""The clock of posting windows: each window opens exactly once, whatever clocks and calendars do (R-19)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integration_hub.effects import calendar
from integration_hub.effects.calendar import Kind, Rule
from integration_hub.kernel.wallclock import instant

ZONES = [
    "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver", "America/Chicago",
    "America/New_York", "America/Halifax", "America/St_Johns", "America/Sao_Paulo", "Atlantic/Azores", "UTC",
    "Europe/London", "Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "Europe/Moscow", "Asia/Dubai", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Shanghai", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Chatham",
]  # fmt: skip
"""24 zones: whole hours, halves and quarters, both hemispheres, and one whose clocks move by half an hour."""

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def jumps(zone, since=YEAR[0], until=YEAR[1]):
    """The instants at which the clocks of a zone are changed, with the offset before and after."""
    info, found, day, step = ZoneInfo(zone), [], since, timedelta(minutes=15)
    while day < until:
        if day.astimezone(info).utcoffset() != (day + timedelta(days=1)).astimezone(info).utcoffset():
            quarters = [day + count * step for count in range(97)]
            offsets = [at.astimezone(info).utcoffset() for at in quarters]
            found += [
                (at, before, after)
                for at, before, after in zip(quarters[1:], offsets, offsets[1:], strict=False)
                if before != after
            ]
        day += timedelta(days=1)
    return found


JUMPS = {zone: jumps(zone) for zone in ZONES}


def first_reading(zone, day, at):
    """The slow and certain way: look at the wall clock of every quarter of an hour around the day."""
    info, wanted = ZoneInfo(zone), datetime.combine(day, at)
    minute = wanted.replace(tzinfo=UTC) - timedelta(hours=16)
    while minute.astimezone(info).replace(tzinfo=None) < wanted:
        minute += timedelta(minutes=15)
    return minute


def test_the_zones_have_what_they_are_for():
    moved = [after - before for found in JUMPS.values() for _, before, after in found]
    assert len(ZONES) == len(set(ZONES)) == 24
    assert sum(move > timedelta(0) for move in moved) >= 10, "spring"
    assert sum(move < timedelta(0) for move in moved) >= 10, "autumn"
    assert timedelta(minutes=30) in moved


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_of_day_is_the_first_instant_the_wall_clock_shows_it(zone):
    """On the days around every change of clocks, at each half hour: 24 zones, 48 times, both ways."""
    days = {(at + timedelta(days=shift)).date() for at, _, _ in JUMPS[zone] for shift in (-1, 0, 1)}
    for day in days or {date(2026, 3, 29)}:
        for half in range(0, 48, 1 if days else 8):
            at = time(half // 2, 30 * (half % 2))
            assert instant(zone, day, at) == first_reading(zone, day, at), (zone, day, at)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        (time(9), time(18)),
        (time(2, 30), time(3, 30)),  # inside the hour that is skipped, or comes twice
        (time(0), time(1)),
        (time(22), time(2)),  # over midnight
        (time(1, 30), time(1, 45)),
    ],
)
def test_a_daily_window_opens_exactly_once_a_day(zone, opens, closes):
    """120 years of windows: 24 zones, five windows, every day of 2026 with all its changes of clocks."""
    rule = Rule(Kind.BUSINESS_HOURS, zone, EVERY_DAY, opens, closes)
    found = calendar.openings(rule, *YEAR)
    days = [at.astimezone(ZoneInfo(zone)).date() for at in found]
    assert len(set(found)) == len(found)
    assert len(set(days)) == len(days), "never twice on a day"
    missing = {YEAR[0].date() + timedelta(days=number) for number in range(1, 364)} - set(days)
    swallowed = {at.astimezone(ZoneInfo(zone)).date() for at, before, after in JUMPS[zone] if after > before}
    assert missing <= swallowed, "only a window that lies whole in a jump has no opening"
    for at in found:
        if any(abs(at - jump) < timedelta(days=2) for jump, _, _ in JUMPS[zone]):
            assert not calendar.is_closed(rule, at)
            assert calendar.is_closed(rule, at - timedelta(seconds=1))


@pytest.mark.parametrize("zone", ZONES)
def test_asking_in_pieces_finds_the_same_openings(zone):
    """The ticker asks from tick to tick: no opening is lost or found twice between two of them."""
    rule = Rule(Kind.BUSINESS_HOURS, zone, EVERY_DAY, time(2, 15), time(1, 45))
    moments = [at for at, _, _ in JUMPS[zone]] or [datetime(2026, 3, 29, tzinfo=UTC)]
    for around in moments:
        since, until = around - timedelta(hours=7), around + timedelta(hours=7)
        pieces, at = [], since
        while at < until:
            onward = min(at + timedelta(minutes=7, seconds=13), until)
            pieces += calendar.openings(rule, at, onward)
            at = onward
        assert pieces == calendar.openings(rule, since, until)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00+00:00"),  # skipped: the moment of the jump
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30+00:00"),  # twice: the first time
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00+00:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30+00:00"),
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00+00:00"),  # midnight itself is skipped
        ("Asia/Beirut", "2026-03-29", "00:00", "2026-03-28T22:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30+00:00"),  # by half an hour
        ("Asia/Kathmandu", "2026-07-01", "18:00", "2026-07-01T12:15+00:00"),
    ],
)
def test_known_instants(zone, day, clock, expected):
    assert instant(zone, date.fromisoformat(day), time.fromisoformat(clock)) == at(expected)


# -- months -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "day", "after", "expected"),
    [
        ("2026-01-01", 31, 0, "2026-01-31T17:00+00:00"),
        ("2026-02-01", 31, 0, "2026-02-28T17:00+00:00"),
        ("2028-02-01", 31, 0, "2028-02-29T17:00+00:00"),  # leap day
        ("2028-01-01", 29, 1, "2028-02-29T17:00+00:00"),
        ("2026-01-01", 29, 1, "2026-02-28T17:00+00:00"),
        ("2026-04-01", 31, 0, "2026-04-30T16:00+00:00"),  # summer time
        ("2026-12-01", 5, 1, "2027-01-05T17:00+00:00"),  # over the year
        ("2026-11-01", 30, 1, "2026-12-30T17:00+00:00"),
        ("2026-03-01", 29, 0, "2026-03-29T16:00+00:00"),  # the day of the change itself
    ],
)
def test_cut_offs_by_day_of_the_month(month, day, after, expected):
    rule = Rule(Kind.CUT_OFF, "Europe/Berlin", closes=time(18), day=day, months_after=after)
    assert calendar.cut_off(rule, date.fromisoformat(month)) == at(expected)


@pytest.mark.parametrize(
    ("month", "day", "expected"),
    [
        ("2026-04-01", 1, "2026-05-01T16:00+00:00"),
        ("2026-04-01", 3, "2026-05-05T16:00+00:00"),  # Friday, Monday, Tuesday
        ("2026-10-01", 1, "2026-11-02T17:00+00:00"),  # November begins on a Sunday
        ("2026-04-01", 31, "2026-05-29T16:00+00:00"),  # the last working day
    ],
)
def test_cut_offs_by_working_day(month, day, expected):
    rule = Rule(Kind.CUT_OFF, "Europe/Berlin", closes=time(18), day=day, working_days=True)
    assert calendar.cut_off(rule, date.fromisoformat(month)) == at(expected)


def test_a_holiday_is_no_working_day():
    rule = Rule(Kind.CUT_OFF, "Europe/Berlin", closes=time(18), day=1, working_days=True)
    may_day = frozenset({date(2026, 5, 1)})
    assert calendar.cut_off(rule, date(2026, 4, 1), may_day) == at("2026-05-04T16:00+00:00")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [1, 28, 29, 30, 31])
def test_every_month_is_cut_off_once(zone, day):
    """1,200 months: the next cut-off, asked again and again, names each month of ten years once and in order."""
    rule = Rule(Kind.CUT_OFF, zone, closes=time(18), day=day, months_after=0)
    months, now = [], datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(120):
        month, now = calendar.next_cut_off(rule, now)
        months.append(month)
    expected = [date(2026 + number // 12, number % 12 + 1, 1) for number in range(-1, 121)]
    assert months == expected[expected.index(months[0]) :][:120]
    assert months[0] in (date(2025, 12, 1), date(2026, 1, 1))


# -- other kinds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_days_off_in_a_row_open_once(zone):
    days = (date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 27), date(2027, 1, 1), date(2028, 2, 29))
    rule = Rule(Kind.HOLIDAY, zone, days=days)
    found = calendar.openings(rule, datetime(2026, 6, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
    assert [one.astimezone(ZoneInfo(zone)).date() for one in found] == [
        date(2026, 12, 28),
        date(2027, 1, 2),
        date(2028, 3, 1),
    ]
    noon = instant(zone, date(2026, 12, 26), time(12))
    assert calendar.is_closed(rule, noon)


def test_a_blackout_over_a_change_of_clocks_is_as_long_as_its_clock_says():
    rule = Rule(
        Kind.BLACKOUT, "Europe/Berlin", starts_on=date(2026, 3, 28), starts_at=time(22),
        ends_on=date(2026, 3, 29), ends_at=time(6),
    )  # fmt: skip
    [(start, end)] = calendar.closed_spans(rule, YEAR[0], YEAR[1])
    assert (start, end) == (at("2026-03-28T21:00+00:00"), at("2026-03-29T04:00+00:00"))
    assert end - start == timedelta(hours=7)
    assert calendar.openings(rule, *YEAR) == [end]


def test_hours_that_meet_are_one_window():
    round_the_clock = Rule(Kind.BUSINESS_HOURS, "Europe/Berlin", (1, 2, 3, 4, 5), time(0), time(0))
    week = (at("2026-06-01T00:00+00:00"), at("2026-06-14T21:00+00:00"))
    assert calendar.openings(round_the_clock, *week) == [at("2026-06-07T22:00+00:00")], "Monday only"
    assert calendar.closings(round_the_clock, *week) == [
        at("2026-06-05T22:00+00:00"), at("2026-06-12T22:00+00:00"),
    ]  # fmt: skip


def test_hours_without_a_weekday_never_open():
    rule = Rule(Kind.BUSINESS_HOURS, "UTC", ())
    assert calendar.is_closed(rule, YEAR[0])
    assert calendar.next_opening(rule, YEAR[0]) is None


def test_locks_and_cut_offs_are_no_matter_of_the_clock():
    for kind in (Kind.CUT_OFF, Kind.MODULE_LOCK):
        assert not calendar.is_closed(Rule(kind, locked_through=date(2026, 12, 31)), YEAR[0])
