# mypy: disable-error-code="comparison-overlap"
"""R27 and S-08: a hold changes whether, never what."""

import pytest

from billing.engine.decide import decide
from billing.engine.values import CapTerm, HoldTerm
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

RATES = (rate(1, "140"),)
CAP = (CapTerm(id=1, limit=d(2000)),)


def hold(scope="event", target="T2", code="PM_HOLD", id=1, **kwargs):  # noqa: A002
    return HoldTerm(id=id, scope=scope, target=target, code=code, **kwargs)


def test_held_work_keeps_its_value_and_takes_no_room():
    works = [time(1, "5", project_id=3), time(2, "3", project_id=3), time(3, "1")]
    found = decide(terms(rates=RATES, caps=CAP, holds=(hold(),)), works)
    assert [brief(decision.pieces) for decision in found] == [[("billable", 700)], [("held", 420)], [("billable", 140)]]
    assert found[1].pieces[0].codes == ("PM_HOLD",)
    assert found[2].trace["caps"][0]["after"] == "840"


def test_released_work_is_billed_under_the_same_rules():
    agreed = terms(rates=RATES, caps=(CapTerm(id=1, limit=d(2000), used=d(700)),))
    [decision] = decide(agreed, [time(2, "3")])
    assert (brief(decision.pieces), decision.trace["caps"][0]["after"]) == ([("billable", 420)], "1120")


@pytest.mark.parametrize(
    ("scope", "target"),
    [("event", "T2"), ("project", "3"), ("line", "1"), ("contract", "9"), ("bill_to", "any"), ("customer", "any")],
)
def test_every_scope_stops_the_work(scope, target):
    assert only(terms(rates=RATES, holds=(hold(scope, target),)), time(2, project_id=3)).state == "held"


@pytest.mark.parametrize(("scope", "target"), [("event", "T9"), ("project", "4"), ("line", "2"), ("contract", "8")])
def test_a_hold_elsewhere_does_not(scope, target):
    assert only(terms(rates=RATES, holds=(hold(scope, target),)), time(2, project_id=3)).state == "billable"


def test_a_milestone_can_be_held():
    agreed = terms(lines=(line(1, "milestone"),), holds=(hold("milestone", "5", "SCOPE_DISPUTE"),))
    piece = only(agreed, money(1, "milestone", "500", line_id=1, milestone_id=5))
    assert (piece.state, piece.codes, piece.amount) == ("held", ("SCOPE_DISPUTE",), 500)


def test_all_codes_are_named_once():
    holds = (hold(code="QUALITY_REWORK", id=3), hold(id=2), hold("line", "1", id=1))
    assert only(terms(rates=RATES, holds=holds), time(2)).codes == ("PM_HOLD", "QUALITY_REWORK")


def test_a_hold_on_posting_does_not_keep_work_out_but_is_seen():
    [decision] = decide(terms(rates=RATES, holds=(hold(code="PO_AWAITED", effect="no_post"),)), [time(2)])
    assert decision.pieces[0].state == "billable"
    assert decision.trace["holds"] == [
        {"id": 1, "scope": "event", "target": "T2", "code": "PO_AWAITED", "effect": "no_post"}
    ]


def test_blocked_comes_before_held():
    assert only(terms(holds=(hold(),)), time(2)).codes == ("RATE_MISSING",)


def test_held_hours_leave_the_bucket_alone():
    bucket = line(1, "retainer_hours", included_minutes=d(120), overage_rate=d(100))
    found = pieces(terms(lines=(bucket,), holds=(hold(target="T1"),)), time(1, "2"), time(2, "2"))
    assert [brief(entry) for entry in found] == [[("held", 200)], [("included", 0)]]


def test_held_hours_of_a_retainer_without_any_price_have_no_value():
    bucket = line(1, "retainer_hours", included_minutes=d(120))
    assert brief(pieces(terms(lines=(bucket,), holds=(hold(target="T1"),)), time(1, "2"))[0]) == [("held", None)]


def test_held_hours_of_a_retainer_are_worth_what_is_not_billed_yet():
    bucket = line(1, "retainer_hours", included_minutes=d(120), overage_rate=d(100))
    part = time(1, "3", locked_minutes=d(60), locked_amount=d(100))
    assert brief(pieces(terms(lines=(bucket,), holds=(hold(target="T1"),)), part)[0]) == [("held", 200)]
