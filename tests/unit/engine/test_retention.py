"""What is withheld and what comes back of it: the example of R18, cents and credits in any order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.documents import share_tax
from billing.engine.retention import Withheld, gives_back, withheld

CENTS = st.integers(1, 10_000_000).map(lambda cents: Decimal(cents) / 100)
PERCENT = st.integers(1, 999_999).map(lambda part: Decimal(part) / 10_000)


@pytest.mark.parametrize(
    ("taxed", "tax", "due", "released"),
    [
        pytest.param(False, "9600.00", "55200.00", "2400.00", id="when withheld"),
        pytest.param(True, "9120.00", "54720.00", "2880.00", id="when invoiced"),
    ],
)
def test_the_example_of_the_rule(taxed, tax, due, released):
    work, rate = Decimal(48_000), Decimal("0.2")
    [kept] = withheld({"L": work}, Decimal(5), currency="USD").values()
    assert kept == 2400
    bases = [(work, rate), (-kept, rate if taxed else Decimal(0))]
    found = sum(share_tax(bases, level="invoice", currency="USD"))
    [of_release] = share_tax([(kept, bases[1][1])], level="invoice", currency="USD")
    assert (found, work - kept + found, kept + of_release) == (Decimal(tax), Decimal(due), Decimal(released))
    assert work - kept + found + kept + of_release == 57_600


@given(st.dictionaries(st.integers(1, 9), CENTS, min_size=1), PERCENT)
def test_a_document_is_rounded_once_and_shared(work, percent):
    found = withheld(work, percent, currency="USD")
    total = sum(work.values()) * percent / 100
    assert abs(sum(found.values()) - total) <= Decimal("0.005")
    assert all(0 < part <= work[line] + Decimal("0.01") for line, part in found.items())


def test_lines_that_charge_nothing_withhold_nothing():
    work = {1: Decimal(100), 2: Decimal(0), 3: Decimal(-20)}
    assert withheld(work, Decimal(10), currency="USD") == {1: 10}
    assert withheld({3: Decimal(-20)}, Decimal(10), currency="USD") == {}


@given(CENTS, PERCENT, st.lists(st.integers(1, 100), min_size=1, max_size=6), st.integers(0, 100))
def test_credits_and_releases_never_take_more_than_is_withheld(work, percent, parts, released_part):
    [amount] = withheld({1: work}, percent, currency="USD").values() or [Decimal(0)]
    released = (amount * released_part / 100).quantize(Decimal("0.01"))
    credited = given_back = Decimal(0)
    for part in parts:
        credit = min((work * part / 100).quantize(Decimal("0.01")), work - credited)
        of = Withheld(amount, work, credited, given_back)
        given_back += gives_back(of, credit, room=max(amount - released - given_back, Decimal(0)), currency="USD")
        credited += credit
        assert 0 <= given_back <= max(amount - released, Decimal(0))
    last = Withheld(amount, work, credited, given_back)
    given_back += gives_back(last, work - credited, room=amount - released - given_back, currency="USD")
    assert given_back == amount - released or given_back == amount, "the last credit takes what is left"
