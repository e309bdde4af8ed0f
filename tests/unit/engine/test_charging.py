"""Whether work is charged: by a table that people edit, which leaves alone what is billed."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine import charging
from billing.engine.agreed import ExpenseTerm, Increment, Tier
from billing.engine.decide import decide
from billing.engine.values import BilledPart, Settled, Work
from integration_hub.rules import checks, tables
from integration_hub.rules.tables import RuleSpec
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

RATES = (rate(1, "150"),)


def ruled(*rules, **agreed):
    """Terms under these rules, before those delivered."""
    own = [RuleSpec(condition, {"answer": answer}) for condition, answer in rules]
    table = tables.compiled(charging.KIND, [*own, *charging.KIND.delivered], version=3)
    return terms(rates=RATES, charging=table, **agreed)


def part(event_id, amount, hourly):
    return BilledPart(piece_id=501, event_id=event_id, line_id=1, service_date=date(2026, 2, 2), minutes=d(60),
                      rate=d(hourly), amount=d(amount), worked=d(60))  # fmt: skip


def test_the_delivered_rules_pass_their_own_checks():
    report = checks.check(charging.KIND, charging.KIND.delivered)
    assert (report.problems, report.proven) == ((), True)


def test_rules_decide_by_what_the_work_is():
    agreed = ruled(("category == 'Travel'", "non_chargeable"), ("task == 'INT'", "included"))
    assert brief(pieces(agreed, time(1, category="Travel"))[0]) == [("non_billable", d(0))]
    assert brief(pieces(agreed, time(1, task_code="INT"))[0]) == [("included", d(0))]
    assert brief(pieces(agreed, time(1))[0]) == [("billable", d(150))]


def test_the_trace_says_which_rule_it_was():
    [decision] = decide(ruled(("task == 'INT'", "included")), [time(1, task_code="INT")])
    assert decision.trace["charge"] == {
        "answer": "included", "table": "billing.chargeability", "version": 3, "rule": 1, "note": "",
    }  # fmt: skip
    [decision] = decide(terms(rates=RATES), [time(1)])
    assert (decision.trace["charge"]["version"], decision.trace["charge"]["note"]) == (0, "Agreed")


def test_complimentary_time_is_printed_at_nothing_and_uses_up_no_limit():
    piece = only(ruled(("true", "complimentary")), time(1, "2"))
    assert (piece.state, piece.minutes, piece.rate, piece.amount, piece.cap_id) == (
        "billable",
        d(120),
        d(0),
        d(0),
        None,
    )
    retainer = ruled(("task == 'GIFT'", "complimentary"), lines=(line(1, "retainer_hours", included_minutes=d(60)),))
    gift, work = pieces(retainer, time(1, task_code="GIFT"), time(2))
    assert brief(gift) == [("billable", d(0))]
    assert brief(work) == [("included", d(0))], "the bucket is whole"


def test_complimentary_time_makes_no_other_time_cheaper():
    tiered = line(1, tiers=(Tier(beyond=d(60), hourly=d(100)),))
    agreed = ruled(("task == 'GIFT'", "complimentary"), lines=(tiered,))
    gift, work = pieces(agreed, time(1, task_code="GIFT"), time(2, "2"))
    assert brief(gift) == [("billable", d(0))]
    assert brief(work) == [("billable", d(150)), ("billable", d(100))]
    [credited, anew] = pieces(agreed, locked(time(1, "0.5"), replace(part(9, "0", "0"), worked=d(60))), time(2))
    assert brief(credited) == [("billable", d(0)), ("billable", d(75))]
    assert brief(anew) == [("billable", d(75)), ("billable", d(50))], "what was given is not given back"


def test_nothing_but_time_is_complimentary():
    agreed = ruled(("true", "complimentary"), lines=(line(1, "expense"),))
    assert only(agreed, money(1, "expense", "10")).codes == ("RULE_ERROR",)
    agreed = replace(agreed, lines=(line(1, "usage"),))
    assert only(agreed, units(1, "10")).codes == ("RULE_ERROR",)


def test_rules_charge_units_and_a_fixed_price_covers_them():
    agreed = replace(ruled(("task == 'free'", "non_chargeable")), lines=(line(1, "usage"),))
    agreed = replace(agreed, rates=(rate(1, "2", unit="item"),))
    assert brief(pieces(agreed, units(1, "10"))[0]) == [("billable", d(20))]
    assert brief(pieces(agreed, units(1, "10", task_code="free"))[0]) == [("non_billable", d(0))]
    fixed = replace(agreed, lines=(line(1, "included"),))
    assert brief(pieces(fixed, units(1, "10", line_id=1))[0]) == [("included", d(0))]


def test_rules_see_how_expenses_of_the_category_are_charged():
    costs = line(1, "expense", expenses=(ExpenseTerm(category="meals", method="non_billable"), ExpenseTerm()))
    agreed = ruled(("kind == 'expense' && expense_rule == 'disbursement'", "included"), lines=(costs,))
    assert brief(pieces(agreed, money(1, "expense", "10", category="meals"))[0]) == [("non_billable", d(0))]
    assert brief(pieces(agreed, money(1, "expense", "10", category="taxi"))[0]) == [("billable", d(10))]
    passed_on = replace(agreed, lines=(replace(costs, expenses=(ExpenseTerm(method="disbursement"),)),))
    assert brief(pieces(passed_on, money(1, "expense", "10"))[0]) == [("included", d(0))]


def units(event_id, quantity, **kwargs):
    return Work(
        event_id=event_id, work_key=f"U{event_id}", kind="usage", service_date=date(2026, 2, 2), quantity=d(quantity),
        **kwargs,
    )  # fmt: skip


def test_a_rule_may_charge_what_its_source_does_not():
    assert brief(pieces(terms(rates=RATES), time(1, chargeable=False))[0]) == [("non_billable", d(0))]
    agreed = ruled(("category == 'Travel'", "chargeable"))
    assert brief(pieces(agreed, time(1, category="Travel", chargeable=False))[0]) == [("billable", d(150))]


def test_rules_may_turn_on_a_day():
    agreed = ruled(('service_date >= "2026-02-10" && service_date <= "2026-02-11"', "non_chargeable"))
    days = [time(n, on=date(2026, 2, n)) for n in (9, 10, 11, 12)]
    states = [found[0].state for found in pieces(agreed, *days)]
    assert states == ["billable", "non_billable", "non_billable", "billable"]


def locked(work, billed):
    return replace(work, locked_minutes=d(60), locked_amount=billed.amount, billed=(billed,))


@pytest.mark.parametrize("answer", ["non_chargeable", "included", "complimentary"])
def test_what_is_billed_stays_as_it_was_charged(answer):
    assert pieces(ruled(("true", answer)), locked(time(1), part(1, "150", "150"))) == [()]


def test_what_was_printed_at_nothing_is_not_charged_later():
    assert pieces(terms(rates=RATES), locked(time(1), part(1, "0", "0"))) == [()]


def test_a_later_version_of_billed_work_is_charged_by_the_rules_in_force():
    [found] = pieces(ruled(("true", "non_chargeable")), locked(time(2), part(1, "150", "150")))
    assert brief(found) == [("billable", d(-150)), ("non_billable", d(0))]


def test_a_contract_that_waits_is_not_decided_by_the_table():
    assert only(None, time(1, chargeable=False)).state == "non_billable"
    assert only(None, time(1)).codes == ("CONTRACT_MISSING",)


FREE = st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["GIFT", "OWN"]), st.booleans()), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=4), FREE, st.sampled_from(["day", "task"]), st.randoms())
def test_time_that_is_for_free_uses_up_nothing_of_the_day_that_others_pay(paid, free, pool, random):
    """Whatever is given away beside it, and whether it is billed already: what is charged stays the same."""
    rounded = line(1, increment=Increment(unit=d(15), pool=pool))
    rules = (("task == 'GIFT'", "complimentary"), ("task == 'OWN'", "non_chargeable"))
    agreed = ruled(*rules, lines=(rounded,))
    works = [time(n, minutes=d(minutes)) for n, minutes in enumerate(paid, 1)]
    alone = {found.event_id: found.pieces for found in decide(agreed, works)}
    gifts = [time(50 + n, minutes=d(m), task_code=task) for n, (m, task, locked) in enumerate(free) if not locked]
    given_before = tuple(
        Settled(event_id=90 + n, line_id=1, resource="r1", on=works[0].service_date, task_code="", worked=d(m),
                charged=d(m), gratis=True)
        for n, (m, _, locked) in enumerate(free) if locked
    )  # fmt: skip
    both = works + gifts
    random.shuffle(both)
    found = {row.event_id: row.pieces for row in decide(replace(agreed, settled=given_before), both)}
    assert {event: pieces for event, pieces in found.items() if event < 50} == alone
    assert all(sum(piece.amount for piece in found[gift.event_id]) == 0 for gift in gifts)


@pytest.mark.parametrize("method", ["milestone", "progress"])
def test_time_on_a_line_with_a_fixed_price_is_covered_by_it(method):
    """A table of an own version knows milestones alone; progress is told to it as such."""
    table = tables.compiled(charging.KIND, charging.KIND.delivered, version=3)
    agreed = terms(rates=RATES, charging=table, lines=(line(method=method, amount=d(9000)),))
    work = replace(time(1), line_id=1)
    assert brief(pieces(agreed, work)[0]) == [("included", d(0))]
