# mypy: disable-error-code="comparison-overlap"
"""R4: what falls due when."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.schedule import add_months, instalments, monthly, prorate
from tests.unit.engine.build import d

APR_12, MAY_31 = date(2026, 4, 12), date(2026, 5, 31)
MAY = (date(2026, 5, 1), date(2026, 6, 1))


def test_a_fee_from_mid_month_is_billed_by_actual_days():  # S-05
    april, may = monthly(fee=d("3600.00"), starts_on=APR_12, ends_on=MAY_31, currency="USD")
    assert (april.period_from, april.period_to, april.amount) == (APR_12, date(2026, 5, 1), 2280)
    assert (april.sequence, april.due_on) == (1, date(2026, 4, 30))
    assert (may.period_from, may.period_to, may.amount, may.due_on) == (*MAY, 3600, MAY_31)


def test_in_advance_a_period_is_due_on_its_first_day():
    fees = monthly(fee=d(3600), starts_on=APR_12, ends_on=MAY_31, currency="USD", due="advance")
    assert [fee.due_on for fee in fees] == [APR_12, date(2026, 5, 1)]


def test_a_last_part_month_is_billed_by_its_days():
    assert monthly(fee=d(3600), starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 19), currency="USD")[0].amount == 2280


def test_a_fee_that_changes_in_mid_month_is_two_parts():
    old = prorate(d(3600), [(MAY[0], date(2026, 5, 21))], whole=MAY, currency="USD")
    new = prorate(d(4200), [(date(2026, 5, 21), MAY[1])], whole=MAY, currency="USD")
    assert (old, new) == ([d("2322.58")], [d("1490.32")])


def test_parts_that_fill_the_period_add_up():
    cuts = [date(2026, 5, 1), date(2026, 5, 11), date(2026, 5, 21), date(2026, 6, 1)]
    spans = list(pairwise(cuts))
    assert prorate(d(1000), spans, whole=MAY, currency="USD") == [d("322.58"), d("322.58"), d("354.84")]


def test_a_span_outside_the_period_is_refused():
    with pytest.raises(ValueError, match="inside"):
        prorate(d(1), [(date(2026, 4, 30), date(2026, 5, 3))], whole=MAY, currency="USD")
    with pytest.raises(ValueError, match="forward"):
        prorate(d(1), [(date(2026, 5, 3), date(2026, 5, 3))], whole=MAY, currency="USD")


def spread(total, start, end, frequency, **kwargs):
    return instalments(total=d(total), starts_on=start, ends_on=end, frequency=frequency, currency="USD", **kwargs)


def test_equal_instalments_with_the_rest_in_the_last():
    parts = spread(500, date(2026, 1, 1), date(2026, 3, 31), "monthly")
    assert [part.amount for part in parts] == [d("166.67"), d("166.67"), d("166.66")]
    assert [part.due_on for part in parts] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]


def test_quarters_are_counted_from_the_start():
    parts = spread(1000, date(2026, 2, 15), date(2026, 8, 14), "quarterly", due="advance")
    assert [(part.period_from, part.period_to) for part in parts] == [
        (date(2026, 2, 15), date(2026, 5, 15)),
        (date(2026, 5, 15), date(2026, 8, 15)),
    ]
    assert [part.amount for part in parts] == [500, 500]


def test_periods_from_the_last_day_of_a_month_do_not_drift():
    parts = spread(300, date(2026, 1, 31), date(2026, 4, 29), "monthly")
    assert [part.period_from for part in parts] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert parts[-1].period_to == date(2026, 4, 30)


def test_once_is_one_period_with_or_without_an_end():
    [part] = spread(500, APR_12, MAY_31, "once")
    assert (part.period_from, part.period_to, part.amount) == (APR_12, date(2026, 6, 1), 500)
    [part] = spread(500, APR_12, None, "once")
    assert (part.period_to, part.due_on) == (date(2026, 4, 13), APR_12)


def test_a_schedule_without_an_end_or_before_its_start_is_refused():
    with pytest.raises(ValueError, match="last day"):
        spread(500, APR_12, None, "monthly")
    with pytest.raises(ValueError, match="before it starts"):
        spread(500, MAY_31, APR_12, "monthly")
    with pytest.raises(ValueError, match="before it starts"):
        monthly(fee=d(1), starts_on=MAY_31, ends_on=APR_12, currency="USD")


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_adding_months(day, months, expected):
    assert add_months(day, months) == expected


def test_the_last_part_of_a_full_period_takes_the_cent():
    cuts = [date(2026, 4, 1), date(2026, 4, 11), date(2026, 4, 21), date(2026, 5, 1)]
    parts = prorate(d(100), list(pairwise(cuts)), whole=(cuts[0], cuts[-1]), currency="USD")
    assert parts == [d("33.33"), d("33.33"), d("33.34")]


def part(first, until, by, fee="3600"):
    [period] = monthly(fee=d(fee), starts_on=first, ends_on=until, currency="USD", by=by)
    return period.amount


def test_a_month_may_have_thirty_days_two_halves_or_be_paid_whole():
    feb_15, feb_28 = date(2026, 2, 15), date(2026, 2, 28)
    assert [part(feb_15, feb_28, by) for by in ("actual_days", "fixed30", "half_months", "none")] == [
        1800,
        1920,
        3600,
        3600,
    ]
    assert part(date(2026, 5, 16), MAY_31, "half_months") == 1800
    assert part(date(2026, 5, 31), MAY_31, "actual_days", "3100") == 100


def test_suspended_days_are_not_charged_and_cut_a_month_in_parts():
    gaps = [(date(2026, 5, 4), date(2026, 5, 11)), (date(2026, 5, 20), date(2026, 6, 3))]
    periods = monthly(
        fee=d(3100), starts_on=date(2026, 5, 1), ends_on=date(2026, 6, 30), currency="USD", suspensions=gaps
    )
    assert [(p.period_from.day, p.period_to.day, p.amount) for p in periods] == [
        (1, 4, 300),
        (11, 20, 900),
        (3, 1, d("2893.33")),
    ]


@given(
    st.decimals(0, 100_000, places=2), st.integers(0, 80), st.integers(0, 80),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), max_size=3),
    st.sampled_from(["actual_days", "fixed30", "half_months", "none"]),
)  # fmt: skip
def test_no_month_costs_more_than_its_fee_and_whole_months_cost_it(fee, offset, length, gaps, by):
    start = date(2026, 1, 1) + timedelta(days=offset)
    suspended, at = [], date(2026, 1, 1)
    for after, days in gaps:
        first = at + timedelta(days=after)
        at = first + timedelta(days=days)
        suspended.append((first, at))
    found = monthly(
        fee=fee, starts_on=start, ends_on=start + timedelta(days=length), currency="USD", by=by, suspensions=suspended
    )
    days = {p.period_from + timedelta(days=n) for p in found for n in range((p.period_to - p.period_from).days)}
    assert len(days) == sum((p.period_to - p.period_from).days for p in found), "no day twice"
    assert not any(first <= day < until for day in days for first, until in suspended)
    by_month: dict[date, Decimal] = {}
    for period in found:
        month = period.period_from.replace(day=1)
        by_month[month] = by_month.get(month, Decimal(0)) + period.amount
        if period.period_from == month and period.period_to.day == 1:
            assert period.amount == fee
    assert all(total <= fee for total in by_month.values())
