"""R12, IFRIC 22: a receivable is settled at another rate than it was recognised at, an advance is never remeasured."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.exchange import Books, NoRate, deliver, settle
from integration_hub.kernel.money import Quote

d = Decimal
FIRST = date(2026, 1, 1)
CENTS = st.integers(1, 10_000_000).map(lambda cents: d(cents) / 100)
RATES = st.decimals(min_value="0.005", max_value="200", places=6)


def books(*rates, divides=False, **more):
    """A rate for each day from the first on."""
    quotes = [Quote(d(rate), FIRST + timedelta(days=place), divides) for place, rate in enumerate(rates)]
    return Books(**{"currency": "CHF", "functional": "EUR", "quotes": quotes, **more})


def day(place):
    return FIRST + timedelta(days=place)


def test_the_example_of_the_rule():
    found = settle(d(10000), invoiced=day(0), paid=day(2), books=books("1.05", "1.07", "1.04"))
    assert (found.receivable, found.cash, found.gain) == (d(10500), d(10400), d(-100))


@pytest.mark.parametrize(
    ("amount", "rate", "worth"), [("0.10", "1.05", "0.11"), ("-0.10", "1.05", "-0.11"), ("0.10", "1.04", "0.10")]
)
def test_halves_are_rounded_away_from_nought(amount, rate, worth):
    assert books(rate).at(d(amount), day(0)) == d(worth)


def test_the_books_say_how_halves_are_rounded():
    assert books("1.05", rounding="half_even").at(d("0.10"), day(0)) == d("0.10")


@pytest.mark.parametrize(("on", "code"), [(-1, "FX_MISSING"), (8, "FX_STALE")])
def test_no_usable_rate(on, code):
    with pytest.raises(NoRate, match="from CHF to EUR is known on") as refusal:
        books("1.05").at(d(1), day(on))
    assert refusal.value.code == code
    assert books("1.05").at(d(1), day(7)) == d("1.05")


def test_parts_of_an_invoice_add_up_to_what_it_stood_at():
    """By themselves they would stand at 35.00, 35.00 and 35.02; the invoice stands at 105.01."""
    kept, before, parts = books("1.05", "1.10"), d(0), []
    for amount in (d("33.33"), d("33.33"), d("33.35")):
        parts.append(settle(amount, invoiced=day(0), paid=day(1), before=before, books=kept).receivable)
        before += amount
    assert sum(parts) == kept.at(before, day(0)) == d("105.01")


def test_what_is_no_advance_is_refused():
    with pytest.raises(ValueError, match="after the delivery"):
        deliver(d(100), [(day(2), d(10))], delivered=day(1), paid=None, books=books("1"))
    with pytest.raises(ValueError, match="10 CHF more than the price"):
        deliver(d(100), [(day(0), d(110))], delivered=day(1), paid=None, books=books("1"))


@given(CENTS, st.lists(CENTS, max_size=3), st.tuples(RATES, RATES, RATES), st.booleans())
def test_nothing_is_lost_between_the_books(rest, ahead, rates, divides):
    kept = books(*rates, divides=divides)
    found = deliver(rest + sum(ahead), [(day(0), part) for part in ahead], delivered=day(1), paid=day(2), books=kept)
    assert found.receivable + found.gain == kept.at(rest, day(2)), "the receivable and the gain are the cash"
    assert found.revenue == found.liability + found.receivable
    assert found.liability == sum(kept.at(part, day(0)) for part in ahead), "whatever the later rates"
    assert found == deliver(
        rest + sum(ahead), [(day(0), part) for part in reversed(ahead)], delivered=day(1), paid=day(2), books=kept
    )
