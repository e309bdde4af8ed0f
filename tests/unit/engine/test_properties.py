"""What must hold for all terms and all work, not only for the worked examples."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.engine.caps import CapBook
from billing.engine.decide import decide
from billing.engine.documents import BilledPiece, Room, print_lines, share_tax
from billing.engine.notation import piece_facts
from billing.engine.pricing import time_value
from billing.engine.revenue import straight_line
from billing.engine.schedule import instalments, monthly
from billing.engine.values import (
    CapTerm,
    EligibilityRow,
    HoldTerm,
    Line,
    RateRow,
    RetainerUse,
    Terms,
    Work,
)
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import Quote, round_money

JAN = date(2026, 1, 1)
ROLES, PEOPLE, TASKS = ["", "pm", "architect"], ["r1", "r2"], ["", "design"]
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.integers(0, 120).map(lambda n: JAN + timedelta(days=n))
money = st.decimals("0", "30000", places=2)
rates = st.decimals("0.01", "999", places=4)
minutes = st.decimals("0", "900", places=2)


def numbered(rows):
    return tuple(replace(row, id=number) for number, row in enumerate(rows, 1))


@st.composite
def rate_rows(draw):
    start = draw(days)
    return RateRow(
        id=0,
        scope=draw(st.sampled_from(["contract", "customer", "legal_entity"])),
        role=draw(st.sampled_from(ROLES)),
        resource=draw(st.sampled_from(["", *PEOPLE])),
        item=draw(st.sampled_from(TASKS)),
        currency=draw(st.sampled_from(["USD", "USD", "EUR"])),
        unit=draw(st.sampled_from(["hour", "hour", "day", "item"])),
        rate=draw(rates),
        valid_from=start,
        valid_to=draw(st.none() | st.integers(1, 90).map(lambda n: start + timedelta(days=n))),
    )


@st.composite
def lines(draw):
    method = draw(st.sampled_from(["tm", "retainer_hours", "expense", "included", "milestone", "fixed_schedule"]))
    return Line(
        id=0,
        number=1,
        method=method,
        included_minutes=draw(st.none() | minutes),
        overage_rate=draw(st.none() | rates),
        unused=draw(st.sampled_from(["forfeit", "rollover"])),
        carry_limit_minutes=draw(st.none() | minutes),
        carry_months=draw(st.integers(1, 3)),
        overage=draw(st.sampled_from(["bill", "bill", "carry_deficit"])),
        deficit_limit_minutes=draw(st.none() | minutes),
        ends_on=draw(st.none() | days),
        expense_rule=draw(st.sampled_from(["", "at_cost", "markup", "non_billable"])),
        markup_percent=draw(st.none() | st.decimals("0", "40", places=2)),
        status=draw(st.sampled_from(["active", "active", "suspended", "ended"])),
    )


@st.composite
def agreements(draw):
    agreed = numbered(draw(st.lists(lines(), min_size=1, max_size=4)))
    ids = st.sampled_from([line.id for line in agreed])
    caps = st.builds(
        CapTerm, id=st.just(0), line_id=st.none() | ids, kind=st.sampled_from(["hard", "hard", "soft"]), limit=money,
        used=money, includes_expenses=st.booleans(),
    )  # fmt: skip
    rules = st.builds(
        EligibilityRow, id=st.just(0), kind=st.sampled_from(["time", "time", "expense"]), role=st.sampled_from(ROLES),
        task_code=st.sampled_from(TASKS), line_id=st.none() | ids,
        chargeability=st.sampled_from(["chargeable", "chargeable", "included", "non_chargeable"]),
    )  # fmt: skip
    holds = st.builds(
        HoldTerm, id=st.just(0), scope=st.sampled_from(["event", "line", "project"]),
        target=st.sampled_from(["T1", "T2", "1", "2"]), code=st.sampled_from(["PM_HOLD", "PO_AWAITED"]),
        effect=st.sampled_from(["no_bill", "no_post"]),
    )  # fmt: skip
    use = st.builds(RetainerUse, line_id=ids, period_start=days, used_minutes=minutes)
    return Terms(
        contract_id=1,
        version=draw(st.integers(1, 3)),
        currency="USD",
        signed_on=draw(st.sampled_from([JAN, JAN, JAN, None])),
        starts_on=draw(st.none() | st.just(JAN)),
        ends_on=draw(st.none() | days),
        rate_precedence=draw(st.sampled_from(["scope_then_specificity", "specificity_then_scope"])),
        lines=agreed,
        rates=numbered(draw(st.lists(rate_rows(), max_size=8))),
        caps=numbered(draw(st.lists(caps, max_size=3))),
        eligibility=numbered(draw(st.lists(rules, max_size=4))),
        holds=numbered(draw(st.lists(holds, max_size=2))),
        retainer_use=tuple(draw(st.lists(use, max_size=2))),
    )


@st.composite
def deliveries(draw):
    kind = draw(st.sampled_from(["time", "time", "time", "expense", "milestone", "fee"]))
    timed = kind == "time"
    return Work(
        event_id=0,
        work_key=draw(st.sampled_from(["T1", "T2", "T3"])),
        kind=kind,
        service_date=draw(days),
        start_order=draw(st.integers(0, 2)),
        project_id=draw(st.sampled_from([None, 1, 2])),
        line_id=draw(st.sampled_from([None, None, 1]))
        if timed or kind == "expense"
        else draw(st.sampled_from([None, 1, 2])),
        resource=draw(st.sampled_from(PEOPLE)),
        role=draw(st.sampled_from(ROLES)),
        resource_default_role=draw(st.sampled_from(ROLES)),
        task_code=draw(st.sampled_from(TASKS)),
        minutes=draw(minutes | st.just(Decimal(-30))) if timed else None,
        amount=None if timed else draw(money | st.just(Decimal(-5))),
        currency="" if timed else draw(st.sampled_from(["USD", "USD", "GBP"])),
        approval=draw(st.sampled_from(["approved", "approved", "approved", "submitted", "rejected"])),
        chargeable=draw(st.sampled_from([True, True, True, False])),
        fx=draw(st.none() | st.just(Quote(Decimal("1.27"), date(2026, 1, 5)))),
        evidence=draw(st.booleans()),
    )


@st.composite
def works(draw):
    return [replace(work, event_id=number) for number, work in enumerate(draw(st.lists(deliveries(), max_size=12)), 1)]


@some
@given(agreements(), works(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter_and_a_second_run_says_the_same(agreed, delivered, random):
    first = decide(agreed, delivered)
    shuffled = {
        name: tuple(random.sample(rows, len(rows)))
        for name in ("lines", "rates", "caps", "eligibility", "retainer_use", "holds")
        for rows in [getattr(agreed, name)]
    }
    assert decide(replace(agreed, **shuffled), random.sample(delivered, len(delivered))) == first
    assert [d.event_id for d in first] == [
        w.event_id for w in sorted(delivered, key=lambda w: (w.service_date, w.start_order, w.event_id))
    ]


def no_minute_and_no_cent_is_lost(agreed, delivered, decisions):
    by_id = {work.event_id: work for work in delivered}
    for decision in decisions:
        work = by_id[decision.event_id]
        if work.minutes is not None:
            assert sum(piece.minutes for piece in decision.pieces) == work.minutes
        charged = [piece for piece in decision.pieces if piece.state in ("billable", "over_cap", "held")]
        if work.kind == "time" and charged and charged[0].rate is not None:
            inside = sum(piece.minutes for piece in decision.pieces if piece not in charged)
            value = time_value(work.minutes - inside, charged[0].rate)
            assert sum(piece.amount for piece in charged) == value
        if work.kind in ("milestone", "fee") and charged and work.currency == "USD":
            assert sum(piece.amount for piece in charged) == work.amount


def no_piece_is_priced_by_chance(agreed, delivered, decisions):
    for decision in decisions:
        for piece in decision.pieces:
            assert piece.state not in ("billable", "over_cap") or (piece.amount is not None and piece.line_id)
            assert bool(piece.codes) == (piece.state in ("blocked", "held", "non_billable", "over_cap"))
            assert piece.state not in ("included", "non_billable") or piece.amount == 0
            assert (piece.state == "over_cap") <= (piece.cap_id is not None)


def hard_caps_are_never_passed(agreed, delivered, decisions):
    kinds = {work.event_id: work.kind for work in delivered}
    by_line = {line.id: line for line in agreed.lines}
    book = CapBook(agreed.caps)
    for cap in agreed.caps:
        billed = sum(
            piece.amount
            for decision in decisions
            for piece in decision.pieces
            if piece.state == "billable"
            and cap in book.over(by_line[piece.line_id], expense=kinds[decision.event_id] == "expense")
        )
        assert cap.kind == "soft" or billed <= max(Decimal(0), cap.limit - cap.used)


def the_hash_is_that_of_event_pieces_and_trace(agreed, delivered, decisions):
    for decision in decisions:
        facts = {
            "event": decision.event_id,
            "pieces": [piece_facts(p) for p in decision.pieces],
            "trace": decision.trace,
        }
        assert decision.content_hash == content_hash(facts)


def buckets_are_never_overdrawn(agreed, delivered, decisions):
    by_id = {line.id: line for line in agreed.lines}
    for decision in decisions:
        step = decision.trace.get("retainer")
        if step:
            assert Decimal(step["included"]) >= 0
            line = by_id[step["line"]]
            deficit = line.deficit_limit_minutes if line.overage == "carry_deficit" else Decimal(0)
            room = None if deficit is None else Decimal(step["available"]) + deficit
            assert room is None or Decimal(step["after"]) <= max(room, Decimal(step["before"]))


OF_DECISIONS = (
    no_minute_and_no_cent_is_lost,
    no_piece_is_priced_by_chance,
    hard_caps_are_never_passed,
    the_hash_is_that_of_event_pieces_and_trace,
    buckets_are_never_overdrawn,
)


@some
@given(agreements(), works())
def test_every_decision_keeps_all_rules(agreed, delivered):
    """Each rule against the same terms and work: drawing them takes far longer than deciding."""
    decisions = decide(agreed, delivered)
    for rule in OF_DECISIONS:
        rule(agreed, delivered, decisions)


@st.composite
def billed_pieces(draw):
    worked, hourly = draw(st.none() | minutes), draw(rates)
    return BilledPiece(
        id=0,
        kind=draw(st.sampled_from(["time", "time", "expense", "fee"])),
        contract_line_id=draw(st.sampled_from([1, 2])),
        service_date=draw(days),
        minutes=worked,
        rate=None if worked is None else hourly,
        amount=draw(money) if worked is None else time_value(worked, hourly),
        currency="USD",
        resource=draw(st.sampled_from(PEOPLE)),
        role=draw(st.sampled_from(ROLES)),
        task_code=draw(st.sampled_from(TASKS)),
    )


groupings = st.sampled_from(["none", "resource", "role", "task", "rate"])


@some
@given(st.lists(billed_pieces(), max_size=15).map(numbered), groupings, st.randoms(use_true_random=False))
def test_shares_add_up_and_every_piece_is_printed_once(billed, grouping, random):
    printed = print_lines(billed, grouping, "USD")
    assert print_lines(random.sample(billed, len(billed)), grouping, "USD") == printed
    assert sorted(pk for line in printed for pk in line.piece_ids) == [piece.id for piece in billed]
    amounts = {piece.id: piece.amount for piece in billed}
    for line in printed:
        assert sum(line.shares) == line.net == round_money(line.net, "USD")
        assert abs(line.net - sum(amounts[pk] for pk in line.piece_ids)) <= Decimal("0.00501")
        assert all(
            abs(share - amounts[pk]) <= Decimal("0.02") for pk, share in zip(line.piece_ids, line.shares, strict=True)
        )


@some
@given(st.lists(billed_pieces(), min_size=1, max_size=15).map(numbered), groupings)
def test_rounding_never_passes_a_cap(billed, grouping):
    counted = [piece for piece in billed if piece.kind != "expense"]
    room = round_money(sum((piece.amount for piece in counted), Decimal("0.005")), "USD")
    lines = print_lines(billed, grouping, "USD", rooms=[Room(room)])
    assert sum(line.net for line in lines if line.kind != "expense") <= room
    assert all(line.net >= 0 and sum(line.shares) == line.net for line in lines)


@some
@given(st.lists(st.tuples(money, st.sampled_from([Decimal("0.19"), Decimal("0.07"), Decimal(0)])), max_size=10))
def test_tax_adds_up_per_rate(bases):
    taxes = share_tax(bases, level="invoice", currency="USD")
    for rate in {rate for _, rate in bases}:
        net = sum(amount for amount, its in bases if its == rate)
        assert sum(tax for tax, (_, its) in zip(taxes, bases, strict=True) if its == rate) == round_money(
            net * rate, "USD"
        )


@some
@given(
    money,
    days,
    st.integers(0, 800),
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.sampled_from(["monthly", "quarterly", "once"]),
)
def test_schedules_and_revenue_add_up_and_leave_no_gap(total, start, length, currency, frequency):
    end = start + timedelta(days=length)
    parts = instalments(total=total, starts_on=start, ends_on=end, frequency=frequency, currency=currency)
    earned = straight_line(total=total, starts_on=start, ends_on=end, currency=currency)
    for amounts in ([part.amount for part in parts], [part.amount for part in earned]):
        assert sum(amounts) == round_money(total, currency)
    for spans in ([(p.period_from, p.period_to) for p in parts], [(e.period_from, e.period_to) for e in earned]):
        assert (spans[0][0], spans[-1][1]) == (start, end + timedelta(days=1))
        assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))


@some
@given(money, days, st.integers(0, 400))
def test_whole_months_cost_the_fee(fee, start, length):
    periods = monthly(fee=fee, starts_on=start, ends_on=start + timedelta(days=length), currency="USD")
    assert all(period.amount == fee for period in periods[1:-1])
    assert all(0 <= period.amount <= fee for period in periods)
