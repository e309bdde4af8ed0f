"""What is posted and would be billed otherwise now is credited whole and charged anew, once (R8, R9, R11)."""

from dataclasses import replace
from datetime import date

import pytest

from billing.engine.agreed import Tier
from billing.engine.decide import decide
from billing.engine.values import BilledPart, CapTerm, EligibilityRow, HoldTerm
from tests.unit.engine.build import d, line, money, pieces, rate, terms, time

JUL_1, JUL_9 = date(2026, 7, 1), date(2026, 7, 9)
PM_150 = rate(1, "150", role="pm", valid_to=JUL_1)
PM_165 = rate(2, "165", role="pm", start=JUL_1)


def posted(work, *parts, **more):
    """The work with posted pieces of (minutes, rate, amount) each, billed from this very version."""
    billed = tuple(
        BilledPart(
            piece_id=number,
            event_id=more.get("event_id", work.event_id),
            line_id=more.get("line_id", 1),
            service_date=more.get("service_date", work.service_date),
            role=work.role,
            minutes=None if minutes is None else d(minutes),
            rate=None if hourly is None else d(hourly),
            amount=d(amount),
            worked=more.get("worked", work.minutes),
            worth=more.get("worth"),
        )
        for number, (minutes, hourly, amount) in enumerate(parts, 501)
    )
    minutes = sum((part.minutes or d(0) for part in billed), d(0))
    amount = sum((part.amount for part in billed), d(0))
    return replace(work, billed=billed, locked_minutes=minutes, locked_amount=amount)


def july(**more):
    return posted(time(1, "22", JUL_9, role="pm"), (1320, "150", "3300"), **more)


def told(found):
    return [(p.state, p.corrects, p.minutes, p.rate, p.amount) for p in found]


def test_a_retroactive_price_is_a_credit_at_the_old_and_a_charge_at_the_new_one():
    [found] = pieces(terms(rates=(PM_150, PM_165)), july())
    assert told(found) == [
        ("billable", 501, d(-1320), d(150), d(-3300)),
        ("billable", None, d(1320), d(165), d(3630)),
    ]


def test_the_credit_gives_its_room_back_before_the_charge_is_cut():
    limit = CapTerm(id=4, limit=d(3500), used=d(3300))
    [found] = pieces(terms(rates=(PM_150, PM_165), caps=(limit,)), july())
    assert [(p.state, p.amount) for p in found] == [
        ("billable", d(-3300)),
        ("billable", d(3500)),
        ("over_cap", d(130)),
    ]


def test_all_credits_give_room_before_any_charge_takes_it():
    later = posted(time(2, "1", date(2026, 8, 3), role="pm"), (60, "150", "150"))
    later = replace(later, billed=(replace(later.billed[0], piece_id=502),))
    limit = CapTerm(id=4, limit=d(3800), used=d(3450))
    first, second = pieces(terms(rates=(PM_150, PM_165), caps=(limit,)), july(), later)
    assert [p.amount for p in first] == [d(-3300), d(3630)]
    assert [(p.state, p.amount) for p in second] == [("billable", d(-150)), ("billable", d(165))]


def test_what_did_not_change_is_left_alone():
    agreed = terms(rates=(PM_150, PM_165))
    june = posted(time(1, "22", date(2026, 6, 30), role="pm"), (1320, "150", "3300"))
    now = posted(time(2, "22", JUL_9, role="pm"), (1320, "165", "3630"))
    assert pieces(agreed, june, now) == [(), ()]


def test_a_cap_lowered_below_what_is_billed_credits_nothing():
    agreed = terms(rates=(PM_150,), caps=(CapTerm(id=4, limit=d(100), used=d(3300)),))
    assert pieces(agreed, posted(time(1, "22", date(2026, 6, 30), role="pm"), (1320, "150", "3300"))) == [()]


@pytest.mark.parametrize(
    "agreed",
    [
        terms(rates=()),
        terms(rates=(PM_165,), signed_on=None),
        terms(rates=(PM_165,), ends_on=date(2026, 7, 8)),
        terms(rates=(PM_165,), lines=(line(2), line(3))),
    ],
    ids=["no price", "not signed", "after the end", "its line is gone"],
)
def test_what_is_not_known_takes_nothing_back(agreed):
    assert pieces(agreed, july()) == [()]


def test_a_change_of_the_map_leaves_billed_work_where_it_was_billed():
    elsewhere = EligibilityRow(id=1, line_id=2)
    agreed = terms(lines=(line(1), line(2)), eligibility=(elsewhere,), rates=(rate(1, "150"),))
    assert pieces(agreed, posted(time(1, "2", JUL_9), (120, "150", "300"))) == [()]


def test_a_person_s_new_usual_role_does_not_reprice_what_was_billed():
    work = posted(time(1, "22", JUL_9, role="pm"), (1320, "165", "3630"))
    moved = replace(work, role="", resource_default_role="partner")
    assert pieces(terms(rates=(PM_165, rate(3, "400", role="partner"))), moved) == [()]


@pytest.mark.parametrize("effect", ["no_bill", "no_post"])
def test_a_hold_keeps_credit_and_charge_together(effect):
    hold = HoldTerm(id=1, scope="line", target="1", code="PM_HOLD", effect=effect)
    limit = CapTerm(id=4, limit=d(9000), used=d(3300))
    [found] = pieces(terms(rates=(PM_165,), holds=(hold,), caps=(limit,)), july())
    state = "held" if effect == "no_bill" else "billable"
    assert [(p.state, p.amount) for p in found] == [(state, d(-3300)), (state, d(3630))]


def test_a_hold_on_the_line_it_was_billed_under_keeps_the_charge_on_the_other_line_as_well():
    lines = (line(1), line(2))
    rules = (EligibilityRow(id=1, line_id=2),)
    hold = HoldTerm(id=1, scope="line", target="1", code="PM_HOLD")
    moved = july(event_id=99)
    [found] = pieces(terms(lines=lines, eligibility=rules, rates=(PM_165,), holds=(hold,)), moved)
    assert [(p.state, p.line_id) for p in found] == [("held", 1), ("held", 2)]


def test_less_time_is_a_whole_credit_and_a_charge_at_the_price_of_its_day():
    """5 h at 188 posted, reduced to 3.5 h: the price of its day counts, not the one of today (R11)."""
    card = (rate(1, "188", valid_to=JUL_1), rate(2, "194", start=JUL_1))
    now = posted(time(7, "3.5", date(2026, 6, 4)), (300, "188", "940"), event_id=6, worked=d(300))
    [found] = pieces(terms(rates=card), now)
    assert [p.amount for p in found] == [d(-940), d(658)]


def test_another_day_is_another_charge_and_another_wording_is_not():
    moved = july(event_id=99, service_date=date(2026, 7, 8))
    reworded = july(event_id=99)
    card = terms(rates=(rate(1, "150", role="pm"),))
    assert [p.amount for p in pieces(card, moved)[0]] == [d(-3300), d(3300)]
    assert pieces(card, reworded) == [()]


def test_withdrawn_work_is_credited_and_not_charged():
    accepted = posted(money(1, "milestone", "32000", line_id=1), (None, None, "32000"), worth=d(32000))
    agreed = terms(lines=(line(1, "milestone"),))
    assert pieces(agreed, accepted) == [()]
    [found] = pieces(agreed, replace(accepted, withdrawn=True))
    assert told(found) == [("billable", 501, None, None, d(-32000))]


def test_a_new_value_of_a_milestone_credits_all_of_the_old_one():
    accepted = posted(
        money(2, "milestone", "30720", line_id=1), (None, None, "32000"), worth=d(32000), event_id=1
    )  # fmt: skip
    [found] = pieces(terms(lines=(line(1, "milestone"),)), accepted)
    assert [p.amount for p in found] == [d(-32000), d(30720)]


def test_an_expense_cut_by_a_cap_is_compared_at_its_whole_worth():
    agreed = terms(
        lines=(line(1, "expense", expense_rule="markup", markup_percent=d(10)),),
        caps=(CapTerm(id=4, line_id=1, limit=d(300), used=d(300)),),
    )
    cut = posted(money(1, "expense", "500"), (None, None, "300"), worth=d(550))
    assert [(p.state, p.amount) for p in pieces(agreed, cut)[0]] == [("over_cap", d(250))]
    at_cost = replace(agreed, lines=(line(1, "expense", expense_rule="at_cost"),))
    assert [(p.state, p.amount) for p in pieces(at_cost, cut)[0]] == [
        ("billable", d(-300)),
        ("billable", d(300)),
        ("over_cap", d(200)),
    ]


def test_work_that_became_included_is_credited():
    included = terms(lines=(line(1, "included"),), rates=(PM_165,))
    [found] = pieces(included, july())
    assert [(p.state, p.amount) for p in found] == [("billable", d(-3300)), ("included", d(0))]


def test_a_refused_version_is_credited_and_an_unapproved_one_too_and_waits():
    agreed = terms(rates=(PM_150, PM_165))
    refused = replace(july(event_id=99), approval="rejected")
    assert [(p.state, p.amount) for p in pieces(agreed, refused)[0]] == [
        ("billable", d(-3300)),
        ("non_billable", d(0)),
    ]
    assert [(p.state, p.amount, p.codes) for p in pieces(agreed, replace(refused, approval="submitted"))[0]] == [
        ("billable", d(-3300), ()),
        ("blocked", d(3630), ("NOT_APPROVED",)),
    ]


def test_the_trace_says_what_is_different():
    [decision] = decide(terms(rates=(PM_165,)), [july()])
    assert decision.trace["correction"] == {
        "because": [{"what": "rate", "was": "150", "now": "165"}],
        "credited": [{"piece": 501, "amount": "3300"}],
    }


def changed(mode, old="150", new="165", **more):
    """Work of July posted at the old price, which became the new one in this way."""
    row = rate(2, new, role="pm", start=JUL_1, retro=mode)
    work = july() if old == "150" else posted(time(1, "22", JUL_9, role="pm"), (1320, old, str(22 * int(old))))
    return terms(rates=(PM_150, row), **more), work


def differences(found):
    return [(p.state, p.adjusts, p.minutes, p.amount) for p in found]


def test_a_difference_is_billed_beside_what_stays_posted():
    agreed, work = changed("delta")
    [found] = decide(agreed, [work])
    assert differences(found.pieces) == [("billable", 501, None, d(330))]
    assert found.trace["retro"] == {
        "agreed": "delta", "applied": "delta", "now": "165", "parts": [{"piece": 501, "was": "150", "short": "330"}],
    }  # fmt: skip


def test_a_difference_is_billed_once_and_what_a_limit_cut_of_it_waits():
    agreed, work = changed("delta", caps=(CapTerm(id=4, limit=d(3500), used=d(3300)),))
    [found] = pieces(agreed, work)
    assert differences(found) == [("billable", 501, None, d(200)), ("over_cap", 501, None, d(130))]
    sent = replace(work, locked_amount=d(3500), billed=(replace(work.billed[0], adjusted=d(200), moving=True),))
    full = replace(agreed, caps=(CapTerm(id=4, limit=d(3500), used=d(3500)),))
    assert differences(pieces(full, sent)[0]) == [("over_cap", 501, None, d(130))]
    whole = replace(work, locked_amount=d(3630), billed=(replace(work.billed[0], adjusted=d(330)),))
    assert pieces(agreed, whole) == [()]


@pytest.mark.parametrize(("mode", "because"), [("delta", "the price falls"), ("reverse_and_rebill", "")])
def test_a_price_that_falls_is_credited_whole_and_charged_anew(mode, because):
    agreed, work = changed(mode, new="140")
    [found] = decide(agreed, [work])
    assert [p.amount for p in found.pieces] == [d(-3300), d(3080)]
    assert found.trace["retro"]["applied"] == "reverse_and_rebill"
    assert found.trace["retro"].get("because", "") == because


def test_a_fall_after_a_difference_credits_both_and_not_before_that_is_posted():
    agreed, work = changed("delta", new="155")
    sent = replace(work, locked_amount=d(3630), billed=(replace(work.billed[0], adjusted=d(330), moving=True),))
    [waiting] = decide(agreed, [sent])
    assert (waiting.pieces, waiting.trace["retro"]["applied"]) == ((), "later")
    difference = replace(work.billed[0], piece_id=502, minutes=None, rate=None, amount=d(330), adjusts=501)
    both = replace(sent, billed=(replace(work.billed[0], adjusted=d(330)), difference))
    assert told(pieces(agreed, both)[0]) == [
        ("billable", 501, d(-1320), d(150), d(-3300)),
        ("billable", 502, None, None, d(-330)),
        ("billable", None, d(1320), d(155), d(3410)),
    ]


@pytest.mark.parametrize(("new", "claim"), [("165", "330"), ("140", "-220")])
def test_posted_work_keeps_its_price_and_the_difference_stays_in_sight(new, claim):
    agreed, work = changed("prospective", new=new)
    open_work = time(2, "1", JUL_9, role="pm")
    first, second = pieces(agreed, work, open_work)
    assert [(p.state, p.codes, p.adjusts, p.amount) for p in first] == [
        ("non_billable", ("RETRO_CLAIM",), 501, d(claim))
    ]
    assert [(p.state, p.rate) for p in second] == [("billable", d(new))]


@pytest.mark.parametrize("mode", ["delta", "prospective"])
def test_work_that_changed_itself_is_credited_whatever_is_agreed_on_prices(mode):
    agreed, _ = changed(mode)
    [found] = pieces(agreed, july(event_id=99, worked=d(1200)))
    assert [p.amount for p in found] == [d(-3300), d(3630)]


def test_the_contract_says_what_a_price_does_that_does_not_say_it_itself():
    agreed, work = changed(None)
    [found] = pieces(replace(agreed, retro_mode="delta"), work)
    assert differences(found) == [("billable", 501, None, d(330))]


def test_a_hold_keeps_a_difference_back_as_well():
    hold = HoldTerm(id=1, scope="line", target="1", code="PM_HOLD")
    agreed, work = changed("delta", holds=(hold,))
    assert differences(pieces(agreed, work)[0]) == [("held", 501, None, d(330))]


def test_a_tiered_line_is_credited_whole_because_its_hours_have_several_prices():
    tiered = line(1, tiers=(Tier(beyond=d(9000), hourly=d(90)),))
    agreed, work = changed("delta", lines=(tiered,))
    assert [p.amount for p in pieces(agreed, work)[0]] == [d(-3300), d(3630)]
