"""Hour buckets and prepaid balances: nothing is lost and nothing is used twice, whatever the terms and the use."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.retainers import Prepaid, close_month, draw_down, first_opening, next_opening, room
from billing.engine.schedule import next_month
from billing.engine.values import Line

JAN = date(2026, 1, 1)
some = settings(max_examples=200, deadline=None)
minutes = st.integers(0, 4000).map(Decimal)
maybe = st.none() | minutes
terms = st.builds(
    Line, id=st.just(1), number=st.just(1), method=st.just("retainer_hours"), included_minutes=minutes,
    unused=st.sampled_from(["forfeit", "rollover"]), carry_limit_minutes=maybe, carry_floor_minutes=maybe,
    carry_months=st.integers(1, 4),
    overage=st.sampled_from(["bill", "carry_deficit"]), deficit_limit_minutes=maybe,
)  # fmt: skip
cents = st.integers(0, 500_000).map(lambda n: Decimal(n) / 100)
balances = st.lists(
    st.builds(
        Prepaid, id=st.just(0), balance=cents, floor=st.just(Decimal(0)) | st.just(Decimal(-50)),
        priority=st.integers(0, 2), taxed=st.booleans(),
        expires_on=st.sampled_from([None, JAN, date(2026, 2, 1)]),
    ),
    max_size=4,
).map(lambda rows: [replace(row, id=at) for at, row in enumerate(rows, 1)])  # fmt: skip


@some
@given(terms, st.lists(minutes, min_size=1, max_size=14))
def test_every_minute_of_a_bucket_is_used_carried_owed_or_forfeited(line, used):
    opening, granted, burnt, forfeited = first_opening(line, JAN), Decimal(0), Decimal(0), Decimal(0)
    for worked in used:
        closing = close_month(line, opening, worked)
        covered = worked - closing.overage
        granted, burnt, forfeited = (
            granted + opening.fresh + closing.added,
            burnt + covered,
            forfeited + closing.forfeited,
        )
        assert granted == burnt + forfeited + closing.carried_out - closing.owed
        assert min(closing.overage, closing.forfeited, closing.carried_out, closing.owed) >= 0
        assert not (closing.owed and (closing.lots or closing.forfeited)), "nobody owes hours and has some"
        ceiling = line.carry_limit_minutes if line.carry_limit_minutes is not None else granted
        floor = line.carry_floor_minutes or 0 if line.unused == "rollover" and not closing.owed else 0
        assert floor <= closing.carried_out <= max(ceiling, floor)
        assert closing.owed <= (line.deficit_limit_minutes or 0) + max(Decimal(0), opening.owed - opening.fresh) or (
            line.overage == "carry_deficit" and line.deficit_limit_minutes is None
        )
        assert all(lot.until > opening.month for lot in closing.lots)
        opening = next_opening(line, closing, next_month(opening.month))


@some
@given(terms, st.lists(minutes, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_entries_in_a_month_moves_no_total(line, entries, random):
    def inside(parts):
        opening, taken = first_opening(line, JAN), Decimal(0)
        for worked in parts:
            covered = room(line, opening, taken)
            taken += worked if covered is None else min(worked, covered)
        return taken

    total = sum(entries, Decimal(0))
    closing = close_month(line, first_opening(line, JAN), total)
    assert inside(entries) == inside(random.sample(entries, len(entries))) == total - closing.overage


@some
@given(balances, cents, st.sampled_from(["0", "0.07", "0.19"]).map(Decimal))
def test_what_is_drawn_and_what_is_due_is_what_was_billed_and_no_floor_is_passed(rows, net, rate):
    gross = net + (net * rate).quantize(Decimal("0.01"))
    found = draw_down(rows, gross, date(2026, 1, 15), net=net)
    held = {row.id: row for row in rows}
    assert found.drawn + found.due == gross
    assert found.due >= 0
    for pk, drawn in found.draws:
        assert 0 < drawn <= held[pk].balance - held[pk].floor
        assert held[pk].expires_on != JAN, "that one has expired"
    untaxed = sum((drawn for pk, drawn in found.draws if not held[pk].taxed), Decimal(0))
    assert untaxed <= found.drawn
    if all(not row.taxed for row in rows):
        assert untaxed == found.drawn
