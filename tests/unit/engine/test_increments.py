"""R5: minimum increments."""

from decimal import Decimal

import pytest

from billing.engine.agreed import Increment
from billing.engine.increments import Stretch, billed_minutes
from tests.unit.engine.build import d

QUARTER = Increment(unit=d(15))


def value(stretches, rule, hourly=160):
    return sum(billed_minutes(stretches, rule).values()) * hourly / 60


def test_each_entry_is_rounded_up_on_its_own():
    entries = [Stretch(i, d(minutes), str(i)) for i, minutes in enumerate((7, 22, 49))]
    assert list(billed_minutes(entries, QUARTER).values()) == [15, 30, 60]
    assert value(entries, QUARTER) == 280


def test_a_pool_is_rounded_once_and_its_gain_shared():
    entries = [Stretch(i, d(minutes), "ann, 2 Feb") for i, minutes in enumerate((7, 22, 49))]
    shares = billed_minutes(entries, QUARTER)
    assert sum(shares.values()) == 90
    assert value(entries, QUARTER) == 240
    assert [share - stretch.minutes for share, stretch in zip(shares.values(), entries, strict=True)] == [
        d("1.0769"),
        d("3.3846"),
        d("7.5385"),
    ]


@pytest.mark.parametrize(("mode", "minutes"), [("up", 30), ("nearest", 30), ("down", 15)])
def test_modes(mode, minutes):
    assert billed_minutes([Stretch(1, Decimal("22.5"), "")], Increment(unit=d(15), mode=mode)) == {1: minutes}


def test_the_factor_comes_first_and_a_call_out_has_a_floor():
    assert billed_minutes([Stretch(1, d(50), "")], Increment(unit=d(15), factor=d("1.5"))) == {1: 75}
    assert billed_minutes([Stretch(1, d(7), "")], Increment(unit=d(15), floor=d(60))) == {1: 60}


def test_no_work_is_not_a_call_out():
    assert billed_minutes([Stretch(1, d(0), "")], Increment(unit=d(15), floor=d(60))) == {1: 0}
