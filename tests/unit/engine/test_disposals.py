# mypy: disable-error-code="comparison-overlap, type-var, operator"
"""Work set aside before it is billed: split by hand, shared, and in its place in a decision (R17)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine import again
from billing.engine.decide import decide
from billing.engine.disposals import MISFIT, TooMuch, by_amount, by_minutes, lump, split
from billing.engine.facts import work_facts
from billing.engine.values import BilledPart, CapTerm, Disposal
from integration_hub.kernel.money import ZERO
from tests.unit.engine.build import brief, d, line, money, pieces, rate, terms, time

AT_160 = terms(rates=(rate(1, "160"),))


def off(pk, amount, minutes=None, at="160"):
    """An approved write-off."""
    rate_ = None if minutes is None else d(at)
    return Disposal(
        id=pk, state="written_off", amount=d(amount), minutes=None if minutes is None else d(minutes), rate=rate_
    )


def later(pk, minutes=None):
    return Disposal(id=pk, state="postponed", minutes=None if minutes is None else d(minutes))


def one(agreed, work):
    [found] = pieces(agreed, work)
    return found


def test_the_worked_example():  # 60 h at 160 = 9,600.00; 700.00 = 7.29 % is billed less: 8,900.00, 92.71 %
    taken = by_amount(d(3600), d(9600), d(700))
    assert taken.minutes == d("262.5000")
    [written, rest] = one(AT_160, time(1, "60", disposals=(off(1, "700", taken.minutes),)))
    assert (written.state, written.amount, written.codes) == ("written_off", 700, ())
    assert (rest.state, rest.amount, rest.minutes) == ("billable", 8900, d("3337.5"))
    assert (round(written.amount / 96, 2), round(rest.amount / 96, 2)) == (d("7.29"), d("92.71"))


def test_time_is_split_by_hand_into_three():  # 8 h at 151.37 = 1,210.96
    found = split(d(480), d("1210.96"), write_off=d(50), postpone=d(125))
    assert (found.written_off.amount, found.postponed.amount) == (d("126.141667"), d("315.354167"))
    assert found.billed.minutes == 305
    assert found.written_off.amount + found.postponed.amount + found.billed.amount == d("1210.96")
    assert split(d(480), d(800), write_off=d(60), bill=d(120)).postponed.minutes == 300, "what is not billed now waits"


def test_no_more_is_disposed_of_than_is_open():
    with pytest.raises(TooMuch, match="481 minutes are to be disposed of, 480 are open"):
        split(d(480), d(800), write_off=d(1), postpone=d(180), bill=d(300))
    with pytest.raises(TooMuch):
        by_amount(None, d(80), d("80.01"))
    with pytest.raises(TooMuch):
        lump(d("100.01"), [d(40), d(60)], "USD")


def test_a_lump_sum_goes_by_value_to_the_cent():
    assert lump(d("100"), [d("333.33"), d("333.33"), d("333.34")], "USD") == [d("33.33"), d("33.33"), d("33.34")]
    assert lump(d("0.02"), [d("0.004"), d("5")], "USD") == [d(0), d("0.02")]


@given(st.lists(st.decimals("0.01", "5000", places=6), min_size=1, max_size=9), st.integers(0, 100))
def test_a_lump_sum_always_adds_up_and_fits(values, percent):
    total = (sum(values) * percent / 100).quantize(d("0.01"), "ROUND_DOWN")
    parts = lump(total, values, "USD")
    assert sum(parts) == total
    assert all(0 <= part <= value for part, value in zip(parts, values, strict=True))


def test_what_is_set_aside_takes_no_room_under_a_limit():
    capped = replace(AT_160, caps=(CapTerm(id=5, limit=d(160)),))
    found = one(capped, time(1, "3", disposals=(off(1, "160", 60), later(2, 60))))
    assert brief(found) == [("written_off", 160), ("postponed", 160), ("billable", 160)]
    over = one(capped, time(1, "3", disposals=(off(1, "160", 60),)))
    assert brief(over) == [("written_off", 160), ("billable", 160), ("over_cap", 160)]


def test_what_waits_for_something_can_be_written_off_as_well():
    found = one(AT_160, time(1, "2", approval="submitted", disposals=(off(1, "160", 60),)))
    assert [(p.state, p.codes, p.amount) for p in found] == [
        ("written_off", (), 160), ("blocked", ("NOT_APPROVED",), 160),
    ]  # fmt: skip


def test_a_dearer_price_writes_off_no_more_than_was_approved():
    found = one(terms(rates=(rate(1, "200"),)), time(1, "3", disposals=(off(1, "160", 60),)))
    assert [(p.state, p.codes, p.amount) for p in found] == [
        ("written_off", (MISFIT,), 160), ("blocked", (MISFIT,), 40), ("billable", (), 400),
    ]  # fmt: skip


def test_less_work_writes_off_no_more_than_there_is():
    [piece] = one(AT_160, time(1, "0.5", disposals=(off(1, "160", 60),)))
    assert (piece.state, piece.codes, piece.amount, piece.minutes) == ("written_off", (MISFIT,), 80, 30)


def test_what_has_no_minutes_is_written_down_by_amount():
    fixed = terms(lines=(line(1, "milestone"),))
    found = one(fixed, money(1, "milestone", "900", line_id=1, disposals=(off(1, "120.50"),)))
    assert brief(found) == [("written_off", d("120.50")), ("billable", d("779.50"))]
    [piece] = one(fixed, money(1, "milestone", "100", line_id=1, disposals=(off(1, "120.50"),)))
    assert (piece.amount, piece.codes) == (100, (MISFIT,))


def test_the_rest_of_what_is_posted_stays_written_off():
    """45 min at 133.33, 7.00 written down: 41.8494 min are posted at what is left, and nothing more is decided."""
    agreed, value = terms(rates=(rate(1, "133.33"),)), d("99.9975")
    taken = by_amount(d(45), value, d(7))
    set_aside = (off(1, "7", taken.minutes, at="133.33"),)
    [written, rest] = one(agreed, time(1, "0.75", disposals=set_aside))
    assert written.amount + rest.amount == value
    part = BilledPart(
        piece_id=3, event_id=1, line_id=1, service_date=time(1).service_date, minutes=rest.minutes, rate=d("133.33"),
        amount=rest.amount, worked=d(45),
    )  # fmt: skip
    billed = time(
        1, "0.75", disposals=set_aside, billed=(part,), locked_minutes=rest.minutes, locked_amount=rest.amount
    )
    assert brief(one(agreed, billed)) == [("written_off", 7)]


def test_a_decision_about_it_can_be_made_again():
    work = time(1, "3", disposals=(off(4, "160", 60), later(5)))
    told = {"facts": work_facts(work), "filing": {"line": None, "resource": "r1", "role": "", "role_from": None}}
    event = again.Delivered(
        1, "T1", "time", work.service_date, None, None, "", "", d(180), None, "", "approved", True, True
    )
    assert again.work(event, told, (), None).disposals == work.disposals


@st.composite
def set_asides(draw):
    found = []
    for pk in range(1, draw(st.integers(1, 4)) + 1):
        minutes = draw(st.none() | st.decimals("0.0001", "700", places=4))
        if draw(st.booleans()):
            found.append(Disposal(id=pk, state="postponed", minutes=minutes))
        else:
            amount, at = draw(st.decimals("0.01", "2000", places=2)), draw(st.sampled_from([d("133.3300"), d(90)]))
            found.append(Disposal(id=pk, state="written_off", minutes=minutes or d(1), rate=at, amount=amount))
    return tuple(found)


@given(
    st.lists(st.tuples(st.decimals("0", "600", places=2), set_asides()), min_size=1, max_size=4),
    st.permutations(range(4)),
    st.sampled_from(["approved", "submitted"]),
    st.decimals("0", "900", places=2),
)
def test_the_parts_always_add_up_to_the_value(rows, order, approval, limit):
    """Whatever is set aside, under any limit and in whatever order it is handed in (the leakage identity)."""
    agreed = terms(rates=(rate(1, "133.33"),), caps=(CapTerm(id=1, limit=limit),))
    works = [
        time(pk, "0", minutes=minutes, disposals=aside, approval=approval)
        for pk, (minutes, aside) in enumerate(rows, 1)
    ]
    plain = [time(work.event_id, "0", minutes=work.minutes, approval=approval) for work in works]
    shuffled = [works[place] for place in order if place < len(works)]
    found = {one.event_id: one for one in decide(agreed, shuffled)}
    assert found == {one.event_id: one for one in decide(agreed, works)}
    for bare in decide(agreed, plain):
        here = found[bare.event_id].pieces
        assert total(here) == total(bare.pieces)
        assert sum((p.minutes or ZERO) for p in here) == sum((p.minutes or ZERO) for p in bare.pieces)
        approved = {one.id: one.amount for one in works[bare.event_id - 1].disposals if one.amount is not None}
        assert sum((p.amount for p in here if p.state == "written_off"), ZERO) <= sum(approved.values(), ZERO)
        assert all(p.amount >= 0 for p in here)
    spent = sum((p.amount for one in found.values() for p in one.pieces if p.state == "billable"), ZERO)
    assert spent <= limit


def total(found):
    return sum((piece.amount for piece in found), ZERO)


def test_all_minutes_take_all_of_the_value():
    assert by_minutes(d(7), d("0.000001"), d(7)).amount == d("0.000001")
