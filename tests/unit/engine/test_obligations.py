"""One price over several promises, and what each earned of it (R24)."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.obligations import Promise, StandaloneMissing, allocate, position, progress, recognise

money = st.decimals("0", "500000", places=2)
parts = st.fractions(0, 1)
promises = st.lists(
    st.builds(Promise, price=money, standalone=st.decimals("0.01", "500000", places=2), progress=parts),
    min_size=1,
    max_size=6,
)


def test_the_price_is_shared_by_standalone_prices():
    given_ = [
        Promise(price=Decimal(50000), standalone=Decimal(60000)),
        Promise(price=Decimal(40000), standalone=Decimal(40000)),
    ]
    assert allocate(given_, currency="USD") == [54000, 36000]


def test_without_standalone_prices_the_stated_ones_stand_and_half_of_them_is_refused():
    one, other = Promise(price=Decimal(10)), Promise(price=Decimal(20), standalone=Decimal(5))
    assert allocate([one, one], currency="USD") == [10, 10]
    with pytest.raises(StandaloneMissing):
        allocate([one, other], currency="USD")


@given(promises)
@settings(max_examples=150, deadline=None)
def test_parts_add_up_to_the_price_and_nothing_is_earned_beyond_its_part(given_):
    earned = recognise(given_, currency="USD")
    assert sum(one.allocated for one in earned) == sum(promise.price for promise in given_)
    assert all(0 <= one.cumulative <= one.allocated for one in earned)


@given(promises, st.lists(parts, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_months_add_up_to_what_is_earned_whatever_moved_between_them(given_, months):
    recognised = [Decimal(0)] * len(given_)
    for month, done in enumerate([*months, Fraction(1)]):
        now = [
            replace(promise, price=promise.price + month, progress=done, recognised=before)
            for promise, before in zip(given_, recognised, strict=True)
        ]
        earned = recognise(now, currency="USD")
        recognised = [before + one.amount for before, one in zip(recognised, earned, strict=True)]
        assert recognised == [one.cumulative for one in earned]
    assert sum(recognised) == sum(promise.price + len(months) for promise in given_)


def test_progress_stops_at_all_and_wants_an_estimate():
    assert progress(Decimal(36000), Decimal(80000)) == Fraction(9, 20)
    assert progress(Decimal(90), Decimal(80)) == 1
    for actual, estimate in (("1", "0"), ("-1", "5")):
        with pytest.raises(ValueError, match="no progress"):
            progress(Decimal(actual), Decimal(estimate))


def test_a_position_is_an_asset_or_a_liability():
    assert position(Decimal(5), Decimal(3)) == (Decimal(2), Decimal(0))
    assert position(Decimal(3), Decimal(5)) == (Decimal(0), Decimal(2))
