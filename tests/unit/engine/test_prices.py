# mypy: disable-error-code="comparison-overlap,list-item,type-var"
"""R1, R5, R14: what makes a price beside the rate, from the agreed figures to pieces of work."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.agreed import ExpenseTerm, Increment, Premium, Tier
from billing.engine.decide import decide
from billing.engine.pricing import time_value
from billing.engine.rates import resolve
from billing.engine.values import BilledPart, CapTerm, Settled
from integration_hub.kernel.money import Quote, round_money
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

MARCH = date(2026, 3, 3)
many = settings(max_examples=150, deadline=None)
minutes = st.integers(1, 900).map(Decimal)
prices = st.integers(1, 60_000).map(lambda cents: Decimal(cents) / 100)


def test_the_worked_examples_of_premiums_and_days():
    overtime = line(1, premiums=(Premium(category="overtime", factor=d("1.5")),))
    agreed = terms(lines=(overtime,), rates=(rate(1, "120"),))
    assert only(agreed, time(1, minutes=d(95), category="overtime")).amount == 285
    assert only(agreed, time(1, minutes=d(95))).amount == 190
    days = terms(rates=(rate(1, "1480", unit="day"),))
    assert [only(days, time(1, hours)).amount for hours in ("6", "7.5")] == [1110, d("1387.5")]


def test_a_price_for_exactly_the_category_takes_no_premium():
    overtime = line(1, premiums=(Premium(category="overtime", factor=d(2)),))
    agreed = terms(lines=(overtime,), rates=(rate(1, "100"), rate(2, "130", item="overtime")))
    assert only(agreed, time(1, category="overtime")).amount == 130


def test_the_worked_example_of_tiers_and_what_is_posted_stays():
    agreed = terms(
        lines=(line(1, tiers=(Tier(beyond=d(30_000), hourly=d(130)),)),),
        rates=(rate(1, "140"),), tier_use=((1, d(496) * 60),),
    )  # fmt: skip
    [found] = pieces(agreed, time(1, "8"))
    assert brief(found) == [("billable", d(560)), ("billable", d(520))]
    assert [piece.rate for piece in found] == [140, 130]
    posted = [
        BilledPart(piece_id=n, event_id=1, line_id=1, service_date=MARCH, minutes=d(240), rate=d(price),
                   amount=d(price) * 4, worked=d(480))
        for n, price in ((7, 140), (8, 130))
    ]  # fmt: skip
    billed = time(1, "8", on=MARCH, locked_minutes=d(480), locked_amount=d(1080), billed=tuple(posted))
    assert pieces(agreed, billed) == [()]
    dearer = replace(agreed, rates=(rate(1, "150"),))
    [found] = pieces(dearer, billed)
    assert [piece.amount for piece in found] == [-560, -520, 1200], "credited, it begins again before the tier"


@many
@given(st.lists(minutes, min_size=1, max_size=8), prices, st.lists(st.tuples(minutes, prices), max_size=3), prices)
def test_tiers_lose_no_minute_and_no_cent_whatever_the_limit(worked, base, steps, limit):
    tiers = tuple(Tier(beyond=beyond, hourly=hourly) for beyond, hourly in dict(steps).items())
    agreed = terms(lines=(line(1, tiers=tiers),), rates=(rate(1, str(base)),), caps=(CapTerm(id=5, limit=limit),))
    found = [piece for part in pieces(agreed, *(time(n, minutes=m) for n, m in enumerate(worked, 1))) for piece in part]
    assert sum(piece.minutes for piece in found) == sum(worked)
    assert sum(piece.amount for piece in found if piece.state == "billable") <= limit
    value = Decimal(0)
    for minute in range(int(sum(worked))):
        passed = {tier.beyond: tier.hourly for tier in tiers if tier.beyond <= minute}
        value += passed[max(passed)] if passed else base
    total = sum(piece.amount for piece in found)
    assert abs(total - value / 60) <= Decimal("0.00001") * len(found)


@many
@given(
    st.lists(minutes, min_size=1, max_size=6), st.sampled_from(["up", "down", "nearest"]),
    st.sampled_from([6, 15, 30]), st.sampled_from(["entry", "day", "task"]), st.integers(0, 60), st.randoms(),
)  # fmt: skip
def test_increments_charge_whole_units_in_any_order_of_arrival(worked, mode, unit, pool, floor, random):
    rule = Increment(unit=d(unit), mode=mode, pool=pool, floor=d(floor))
    agreed = terms(lines=(line(1, increment=rule),), rates=(rate(1, "100"),))
    works = [time(n, minutes=m, on=MARCH, task_code="a") for n, m in enumerate(worked, 1)]
    first = {found.event_id: found for found in decide(agreed, works)}
    random.shuffle(works)
    assert {found.event_id: found for found in decide(agreed, works)} == first
    charged = [piece.minutes for found in first.values() for piece in found.pieces]
    if pool != "entry":
        charged = [sum(charged)]
        worked = [sum(worked)]
    for made, of in zip(charged, worked, strict=True):
        steps = max(d(floor), made)
        assert steps == made
        assert made == floor or made % unit == 0
        assert floor or abs(made - of) <= unit


def test_a_settled_day_gives_a_late_entry_what_is_left():
    rule = Increment(unit=d(15), pool="day")
    day = Settled(event_id=9, line_id=1, resource="r1", on=MARCH, task_code="", worked=d(29), charged=d(30))
    agreed = terms(lines=(line(1, increment=rule),), rates=(rate(1, "160"),), settled=(day,))
    assert only(agreed, time(10, minutes=d(49), on=MARCH)).minutes == 60
    assert only(agreed, time(10, minutes=d(1), on=MARCH)).amount == 0
    assert only(agreed, time(10, minutes=d(49), on=MARCH, resource="r2")).minutes == 60
    waiting = time(10, minutes=d(49), on=MARCH, approval="submitted")
    [[one], [other]] = pieces(agreed, waiting, time(11, minutes=d(2), on=MARCH))
    assert one.codes == ("NOT_APPROVED",)
    assert other.minutes == 15, "what may never come moves nobody's time"


def expense(term, amount="100", **work):
    agreed = terms(lines=(line(1, "expense", expenses=(term,)),))
    return pieces(agreed, money(1, "expense", amount, **work))[0]


def test_the_worked_examples_of_expenses():
    hotel = ExpenseTerm(method="markup", percent=d(8), tax_rate=d("0.07"))
    assert brief(expense(hotel, "312.40", taxed=True)) == [("billable", d("315.32"))]
    kept = ExpenseTerm(tax_rate=d("0.07"), recoverable=False)
    assert brief(expense(kept, "312.40", taxed=True)) == [("billable", d("312.40"))]
    mileage = ExpenseTerm(method="unit_price", price=d("0.42"))
    assert brief(expense(mileage, "0", quantity=d(146))) == [("billable", d("61.32"))]


@pytest.mark.parametrize(
    "term",
    [ExpenseTerm(method="markup"), ExpenseTerm(method="multiplier"), ExpenseTerm(method="unit_price", price=d(1))],
)
def test_an_expense_whose_rule_lacks_a_figure_is_never_billed_at_nothing(term):
    assert [(piece.state, piece.codes, piece.amount) for piece in expense(term)] == [
        ("blocked", ("RATE_MISSING",), None)
    ]


@many
@given(
    st.integers(0, 500_000).map(lambda cents: Decimal(cents) / 100), st.sampled_from(["0", "0.07", "0.19", "0.2"]),
    st.booleans(), st.booleans(), st.integers(0, 40).map(Decimal),
)  # fmt: skip
def test_a_markup_is_on_what_is_ours_to_bear_and_rounded_at_each_step(amount, tax, taxed, recoverable, percent):
    term = ExpenseTerm(method="markup", percent=percent, tax_rate=d(tax), recoverable=recoverable)
    [piece] = expense(term, str(amount), taxed=taxed)
    cost = amount
    if taxed and recoverable:
        cost = round_money(amount / (1 + d(tax)), "USD")
    elif not taxed and not recoverable:
        cost = round_money(amount * (1 + d(tax)), "USD")
    assert piece.amount == round_money(cost * (1 + percent / 100), "USD")


@many
@given(
    st.integers(1, 100_000).map(lambda cents: Decimal(cents) / 100), prices, st.none() | st.integers(1, 9).map(Decimal)
)
def test_what_a_policy_cuts_off_stays_in_sight(amount, limit, units):
    parts = expense(ExpenseTerm(limit=limit, over_limit="cut"), str(amount), quantity=units)
    assert sum(piece.amount for piece in parts) == amount
    assert parts[0].amount == min(amount, round_money(limit * (units or 1), "USD"))
    asked = expense(ExpenseTerm(limit=limit), str(amount), quantity=units)
    assert bool(asked[0].codes) == (amount > limit * (units or 1))


def test_a_price_in_another_currency_converts_at_the_service_date_only_where_agreed():
    euros = (rate(1, "130", currency="EUR"),)
    quotes = (("EUR", (Quote(d("1.08"), date(2026, 3, 1)), Quote(d("1.1"), date(2026, 3, 5)))),)
    agreed = terms(rates=euros, quotes=quotes)
    assert only(agreed, time(1, on=MARCH)).amount == d("140.4")
    assert only(agreed, time(1, on=date(2026, 3, 5))).amount == 143
    assert only(agreed, time(1, on=date(2026, 3, 13))).codes == ("FX_STALE",)
    assert only(agreed, time(1, on=date(2026, 2, 27))).codes == ("FX_MISSING",)
    assert only(replace(agreed, quotes=None), time(1, on=MARCH)).codes == ("RATE_MISSING",)
    own = replace(agreed, rates=(*euros, rate(2, "99")))
    assert only(own, time(1, on=MARCH)).amount == 99, "a price in the contract's currency comes first"


@many
@given(st.lists(st.sampled_from([
    f"{scope}.{key}" for scope in ("contract", "customer", "legal_entity") for key in ("resource", "role", "default")
]), unique=True, min_size=1))  # fmt: skip
def test_an_explicit_order_is_kept_and_nothing_beyond_it_applies(order):
    keys = {"resource": {"resource": "r1"}, "role": {"role": "pm"}, "default": {}}
    rows = [
        rate(n, "100", scope=scope, **keys[key])
        for n, (scope, key) in enumerate(
            ((scope, key) for scope in ("contract", "customer", "legal_entity") for key in keys), 1
        )
    ]
    names = {row.id: f"{row.scope}.{'resource' if row.resource else 'role' if row.role else 'default'}" for row in rows}
    found = resolve_in(rows, order)
    assert names[found.row.id] == order[0]
    left = [row for row in rows if names[row.id] not in order]
    assert resolve_in(left, order).code == "RATE_MISSING"


def resolve_in(rows, order):
    agreed = terms(rates=tuple(rows), rate_precedence="explicit", rate_order=tuple(order))
    [found] = decide(agreed, [time(1, role="pm")])
    row = next((row for row in rows if row.id == found.trace["rate"]["row"]), None)
    return type("Found", (), {"row": row, "code": found.trace["rate"]["code"]})


def test_a_loose_resolution_knows_days_of_other_lengths():
    row = rate(1, "1000", unit="day", hours_per_day=d("7.5"))
    answer = resolve([row], currency="USD", resource="r1", role="", on=MARCH)
    assert time_value(d(450), answer.hourly) == 1000


def test_work_that_comes_too_late_waits_for_a_waiver_and_what_is_billed_does_not():
    agreed = terms(rates=(rate(1, "100"),), time_bar_days=30)
    late = time(1, on=MARCH, recorded_on=date(2026, 4, 3))
    assert only(agreed, late).codes == ("TIME_BARRED",)
    assert only(agreed, replace(late, waived=True)).amount == 100
    assert only(agreed, replace(late, recorded_on=date(2026, 4, 2))).state == "billable"
    assert only(terms(rates=(rate(1, "100"),)), late).state == "billable", "only where the client bars it"
    part = BilledPart(piece_id=7, event_id=1, line_id=1, service_date=MARCH, minutes=d(60), rate=d(90), amount=d(90),
                      worked=d(60))  # fmt: skip
    billed = replace(late, locked_minutes=d(60), locked_amount=d(90), billed=(part,))
    [found] = pieces(agreed, billed)
    assert brief(found) == [("billable", d(-90)), ("billable", d(100))], "a correction is not late work"
