# mypy: disable-error-code="comparison-overlap"
"""The order of questions, and what each answer keeps (§3.1)."""

from dataclasses import replace
from datetime import date

import pytest

from billing.engine.decide import decide
from billing.engine.notation import piece_facts
from billing.engine.values import CapTerm, Terms
from integration_hub.kernel.ids import content_hash
from tests.unit.engine.build import d, line, money, only, pieces, rate, terms, time

RATES = (rate(1, "140"),)
PRICED = terms(rates=RATES)


def codes(agreed, work):
    piece = only(agreed, work)
    return piece.state, piece.codes, piece.amount


@pytest.mark.parametrize("approval", ["draft", "submitted"])
def test_unapproved_work_is_blocked_and_says_what_it_holds_up(approval):
    assert codes(PRICED, time(1, approval=approval)) == ("blocked", ("NOT_APPROVED",), 140)


def test_rejected_work_is_never_billed():
    piece = only(PRICED, time(1, approval="rejected"))
    assert (piece.state, piece.codes, piece.amount, piece.minutes) == ("non_billable", ("REJECTED",), 0, 60)


def test_what_the_source_calls_not_chargeable_is_not_charged():
    assert codes(PRICED, time(1, chargeable=False)) == ("non_billable", ("NON_BILLABLE",), 0)


@pytest.mark.parametrize("approval", ["draft", "submitted"])
@pytest.mark.parametrize("agreed", [PRICED, None])
def test_what_nobody_approved_is_not_even_known_to_be_free(agreed, approval):  # R19
    [[piece]] = pieces(agreed, time(1, chargeable=False, approval=approval))
    assert (piece.state, piece.codes, piece.amount) == ("blocked", ("NOT_APPROVED",), 0)


@pytest.mark.parametrize("chargeable", [True, False])
def test_what_was_rejected_stays_rejected(chargeable):
    assert codes(PRICED, time(1, approval="rejected", chargeable=chargeable)) == ("non_billable", ("REJECTED",), 0)


@pytest.mark.parametrize("change", [{"signed_on": None}, {"status": "draft"}, {"status": "in_review"}])
def test_an_unsigned_contract_blocks_everything(change):
    agreed = replace(PRICED, lines=(line(), line(2, "milestone")), **change)
    assert codes(agreed, time(1)) == ("blocked", ("CONTRACT_NOT_SIGNED",), 140)
    assert codes(agreed, money(2, "milestone", "500", line_id=2)) == ("blocked", ("CONTRACT_NOT_SIGNED",), 500)


def test_the_contract_covers_its_last_day_and_not_the_next():
    agreed = replace(PRICED, ends_on=date(2026, 3, 31))
    assert only(agreed, time(1, on=date(2026, 3, 31))).state == "billable"
    assert codes(agreed, time(1, on=date(2026, 4, 1)))[1] == ("CONTRACT_EXPIRED",)


def test_work_before_the_contract_has_none():
    agreed = terms(rates=(rate(1, "140", start=date(2025, 1, 1)),))
    assert only(agreed, time(1, on=date(2026, 1, 1))).state == "billable"
    assert codes(agreed, time(1, on=date(2025, 12, 31)))[1] == ("CONTRACT_MISSING",)


def test_a_milestone_accepted_after_the_end_is_still_due():
    agreed = replace(PRICED, ends_on=date(2026, 3, 31), lines=(line(2, "milestone"),))
    assert only(agreed, money(1, "milestone", "500", date(2026, 4, 9), line_id=2, milestone_id=7)).amount == 500


def test_without_a_contract_work_is_blocked_and_the_rest_is_said_too():
    found = pieces(None, time(1), time(2, approval="draft"), time(3, approval="rejected"), time(4, chargeable=False))
    assert [(p.state, p.codes) for [p] in found] == [
        ("blocked", ("CONTRACT_MISSING",)),
        ("blocked", ("NOT_APPROVED",)),
        ("non_billable", ("REJECTED",)),
        ("non_billable", ("NON_BILLABLE",)),
    ]
    taxi = only(None, money(5, "expense", "31", currency="EUR"))
    assert (taxi.amount, taxi.currency) == (31, "EUR")


def test_negative_time_needs_its_original():
    assert codes(PRICED, time(1, "-2")) == ("blocked", ("NEGATIVE_UNMATCHED",), -280)


def test_a_negative_expense_needs_its_original_too():
    agreed = terms(lines=(line(1, "expense"),))
    assert codes(agreed, money(1, "expense", "-20"))[1] == ("NEGATIVE_UNMATCHED",)


def test_a_fall_below_what_is_billed_is_a_correction():
    less = time(1, "1", locked_minutes=d(120), locked_amount=d(280))
    assert codes(PRICED, less) == ("blocked", ("LATE_CHANGE",), -140)
    cheaper = time(1, "2", locked_minutes=d(60), locked_amount=d(300))
    assert codes(PRICED, cheaper) == ("blocked", ("LATE_CHANGE",), -20)


def test_wholly_locked_work_leaves_nothing_to_decide():
    assert pieces(PRICED, time(1, "1", locked_minutes=d(60), locked_amount=d(140))) == [()]


def test_a_milestone_without_proof_is_blocked_with_its_value():
    agreed = terms(lines=(line(2, "milestone"),))
    milestone = money(1, "milestone", "32000", line_id=2, milestone_id=5, evidence=False)
    assert codes(agreed, milestone) == ("blocked", ("MILESTONE_EVIDENCE",), 32000)
    assert codes(agreed, replace(milestone, evidence=True)) == ("billable", (), 32000)


def test_a_fee_or_milestone_must_name_a_line_of_this_version():
    assert codes(PRICED, money(1, "fee", "10", line_id=77)) == ("blocked", ("MAP_MISSING",), None)
    assert codes(PRICED, money(1, "fee", "10")) == ("blocked", ("MAP_MISSING",), None)


def test_a_fee_in_another_currency_waits_for_a_rate():
    agreed = terms(lines=(line(1, "fixed_schedule"),))
    assert codes(agreed, money(1, "fee", "10", currency="EUR", line_id=1)) == ("blocked", ("FX_MISSING",), None)


def test_work_without_a_quantity_is_named_and_stops_nothing_else():
    broken = replace(time(1), minutes=None)
    [[bad], [good]] = pieces(PRICED, broken, time(2))
    assert (bad.state, bad.codes, bad.amount, good.state) == ("blocked", ("RULE_ERROR",), None, "billable")
    assert codes(PRICED, replace(money(1, "fee", "1", line_id=1), amount=None))[1] == ("RULE_ERROR",)


def test_an_event_is_decided_once():
    with pytest.raises(ValueError, match="twice"):
        decide(PRICED, [time(1), time(1, on=date(2026, 5, 5))])


def test_included_work_has_no_value_and_keeps_its_rate_for_realisation():
    agreed = terms(lines=(line(1, "included"),), rates=RATES)
    piece = only(agreed, time(1, "2"))
    assert (piece.state, piece.codes, piece.amount, piece.minutes, piece.rate) == ("included", (), 0, 120, 140)


def test_included_work_needs_no_rate():
    assert only(terms(lines=(line(1, "included"),)), time(1)).state == "included"


def test_an_unmapped_entry_has_no_price():
    piece = only(terms(lines=(), rates=RATES), time(1))
    assert (piece.state, piece.codes, piece.amount, piece.line_id) == ("blocked", ("MAP_MISSING",), None, None)


def test_an_entry_of_no_minutes_is_worth_nothing():
    assert codes(PRICED, time(1, "0")) == ("billable", (), 0)


@pytest.mark.parametrize(
    "agreed",
    [
        None,
        PRICED,
        terms(),
        terms(rates=RATES, caps=(CapTerm(id=1, limit=d(100)),)),
        terms(lines=(line(1, "retainer_hours", included_minutes=d(30), overage_rate=d("33.333")),)),
    ],
)
def test_the_hash_is_that_of_event_pieces_and_trace(agreed: Terms | None):
    odd = replace(time(1, "1.01"), work_key='kan"ta\\ta:é:1', resource="Zoë “Z” O'Neil")
    for decision in decide(agreed, [odd, time(2, "3"), money(3, "expense", "1.50", evidence=False)]):
        facts = {
            "event": decision.event_id,
            "pieces": [piece_facts(piece) for piece in decision.pieces],
            "trace": decision.trace,
        }
        assert decision.content_hash == content_hash(facts)


def test_any_changed_figure_changes_the_hash():
    [before] = decide(PRICED, [time(1)])
    [after] = decide(PRICED, [time(1, "1.0001")])
    [elsewhere] = decide(replace(PRICED, version=2), [time(1)])
    assert len({before.content_hash, after.content_hash, elsewhere.content_hash}) == 3
