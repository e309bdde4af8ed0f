"""Transfer prices: what is reversed and charged anew comes to the new price, and the group sees neither side."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.engine.intercompany import Agreed, Charged, Lent, Refused, Sums, charge, views

MONEY = st.decimals(min_value="0.01", max_value="9999", places=2)
AGREED = st.builds(Agreed, st.sampled_from(["cost_plus", "percent_of_bill", "fixed_rate"]), MONEY, st.just("USD"))
LENT = st.builds(Lent, st.integers(1, 6000).map(Decimal), MONEY, st.just("USD"), MONEY, st.just("USD"))


def same(amount, base, quote):
    return amount if base == quote else None


@given(AGREED, AGREED, LENT, LENT)
def test_reversed_and_charged_anew_comes_to_the_new_price(before, after, was, now):
    old, new = charge(before, was, same, "half_up"), charge(after, now, same, "half_up")
    amounts = [found.amount for found in (old, new) if isinstance(found, Charged)]
    assert all(amount > 0 for amount in amounts), "never a silent nought"
    if isinstance(old, Charged) and isinstance(new, Charged):
        assert sum([old.amount, -old.amount, new.amount]) == new.amount


@given(MONEY, MONEY, MONEY)
def test_the_group_eliminates_both_sides(revenue, charged, cost):
    sums = Sums(revenue, "USD", charged, "USD", cost, "USD")
    found = views(sums, lending_currency="USD", group_currency="USD", convert=same)
    assert found.lending_revenue - found.borrowing_cost == 0
    assert found.borrowing_margin + found.lending_margin == found.group_margin == revenue - cost


def test_what_cannot_be_priced_says_why():
    lent = Lent(Decimal(60), Decimal(62), "USD", None, "")
    for agreed, why in (
        (None, "no_price"),
        (Agreed("percent_of_bill", Decimal(50), "USD"), "no_bill"),
        (Agreed("cost_plus", Decimal(15), "EUR"), "no_exchange_rate"),
        (Agreed("fixed_rate", Decimal("0.001"), "USD"), "zero"),
    ):
        assert charge(agreed, lent, same, "half_up") == Refused(why)
