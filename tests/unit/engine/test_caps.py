# mypy: disable-error-code="comparison-overlap"
"""R2: crossing a cap splits, never fails, and never bills past it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.engine.decide import decide
from billing.engine.values import CapTerm
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

RATES = (rate(1, "175"),)


def cap(id=1, limit="25000", **kwargs):  # noqa: A002
    return CapTerm(id=id, limit=Decimal(limit), **kwargs)


def test_an_entry_is_split_at_the_cap():  # S-02
    agreed = terms(rates=RATES, caps=(cap(line_id=1, used=d(24310)),))
    [[inside, beyond]] = pieces(agreed, time(2, "6"))
    assert (inside.state, inside.amount, inside.minutes, inside.cap_id) == ("billable", 690, d("236.5714"), 1)
    assert (beyond.state, beyond.amount, beyond.codes, beyond.cap_id) == ("over_cap", 360, ("CAP_REACHED",), 1)
    assert beyond.minutes == d("123.4286")


def test_a_raised_cap_frees_what_was_over():  # S-02, second run: 690 of the entry are posted
    agreed = terms(rates=RATES, caps=(cap(limit="26000", line_id=1, used=d(25000)),))
    piece = only(agreed, time(2, "6", locked_minutes=d("236.5714"), locked_amount=d(690)))
    assert (piece.state, piece.amount, piece.minutes) == ("billable", 360, d("123.4286"))
    [decision] = decide(agreed, [time(2, "6", locked_minutes=d("236.5714"), locked_amount=d(690))])
    assert decision.trace["caps"][0] | {"binding": False} == {
        "id": 1, "kind": "hard", "line": 1, "limit": "26000", "before": "25000", "taken": "360", "after": "25360",
        "binding": False,
    }  # fmt: skip


def test_the_smallest_remainder_of_nested_caps_binds():
    caps = (cap(1, "1200", line_id=1), cap(2, "950"))
    [[inside, beyond]] = pieces(terms(rates=RATES, caps=caps), time(1, "8"))
    assert (inside.amount, beyond.amount, beyond.cap_id) == (950, 450, 2)


def test_a_cap_of_another_line_does_not_bind():
    agreed = terms(rates=RATES, caps=(cap(1, "1", line_id=2),))
    assert only(agreed, time(1, "8")).state == "billable"


def test_work_is_taken_in_order_of_service_date_then_start_then_id():
    agreed = terms(rates=RATES, caps=(cap(1, "350"),))
    late, early = time(1, "2", date(2026, 3, 2)), time(9, "1", date(2026, 3, 1), start_order=540)
    earliest = time(5, "1", date(2026, 3, 1), start_order=480)
    results = decide(agreed, [late, early, earliest])
    assert [(r.event_id, brief(r.pieces)) for r in results] == [
        (5, [("billable", 175)]),
        (9, [("billable", 175)]),
        (1, [("over_cap", 350)]),
    ]


def test_a_full_cap_leaves_no_empty_billable_piece():
    assert brief(pieces(terms(rates=RATES, caps=(cap(1, "0"),)), time(1))[0]) == [("over_cap", 175)]


def test_a_cap_lowered_below_what_is_billed_leaves_nothing_and_credits_nothing():
    piece = only(terms(rates=RATES, caps=(cap(1, "100", used=d(300)),)), time(1))
    assert (piece.state, piece.amount) == ("over_cap", 175)


def test_a_soft_cap_only_warns():
    agreed = terms(rates=RATES, caps=(cap(1, "200", kind="soft"),))
    first, second = decide(agreed, [time(1), time(2)])
    assert "warnings" not in first.trace
    assert brief(second.pieces) == [("billable", 175)]
    assert second.trace["warnings"] == [{"code": "SOFT_CAP_EXCEEDED", "cap": 1, "over": "150"}]


def test_held_work_takes_no_room_and_blocked_work_neither():
    agreed = terms(rates=RATES, caps=(cap(1, "175"),))
    assert brief(pieces(agreed, time(1, approval="submitted"), time(2))[1]) == [("billable", 175)]


def test_a_contract_cap_counts_expenses_only_when_it_says_so():
    lines = (line(1), line(2, "expense", expense_rule="at_cost"))
    taxi = money(1, "expense", "80")
    assert only(terms(lines=lines, caps=(cap(1, "50"),)), taxi).amount == 80
    assert brief(pieces(terms(lines=lines, caps=(cap(1, "50", includes_expenses=True),)), taxi)[0]) == [
        ("billable", 50),
        ("over_cap", 30),
    ]


def test_a_cap_on_an_expense_line_counts_them():
    agreed = terms(lines=(line(2, "expense"),), caps=(cap(1, "50", line_id=2),))
    assert brief(pieces(agreed, money(1, "expense", "80"))[0]) == [("billable", 50), ("over_cap", 30)]


def test_a_fee_cut_by_a_cap_has_no_minutes():
    agreed = terms(lines=(line(3, "fixed_schedule"),), caps=(cap(1, "50"),))
    [[inside, beyond]] = pieces(agreed, money(1, "fee", "80", line_id=3))
    assert (inside.minutes, beyond.minutes, inside.amount, beyond.amount) == (None, None, 50, 30)


def test_the_order_of_caps_does_not_matter():
    caps = (cap(1, "1200", line_id=1), cap(2, "950"), cap(3, "10", kind="soft"))
    agreed = terms(rates=RATES, caps=caps)
    works = [time(i, "3") for i in range(1, 5)]
    assert decide(agreed, works) == decide(replace(agreed, caps=caps[::-1]), works[::-1])


def test_what_a_cap_left_of_a_milestone_is_billed_when_it_is_raised():
    agreed = terms(lines=(line(3, "milestone"),), caps=(cap(1, "100", used=d(50)),))
    assert only(agreed, money(1, "milestone", "80", line_id=3, locked_amount=d(50))).amount == 30


def test_a_month_has_a_limit_of_its_own_for_the_work_done_in_it():
    """March has 300 left; work of March approved in May takes them, and May's room is untouched (R2)."""
    monthly = cap(1, "1000", period="month", used_in=((date(2026, 3, 1), d(700)),))
    agreed = terms(rates=(rate(1, "100"),), caps=(monthly,))
    march, may = time(1, "5", date(2026, 3, 20)), time(2, "5", date(2026, 5, 2))
    first, second = pieces(agreed, march, may)
    assert brief(first) == [("billable", 300), ("over_cap", 200)]
    assert brief(second) == [("billable", 500)]
    [decision, _] = decide(agreed, [march, may])
    assert (decision.trace["caps"][0]["month"], decision.trace["caps"][0]["before"]) == ("2026-03-01", "700")


def test_hard_and_soft_limits_of_contract_line_and_month_bind_together():
    caps = (
        cap(1, "2000", used=d(1200)),
        cap(2, "900", line_id=1, used=d(200)),
        cap(3, "400", period="month"),
        cap(4, "300", kind="soft"),
    )
    agreed = terms(rates=(rate(1, "100"),), caps=caps)
    [decision] = decide(agreed, [time(1, "9")])
    assert brief(decision.pieces) == [("billable", 400), ("over_cap", 500)]
    assert decision.pieces[0].cap_id == 3
    assert [(step["id"], step["after"], step["binding"]) for step in decision.trace["caps"]] == [
        (1, "1600", False),
        (2, "600", False),
        (3, "400", True),
        (4, "400", False),
    ]
    assert decision.trace["warnings"] == [{"code": "SOFT_CAP_EXCEEDED", "cap": 4, "over": "100"}]
