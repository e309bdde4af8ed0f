"""A decision can be made again by itself: from its terms as JSON, its event and its trace, to the same bytes."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from billing.engine import again, recorded
from billing.engine.agreed import ExpenseTerm, Increment, Premium, Tier
from billing.engine.decide import decide
from billing.engine.values import BilledPart, CapTerm, Line, RateRow, Terms, Work
from integration_hub.kernel.money import Quote
from tests.unit.engine.test_properties import agreements, some, works

JAN = date(2026, 1, 5)
LINE = Line(id=1, number=1, method="tm")
PRICE = RateRow(id=1, scope="contract", currency="USD", rate=Decimal(120), valid_from=JAN)
TERMS = Terms(contract_id=1, version=1, currency="USD", signed_on=JAN, lines=(LINE,), rates=(PRICE,))


def stored(work):
    """What the event of a work keeps of it."""
    return again.Delivered(
        event_id=work.event_id,
        work_key=work.work_key,
        kind=work.kind,
        service_date=work.service_date,
        project_id=work.project_id,
        milestone_id=work.milestone_id,
        task_code=work.task_code,
        category=work.category,
        minutes=work.minutes,
        amount=work.amount,
        currency=work.currency,
        approval=work.approval,
        chargeable=work.chargeable,
        evidence=work.evidence,
    )


def made_again(agreed, work, decision):
    """The decision from what is kept: nothing of the others."""
    kept = recorded.load(json.loads(recorded.dump(recorded.agreed(agreed))))
    trace = json.loads(decision.text)
    named = [fact["id"] for fact in trace.get("holds", ())]
    known = again.work(stored(work), trace, work.billed, work.fx)
    if again.stands_alone(trace):
        return decide(kept, [known])[0]
    holds = [hold for hold in agreed.holds if hold.id in named]
    return decide(again.terms(kept, trace, known, holds), [known])[0]


def check(agreed, delivered):
    by_id = {work.event_id: work for work in delivered}
    for decision in decide(agreed, delivered):
        found = made_again(agreed, by_id[decision.event_id], decision)
        assert (found.text, found.pieces, found.content_hash) == (
            decision.text,
            decision.pieces,
            decision.content_hash,
        )


@some
@given(agreements(), works())
def test_any_decision_of_many_comes_out_again_by_itself(agreed, delivered):
    check(agreed, delivered)


@some
@given(agreements())
def test_terms_come_back_as_they_were(agreed):
    assert recorded.load(json.loads(recorded.dump(agreed))) == agreed


def test_a_field_that_is_new_since_is_read_as_its_default():
    facts = json.loads(recorded.dump(TERMS))
    del facts["lines"][0]["carry_months"], facts["fx_max_age_days"]
    assert recorded.load(facts) == TERMS


def test_terms_without_what_they_must_have_are_refused():
    facts = json.loads(recorded.dump(TERMS))
    del facts["currency"]
    with pytest.raises(KeyError, match="currency"):
        recorded.load(facts)


def test_what_moves_with_the_work_is_not_part_of_what_was_agreed():
    used = replace(TERMS, caps=(CapTerm(id=1, limit=Decimal(100), used=Decimal(40)),))
    other = replace(TERMS, caps=(CapTerm(id=1, limit=Decimal(100), used=Decimal(70)),))
    assert recorded.dump(recorded.agreed(used)) == recorded.dump(recorded.agreed(other))


@pytest.mark.parametrize("period", ["total", "month"])
def test_a_correction_under_a_limit_comes_out_again(period):
    used = {"used": Decimal(900)} if period == "total" else {"used_in": ((date(2026, 1, 1), Decimal(900)),)}
    cap = CapTerm(id=1, period=period, limit=Decimal(1000), **used)
    part = BilledPart(
        piece_id=7, event_id=5, line_id=1, service_date=JAN, role="", minutes=Decimal(300), rate=Decimal(100),
        amount=Decimal(500), worked=Decimal(300),
    )  # fmt: skip
    billed = Work(
        event_id=5, work_key="T5", kind="time", service_date=JAN, minutes=Decimal(300), billed=(part,),
        locked_minutes=Decimal(300), locked_amount=Decimal(500),
    )  # fmt: skip
    fresh = Work(event_id=6, work_key="T6", kind="time", service_date=JAN, minutes=Decimal(60))
    check(replace(TERMS, caps=(cap,)), [billed, fresh])


def test_withdrawn_work_and_work_that_stays_billed_come_out_again():
    part = BilledPart(
        piece_id=7, event_id=5, line_id=1, service_date=JAN, minutes=Decimal(60), rate=Decimal(120),
        amount=Decimal(120), worked=Decimal(60),
    )  # fmt: skip
    gone = Work(
        event_id=5, work_key="T5", kind="time", service_date=JAN, minutes=Decimal(60), billed=(part,),
        locked_minutes=Decimal(60), locked_amount=Decimal(120), withdrawn=True,
    )  # fmt: skip
    stays = replace(gone, event_id=6, withdrawn=False, minutes=Decimal(90), billed=(replace(part, event_id=6),))
    check(TERMS, [gone, stays])


def test_what_is_agreed_beside_rates_comes_out_again():
    rule = Increment(unit=Decimal(15), pool="day")
    priced = Line(
        id=1, number=1, method="tm", increment=rule, premiums=(Premium(category="late", factor=Decimal("1.5")),),
        tiers=(Tier(beyond=Decimal(70), hourly=Decimal(90)),),
    )  # fmt: skip
    costs = Line(
        id=2, number=2, method="expense",
        expenses=(ExpenseTerm(method="markup", percent=Decimal(5), tax_rate=Decimal("0.19"), limit=Decimal(9)),),
    )  # fmt: skip
    euros = RateRow(id=1, scope="contract", currency="EUR", rate=Decimal(100), valid_from=JAN)
    agreed = replace(
        TERMS, lines=(priced, costs), rates=(euros,), quotes=(("EUR", (Quote(Decimal("1.1"), JAN),)),),
        tier_use=((1, Decimal(15)),), time_bar_days=20,
    )  # fmt: skip
    delivered = [
        Work(event_id=n, work_key=f"T{n}", kind="time", service_date=JAN, minutes=Decimal(minutes), category=category,
             resource="ann", line_id=1, recorded_on=date(2026, 1, day))
        for n, minutes, category, day in ((1, 7, "", 5), (2, 22, "late", 6), (3, 49, "", 7), (4, 5, "", 30))
    ]  # fmt: skip
    delivered += [
        Work(event_id=n, work_key=f"E{n}", kind="expense", service_date=JAN, amount=Decimal(amount), currency="USD",
             taxed=taxed, quantity=units, line_id=2)
        for n, amount, taxed, units in ((5, "23.80", True, Decimal(3)), (6, "44", False, None))
    ]  # fmt: skip
    check(agreed, delivered)
    assert recorded.load(json.loads(recorded.dump(agreed))) == agreed


def test_time_that_was_given_and_is_charged_now_comes_out_again():
    tiered = replace(LINE, tiers=(Tier(beyond=Decimal(60), hourly=Decimal(90)),))
    given = BilledPart(piece_id=4, event_id=1, line_id=1, service_date=JAN, minutes=Decimal(60), rate=Decimal(0),
                       amount=Decimal(0), worked=Decimal(60))  # fmt: skip
    longer = Work(event_id=2, work_key="T1", kind="time", service_date=JAN, minutes=Decimal(90), line_id=1,
                  locked_minutes=Decimal(60), billed=(given,))  # fmt: skip
    check(replace(TERMS, lines=(tiered,)), [longer])
