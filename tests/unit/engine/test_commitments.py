# mypy: disable-error-code="comparison-overlap"
"""R23: minimum commitments, prorated and settled once per period."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.engine.commitments import periods, shortfall
from tests.unit.engine.build import d

Q1 = (date(2026, 1, 1), date(2026, 4, 1))


def test_the_worked_example():
    served = (date(2026, 2, 15), Q1[1])
    assert shortfall(d(30000), [d(13260)], served=served, whole=Q1, currency="USD") == (15000, 1740)
    assert shortfall(d(30000), [d(16000)], served=served, whole=Q1, currency="USD") == (15000, 0)


def test_only_periods_that_are_over_are_settled_and_the_last_ends_with_the_term():
    start, end = date(2026, 2, 15), date(2026, 8, 10)
    found = periods("quarterly", start, end, through=date(2026, 9, 29))
    assert found == [(Q1, (start, Q1[1])), ((Q1[1], date(2026, 7, 1)), (Q1[1], date(2026, 7, 1)))]
    found = periods("quarterly", start, end, through=date(2026, 12, 31))
    assert found[2:] == [((date(2026, 7, 1), date(2026, 10, 1)), (date(2026, 7, 1), date(2026, 8, 11)))]
    assert periods("once", start, end, through=end) == [((start, date(2026, 8, 11)),) * 2]
    assert periods("once", start, end, through=end - timedelta(days=1)) == []
    assert periods("once", start, None, through=end) == []


@given(
    st.sampled_from(["monthly", "quarterly"]), st.integers(0, 400), st.none() | st.integers(0, 400), st.integers(0, 900)
)
def test_the_served_parts_are_days_of_the_term_once_each(frequency, offset, length, later):
    start = date(2026, 1, 1) + timedelta(days=offset)
    end = None if length is None else start + timedelta(days=length)
    through = date(2026, 1, 1) + timedelta(days=later)
    at = start
    for whole, served in periods(frequency, start, end, through=through):
        assert whole[0] <= served[0] == at < served[1] <= whole[1] <= through + timedelta(days=1)
        at = served[1]
    assert end is None or at <= end + timedelta(days=1)


@given(st.integers(0, 10_000_000), st.lists(st.integers(0, 3_000_000), max_size=5), st.integers(0, 89))
def test_fees_and_true_up_reach_what_is_due_and_never_pass_it_by_a_true_up(cents, fees, late):
    served = (Q1[0] + timedelta(days=late), Q1[1])
    paid = [Decimal(fee) / 100 for fee in fees]
    due, missing = shortfall(Decimal(cents) / 100, paid, served=served, whole=Q1, currency="USD")
    assert missing >= 0
    assert sum(paid) + missing == max(due, sum(paid))
    assert due <= Decimal(cents) / 100
