"""Quiet hours and digests, also on the days on which clocks are put forward or back."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.notices.timing import Pace, Quiet, Rhythm, after_quiet, due, next_day, next_hour, quiet_until

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
NIGHT = Quiet("Europe/Berlin", time(22), time(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-28 20:59", "2026-03-28 20:59"),  # 21:59 in Berlin
        ("2026-03-28 21:00", "2026-03-29 05:00"),  # the clocks go forward that night: seven comes an hour sooner
        ("2026-03-29 04:59", "2026-03-29 05:00"),
        ("2026-03-29 05:00", "2026-03-29 05:00"),
        ("2026-10-24 20:00", "2026-10-25 06:00"),  # and back in autumn: an hour later
        ("2026-10-25 05:30", "2026-10-25 06:00"),
    ],
)
def test_the_night_ends_by_the_clock_on_the_wall(moment, until):
    assert after_quiet(NIGHT, utc(moment)) == utc(until)


def test_a_quiet_that_ends_in_the_hour_that_is_jumped_over_ends_at_the_jump():
    assert after_quiet(Quiet("Europe/Berlin", time(1), time(2, 30)), utc("2026-03-29 00:30")) == utc("2026-03-29 01:00")


def test_of_an_hour_that_comes_twice_the_first_ends_it():
    assert after_quiet(Quiet("Europe/Berlin", time(1), time(2, 30)), utc("2026-10-25 00:00")) == utc("2026-10-25 00:30")


def test_a_quiet_weekend_joins_the_nights_around_it():
    quiet = Quiet("America/New_York", time(20), time(8), weekends=True)
    assert after_quiet(quiet, utc("2026-10-31 01:00")) == utc("2026-11-02 13:00"), "Friday evening to Monday morning"


def test_no_hours_no_quiet():
    assert after_quiet(Quiet("UTC", time(7), time(7)), utc("2026-01-01 07:00")) == utc("2026-01-01 07:00")


def test_a_digest_comes_at_its_time_in_the_entitys_zone():
    rhythm = Rhythm(Quiet("UTC"))
    asked = {"urgent": False, "zone": "America/New_York"}
    assert due(Pace.DIGEST, rhythm, moment=utc("2026-03-07 13:00"), **asked) == utc("2026-03-08 12:00")
    assert due(Pace.DIGEST, rhythm, moment=utc("2026-03-06 12:59"), **asked) == utc("2026-03-06 13:00")


def test_urgent_ones_pass_the_quiet_of_who_lets_them():
    moment = utc("2026-01-10 23:00")
    asked = {"zone": "UTC", "moment": moment}
    assert due(Pace.ONCE, Rhythm(NIGHT), urgent=True, **asked) == moment
    assert due(Pace.ONCE, Rhythm(NIGHT), urgent=False, **asked) == utc("2026-01-11 06:00")
    assert due(Pace.ONCE, Rhythm(NIGHT, urgent_passes=False), urgent=True, **asked) == utc("2026-01-11 06:00")
    assert due(Pace.OFF, Rhythm(NIGHT), urgent=True, **asked) is None


moments = st.integers(0, 4 * 365 * 86400).map(lambda seconds: utc("2024-01-01 00:00") + timedelta(seconds=seconds))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
quiets = st.builds(Quiet, st.sampled_from(ZONES), times, times, st.booleans())


@given(quiets, moments)
def test_nobody_is_told_in_his_quiet_and_everybody_as_soon_as_it_is_over(quiet, moment):
    end = after_quiet(quiet, moment)
    assert end >= moment
    assert quiet_until(quiet, end) is None
    if end > moment:
        assert quiet_until(quiet, moment) is not None
        assert quiet_until(quiet, end - timedelta(seconds=1)) is not None
    assert end - moment <= timedelta(days=4)


@given(st.sampled_from(ZONES), times, moments)
def test_the_next_digest_is_the_next_one(zone, at, moment):
    hour, day = next_hour(zone, moment), next_day(zone, at, moment)
    assert timedelta(0) < hour - moment <= timedelta(hours=1)
    assert timedelta(0) < day - moment <= timedelta(hours=49 if zone == "Pacific/Apia" else 26)
    assert next_day(zone, at, day - timedelta(seconds=1)) == day
