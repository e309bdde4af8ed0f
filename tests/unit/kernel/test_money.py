"""Money: rounded to the currency's unit, shared without a rest, written one way (R6)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.kernel.money import Money, is_currency, minor_units, round_money, share, show

D = Decimal
CURRENCIES = ["USD", "JPY", "KWD"]
amounts = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=6)


@pytest.mark.parametrize(("currency", "places"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_its_own_unit(currency, places):
    assert minor_units(currency) == places


def test_an_unknown_currency_is_named():
    assert not is_currency("XYZ")
    with pytest.raises(ValueError, match="Unknown currency 'XYZ': use an ISO 4217 code"):
        minor_units("XYZ")


@pytest.mark.parametrize(
    ("amount", "currency", "half_up", "half_even"),
    [
        ("0.005", "USD", "0.01", "0.00"),
        ("-0.005", "USD", "-0.01", "0.00"),
        ("1.015", "USD", "1.02", "1.02"),
        ("0.5", "JPY", "1", "0"),
        ("0.0005", "KWD", "0.001", "0.000"),
        ("2.344999", "USD", "2.34", "2.34"),
    ],
)
def test_ties_go_away_from_zero_unless_an_erp_wants_the_even_one(amount, currency, half_up, half_even):
    assert round_money(D(amount), currency) == D(half_up)
    assert round_money(D(amount), currency, "half_even") == D(half_even)


@given(amount=amounts, currency=st.sampled_from(CURRENCIES))
def test_a_credit_mirrors_its_charge(amount, currency):
    assert round_money(-amount, currency) == -round_money(amount, currency)


@given(
    cents=st.integers(-10_000_000, 10_000_000),
    weights=st.lists(st.decimals(min_value=0, max_value=1000, places=4), min_size=1, max_size=12).filter(any),
    currency=st.sampled_from(CURRENCIES),
)
def test_shares_add_up_and_none_is_further_from_exact_than_a_unit(cents, weights, currency):
    unit = D(1).scaleb(-minor_units(currency))
    total = cents * unit
    parts = share(total, weights, currency)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < unit


def test_the_largest_remainder_gets_the_cent_and_the_earlier_one_of_equals():
    assert share(D("100.00"), [D(1), D(1), D(1)], "USD") == [D("33.34"), D("33.33"), D("33.33")]
    assert share(D("0.01"), [D(1), D(3)], "USD") == [0, D("0.01")]
    assert share(D("-100.00"), [D(1), D(1), D(1)], "USD") == [D("-33.34"), D("-33.33"), D("-33.33")]


def test_what_cannot_be_shared_is_refused():
    assert share(D(0), [D(0), D(0)], "USD") == [0, 0]
    with pytest.raises(ValueError, match="weights that sum to zero"):
        share(D(1), [D(1), D(-1)], "USD")
    with pytest.raises(ValueError, match="Nothing to share among"):
        share(D(1), [], "USD")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "1,234.50 USD"),
        ("-1234567.005", "EUR", "-1,234,567.01 EUR"),
        ("1234.5", "JPY", "1,235 JPY"),
        ("0", "KWD", "0.000 KWD"),
    ],
)
def test_an_amount_is_written_one_way(amount, currency, text):
    assert show(D(amount), currency) == text
    assert str(Money(D(amount), currency)) == text
