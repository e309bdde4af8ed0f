# mypy: disable-error-code="comparison-overlap"
"""When a limit will be reached, at the pace of the work done (§1.5)."""

from datetime import date

import pytest

from billing.engine.outlook import outlook
from tests.unit.engine.build import d

TODAY = date(2026, 4, 30)


def done(*days_and_amounts):
    return [(date(2026, month, day), d(amount)) for month, day, amount in days_and_amounts]


def test_the_pace_of_late_says_when_nothing_is_left():
    """300 in the 30 days of April are 10 a day: 250 more last 25 days."""
    found = outlook(limit=d(1000), used=d(750), done=done((4, 1, 200), (4, 20, 100)), today=TODAY)
    assert (found.percent, found.threshold, found.reached_on) == (d("75.0"), 75, date(2026, 5, 25))


def test_a_part_of_a_day_is_a_day():
    found = outlook(limit=d(1000), used=d(745), done=done((4, 1, 300)), today=TODAY)
    assert (found.threshold, found.reached_on) == (0, date(2026, 5, 26))


@pytest.mark.parametrize(("used", "threshold"), [("749.99", 0), ("750", 75), ("899.99", 75), ("900", 90), ("999", 90)])
def test_thresholds_are_passed_at_their_percentage(used, threshold):
    assert outlook(limit=d(1000), used=d(used), done=(), today=TODAY).threshold == threshold


def test_what_is_used_up_is_reached_today():
    found = outlook(limit=d(1000), used=d(1200), done=(), today=TODAY)
    assert (found.percent, found.threshold, found.reached_on) == (d("120.0"), 100, TODAY)
    assert outlook(limit=d(0), used=d(0), done=(), today=TODAY).threshold == 100


@pytest.mark.parametrize(
    "work",
    [(), done((3, 5, 900)), done((5, 1, 900)), done((4, 1, 0)), done((4, 1, 50), (4, 2, -80))],
    ids=["nothing", "eight weeks ago and before", "not done yet", "worth nothing", "credited"],
)
def test_without_a_pace_there_is_no_day(work):
    assert outlook(limit=d(1000), used=d(500), done=work, today=TODAY).reached_on is None


def test_a_day_after_what_the_limit_covers_is_none():
    known = {"limit": d(1000), "used": d(750), "done": done((4, 1, 300)), "today": TODAY}
    assert outlook(**known, until=date(2026, 5, 24)).reached_on is None
    assert outlook(**known, until=date(2026, 5, 25)).reached_on == date(2026, 5, 25)
    assert outlook(**{**known, "limit": d("1e12")}).reached_on is None
