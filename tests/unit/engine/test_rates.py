# mypy: disable-error-code="comparison-overlap"
"""R1: which price applies."""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from billing.engine.decide import decide
from billing.engine.rates import resolve
from tests.unit.engine.build import d, only, rate, terms, time

JUN_30, JUL_1 = date(2026, 6, 30), date(2026, 7, 1)
ARCHITECT = (
    rate(1, "210", role="architect", valid_to=JUL_1),
    rate(2, "225", start=JUL_1, role="architect"),
    rate(3, "195", scope="customer", resource="priya"),
)


def priya(event_id, on, hours="7.5"):
    return time(event_id, hours, on, resource="priya", role="architect")


def test_the_service_date_picks_the_rate_through_an_amendment():  # S-01
    found = decide(terms(rates=ARCHITECT), [priya(1, JUN_30), priya(2, JUL_1)])
    assert [(p.rate, p.amount) for decision in found for p in decision.pieces] == [(210, 1575), (225, d("1687.50"))]


def test_specificity_first_takes_the_persons_own_rate():
    agreed = terms(rates=ARCHITECT, rate_precedence="specificity_then_scope")
    assert [only(agreed, priya(1, day)).amount for day in (JUN_30, JUL_1)] == [d("1462.50"), d("1462.50")]


def test_the_trace_lists_all_three_rows_and_why_two_lost():
    [decision] = decide(terms(rates=ARCHITECT), [priya(1, JUN_30)])
    rows = {row["id"]: (row["accepted"], row["reason"]) for row in decision.trace["rate"]["considered"]}
    assert rows == {
        1: (True, "applies"),
        2: (False, "valid from 2026-07-01"),
        3: (False, "the contract's own rates come first"),
    }


def test_rows_of_other_people_and_roles_are_not_considered():
    answer = resolve(ARCHITECT, currency="USD", resource="sam", role="pm", on=JUL_1)
    assert (answer.code, answer.considered) == ("RATE_MISSING", ())


@pytest.mark.parametrize(("hours", "amount"), [("6", "1110"), ("7.5", "1387.50")])
def test_a_day_rate_is_a_price_of_eight_hours(hours, amount):
    piece = only(terms(rates=(rate(1, "1480", unit="day"),)), time(1, hours))
    assert (piece.rate, piece.amount) == (185, d(amount))


def test_a_day_rate_is_not_rounded_on_the_way():
    assert only(terms(rates=(rate(1, "1000.01", unit="day"),)), time(1, "1")).rate == d("125.00125")


def refused(row, **kwargs):
    answer = resolve((row,), currency="USD", resource="r1", role="pm", on=JUN_30, **kwargs)
    return answer.code, answer.considered[0]["reason"]


def test_a_row_in_another_currency_never_applies():
    assert refused(rate(1, "10", currency="EUR")) == ("RATE_MISSING", "in EUR, this contract bills in USD")


def test_a_piece_price_is_no_price_for_time():
    assert refused(rate(1, "10", unit="item")) == ("RATE_MISSING", "priced per piece, not by time")


def test_a_row_ends_on_the_day_before_its_exclusive_end():
    assert refused(rate(1, "10", valid_to=JUN_30)) == ("RATE_MISSING", "valid until 2026-06-29")


def chosen(*rows, role="pm", items=(), precedence="scope_then_specificity"):
    found = [
        resolve(order, currency="USD", resource="r1", role=role, items=items, on=JUN_30, precedence=precedence)
        for order in permutations(rows)
    ]
    assert all(answer == found[0] for answer in found)
    answer = found[0]
    return answer.row.id if answer.row else answer.code


def test_item_then_resource_then_role_then_default():
    default, role, person, task = (
        rate(1, "1"),
        rate(2, "2", role="pm"),
        rate(3, "3", resource="r1"),
        rate(4, "4", item="t"),
    )
    assert chosen(default, role, person, task, items=("t",)) == 4
    assert chosen(default, role, person) == 3
    assert chosen(default, role) == 2
    assert chosen(default) == 1


def test_a_row_for_the_person_in_the_role_beats_the_person():
    assert chosen(rate(1, "1", resource="r1"), rate(2, "2", resource="r1", role="pm")) == 2


def test_contract_before_customer_before_standard():
    standard, customer = rate(1, "1", "legal_entity", role="pm"), rate(2, "2", "customer")
    assert chosen(standard, customer) == 2
    assert chosen(standard, customer, rate(3, "3")) == 3


def test_specificity_first_asks_the_other_way_round_and_says_so():
    rows = (rate(1, "1"), rate(2, "2", "legal_entity", role="pm"), rate(3, "3", "customer", role="pm"))
    assert chosen(*rows, precedence="specificity_then_scope") == 3
    answer = resolve(rows, currency="USD", resource="r1", role="pm", on=JUN_30, precedence="specificity_then_scope")
    assert [row["reason"] for row in answer.considered] == [
        "a more specific row applies",
        "the customer's rates come first",
        "applies",
    ]


def test_the_latest_start_wins_then_the_row_entered_last():
    early, late, again = rate(3, "1"), rate(1, "2", start=date(2026, 3, 1)), rate(2, "3", start=date(2026, 3, 1))
    assert chosen(early, late) == 1
    assert chosen(early, late, again) == 2
    answer = resolve((early, late, again), currency="USD", resource="r1", role="pm", on=JUN_30)
    assert [row["reason"] for row in answer.considered] == [
        "a row entered later applies",
        "applies",
        "a later row applies",
    ]


def test_the_role_of_the_entry_comes_before_the_persons():
    agreed = terms(rates=(rate(1, "100", role="pm"), rate(2, "200", role="architect")))
    assert only(agreed, time(1, role="architect", resource_default_role="pm")).rate == 200
    [decision] = decide(agreed, [time(1, resource_default_role="pm")])
    assert (decision.pieces[0].rate, decision.trace["filing"]["role_from"]) == (100, "resource")


def test_an_unknown_role_is_named_when_a_row_for_roles_might_apply():
    assert chosen(rate(1, "1", role="pm"), role="") == "ROLE_MISSING"
    assert chosen(rate(1, "1", role="pm"), rate(2, "2"), role="") == "ROLE_MISSING"
    assert chosen(rate(1, "1", role="pm"), rate(2, "2", "customer", resource="r1"), role="") == "ROLE_MISSING"


def test_an_unknown_role_does_not_matter_where_the_persons_own_row_wins():
    assert chosen(rate(1, "1", role="pm"), rate(2, "2", resource="r1"), role="") == 2
    assert chosen(rate(1, "1", "customer", role="pm"), rate(2, "2"), role="") == 2
    assert chosen(rate(1, "1", role="pm", resource="somebody else"), rate(2, "2"), role="") == 2


def test_the_trace_names_the_rows_that_wait_for_a_role():
    rows = (rate(1, "1", role="pm"), rate(2, "2"))
    answer = resolve(rows, currency="USD", resource="r1", role="", on=JUN_30)
    assert [row["reason"] for row in answer.considered] == [
        "the role of this work is not known",
        "the role of this work is not known, and a row for roles would come first",
    ]


def test_a_missing_rate_blocks_and_never_bills_at_zero():
    piece = only(terms(), time(1))
    assert (piece.state, piece.codes, piece.amount, piece.minutes) == ("blocked", ("RATE_MISSING",), None, 60)


def test_late_work_takes_the_rate_of_its_service_date():  # R10
    agreed = terms(rates=(rate(1, "130", valid_to=date(2026, 4, 1)), rate(2, "135", start=date(2026, 4, 1))))
    assert only(agreed, time(1, "6", date(2026, 3, 27))).amount == 780


def test_category_and_task_both_name_an_item():
    agreed = terms(rates=(rate(1, "10", item="travel"), rate(2, "20", item="design")))
    assert only(agreed, time(1, category="travel")).rate == 10
    assert only(agreed, time(1, task_code="design")).rate == 20


def test_a_premium_is_multiplied_before_anything_is_rounded():
    assert only(terms(rates=(rate(1, str(Decimal(120) * Decimal("1.5"))),)), time(1, minutes=d(95))).amount == 285
