"""R20, R25: claims on an invoice stand while they fit, in a stable order; what does not fit says why."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.settlement import Claim, is_short, refusals


def claim(number, amount, *, kind="payment", on=date(2026, 4, 1), held=None, claimed=None, **more):
    amount = Decimal(amount)
    more = {"currency": "USD", "stands": False, **more}
    return Claim(turn=(on, kind, number), amount=amount, held=Decimal(held or amount),
                 claimed=Decimal(claimed or held or amount), **more)  # fmt: skip


def reasons(gross, *claims):
    answers = refusals(gross=Decimal(gross), currency="USD", claims=claims)
    return [answers[one] for one in claims]


def test_what_fits_stands():
    assert reasons("100", claim(1, "60"), claim(2, "40", kind="credit")) == ["", ""]


def test_what_comes_later_and_does_not_fit_is_refused_whole():
    early, late = claim(1, "60"), claim(2, "40.01", on=date(2026, 4, 2))
    assert reasons("100", late, early) == ["40.01 USD applied where 40.00 USD are open.", ""]


def test_what_stands_already_comes_before_what_is_older():
    standing, older = claim(2, "100", stands=True), claim(1, "100", on=date(2026, 3, 1))
    assert reasons("100", older, standing) == ["100.00 USD applied where 0.00 USD are open.", ""]


def test_another_currency_is_never_counted():
    assert reasons("100", claim(1, "60", currency="EUR")) == ["It is in EUR, the invoice in USD."]


def test_a_document_that_is_applied_for_more_than_it_holds_counts_nowhere():
    assert reasons("500", claim(1, "60", held="100", claimed="120")) == [
        "120.00 USD of it are applied in all, and it is only 100.00 USD."
    ]


@pytest.mark.parametrize(
    ("gross", "paid", "credited", "short"),
    [
        ("5000", "4999", "0", False),  # 0.1 % are 5.00, but never more than 1.00
        ("5000", "4998.99", "0", True),
        ("500", "499.50", "0", False),
        ("500", "499.49", "0", True),
        ("500", "0", "0", False),
        ("500", "0", "300", False),
        ("500", "200", "300", False),
    ],
)
def test_short_beyond_the_lower_tolerance(gross, paid, credited, short):
    assert is_short(gross=Decimal(gross), paid=Decimal(paid), credited=Decimal(credited)) is short


amounts = st.decimals(min_value="0.01", max_value="500", places=2)


@given(st.lists(st.tuples(amounts, st.booleans()), max_size=8), amounts)
def test_what_stands_never_exceeds_the_invoice_and_settling_again_changes_nothing(parts, gross):
    claims = [claim(number, amount) for number, (amount, _) in enumerate(parts)]
    answers = refusals(gross=gross, currency="USD", claims=claims)
    assert sum(one.amount for one, why in answers.items() if not why) <= gross
    again = [claim(number, amount, stands=not answers[claims[number]]) for number, (amount, _) in enumerate(parts)]
    settled = refusals(gross=gross, currency="USD", claims=again)
    assert [settled[one] for one in again if one.stands] == [""] * sum(one.stands for one in again)
