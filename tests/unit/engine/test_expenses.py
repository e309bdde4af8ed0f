# mypy: disable-error-code="comparison-overlap"
"""R14: what an expense is charged at."""

from datetime import date

import pytest

from billing.engine.decide import decide
from billing.engine.values import EligibilityRow
from integration_hub.kernel.money import Quote
from tests.unit.engine.build import d, line, money, only, terms


def charged(amount, rule="at_cost", percent=None, **kwargs):
    agreed = terms(lines=(line(1, "expense", expense_rule=rule, markup_percent=percent),))
    piece = only(agreed, money(1, "expense", amount, **kwargs))
    return piece.state, piece.codes, piece.amount


def test_at_cost():
    assert charged("312.40") == ("billable", (), d("312.40"))
    assert charged("61.32", rule="") == ("billable", (), d("61.32"))


def test_a_markup_is_rounded_because_the_client_sees_it():
    assert charged("291.96", "markup", d(8)) == ("billable", (), d("315.32"))


def test_a_markup_without_a_percentage_is_no_price():
    assert charged("10", "markup") == ("blocked", ("RATE_MISSING",), None)


def test_a_line_may_refuse_expenses():
    assert charged("10", "non_billable", evidence=False) == ("non_billable", ("NON_BILLABLE",), 0)


def test_a_missing_receipt_blocks_with_the_value():
    assert charged("291.96", "markup", d(8), evidence=False) == ("blocked", ("RECEIPT_MISSING",), d("315.32"))


def gbp(rate, *, on=date(2026, 2, 1), divides=False):
    return Quote(d(rate), on, divides)


def test_another_currency_is_converted_at_the_rate_of_its_day():  # R12
    agreed = terms(currency="EUR", lines=(line(1, "expense"),))
    taxi = money(1, "expense", "84.60", currency="GBP", on=date(2026, 2, 3), fx=gbp("1.17"))
    [decision] = decide(agreed, [taxi])
    assert (decision.pieces[0].amount, decision.pieces[0].currency) == (d("98.98"), "EUR")
    quoted = {"rate": "1.17", "date": "2026-02-01", "divides": False}
    assert decision.trace["steps"] == [
        {"step": "cost", "amount": "84.6", "currency": "GBP"},
        {"step": "converted", **quoted, "amount": "98.98", "currency": "EUR"},
    ]


def test_a_rate_quoted_the_other_way_divides_and_is_never_turned_round_first():
    agreed = terms(currency="EUR", lines=(line(1, "expense"),))
    hotel = money(1, "expense", "1000", currency="JPY", on=date(2026, 2, 1), fx=gbp("163.7", divides=True))
    assert only(agreed, hotel).amount == d("6.11")
    large = money(1, "expense", "1637000000", currency="JPY", on=date(2026, 2, 1), fx=gbp("163.7", divides=True))
    assert only(agreed, large).amount == d("10000000.00")


@pytest.mark.parametrize(("day", "state"), [(8, "billable"), (9, "blocked")])
def test_a_rate_older_than_agreed_converts_nothing(day, state):
    agreed = terms(currency="EUR", lines=(line(1, "expense"),))
    taxi = money(1, "expense", "84.60", currency="GBP", on=date(2026, 2, day), fx=gbp("1.17"))
    [decision] = decide(agreed, [taxi])
    assert decision.pieces[0].state == state
    if state == "blocked":
        assert decision.pieces[0].codes == ("FX_STALE",)
        assert decision.trace["steps"][1] == {
            "step": "stale", "rate": "1.17", "date": "2026-02-01", "divides": False, "days": 7,
        }  # fmt: skip


def test_no_rate_no_conversion():
    assert charged("10", currency="GBP") == ("blocked", ("FX_MISSING",), None)
    assert charged("10", "markup", d(8), currency="GBP") == ("blocked", ("FX_MISSING",), None)


def test_the_yen_has_no_cents():
    agreed = terms(currency="JPY", lines=(line(1, "expense"),))
    assert only(agreed, money(1, "expense", "9.99", on=date(2026, 2, 1), fx=gbp("157.3"))).amount == 1571


def under(target, **rule):
    rules = (EligibilityRow(id=1, kind="expense", line_id=target.id, **rule),)
    piece = only(terms(lines=(target,), eligibility=rules), money(1, "expense", "50"))
    return piece.state, piece.amount


def test_a_time_line_passes_expenses_on_and_a_fixed_price_covers_them():
    assert under(line(1)) == ("billable", 50)
    assert under(line(1, "milestone")) == ("included", 0)
    assert under(line(1, "milestone", expense_rule="at_cost")) == ("billable", 50)
    assert under(line(1), chargeability="included") == ("included", 0)
    assert under(line(1), chargeability="non_chargeable") == ("non_billable", 0)
