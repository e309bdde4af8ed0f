"""Shares of payers (R15): every cent and minute goes to exactly one of them, whatever is locked of whom."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.payers import Given
from billing.engine.values import BilledPart, CapTerm, HoldTerm, Share, Split
from integration_hub.kernel.money import round_money
from tests.unit.engine.build import d, line, money, pieces, rate, terms, time

FEB = date(2026, 2, 2)
RATES = (rate(1, "100"),)


def share(payer: int, percent: str, *, rest: bool = False) -> Share:
    return Share(payer_id=payer, customer_id=payer + 100, percent=d(percent), takes_rest=rest)


def split(*shares: Share, since: date = date(2026, 1, 1), of: int | None = None) -> Split:
    return Split(line_id=of, effective_on=since, shares=shares)


THREE = (share(1, "45", rest=True), share(2, "35"), share(3, "20"))


def by_payer(found) -> dict[int | None, tuple[str, Decimal | None]]:
    return {piece.payer_id: (piece.state, piece.amount) for piece in found}


def test_the_one_who_takes_the_rest_gets_the_cent():
    """1,000.01 at 45/35/20: 350.00 and 200.00, and 450.01 for the rest."""
    agreed = terms(lines=(line(1, "expense", expense_rule="at_cost"),), splits=(split(*THREE),))
    [found] = pieces(agreed, money(1, "expense", "1000.01", line_id=1))
    assert by_payer(found) == {
        1: ("billable", d("450.01")), 2: ("billable", d("350.00")), 3: ("billable", d("200.00"))
    }  # fmt: skip
    assert [piece.percent for piece in found] == [d(45), d(35), d(20)]


def test_the_shares_of_the_service_date_count_and_a_lines_own_first():
    early = split(share(1, "60", rest=True), share(2, "40"))
    late = split(share(1, "100", rest=True), since=date(2026, 3, 1))
    own = split(share(3, "100", rest=True), of=2)
    agreed = terms(rates=RATES, lines=(line(1), line(2)), splits=(late, own, early))
    first, then, other = pieces(
        agreed, time(1, line_id=1), time(2, on=date(2026, 3, 1), line_id=1), time(3, on=date(2026, 3, 2), line_id=2)
    )
    assert by_payer(first) == {1: ("billable", d(60)), 2: ("billable", d(40))}
    assert by_payer(then) == {1: ("billable", d(100))}
    assert by_payer(other) == {3: ("billable", d(100))}


def test_what_a_payers_limit_refuses_stays_over_it_and_moves_to_nobody():
    cap = CapTerm(id=5, limit=d(100), used=d(80), payer_id=2)
    [found] = pieces(terms(rates=RATES, caps=(cap,), splits=(split(*THREE),)), time(1, "10"))
    assert [(piece.payer_id, piece.state, piece.amount, piece.cap_id) for piece in found] == [
        (1, "billable", d(450), None),
        (2, "billable", d(20), 5),
        (2, "over_cap", d(330), 5),
        (3, "billable", d(200), None),
    ]
    assert sum(piece.minutes for piece in found) == 600


def test_a_hold_on_a_payer_stops_nobody_else_and_one_on_the_client_everybody():
    on_payer = HoldTerm(id=1, scope="customer", target="102", code="CLIENT_QUERY", on_payer=True)
    agreed = terms(rates=RATES, splits=(split(*THREE),), holds=(on_payer,))
    [found] = pieces(agreed, time(1, "10"))
    assert by_payer(found) == {1: ("billable", d(450)), 2: ("held", d(350)), 3: ("billable", d(200))}
    [alone] = pieces(replace(agreed, splits=()), time(1, "10"))
    assert by_payer(alone) == {None: ("billable", d(1000))}
    [all_of_it] = pieces(replace(agreed, holds=(replace(on_payer, target="999", on_payer=False),)), time(1, "10"))
    assert by_payer(all_of_it) == {None: ("held", d(1000))}


def test_what_one_payer_has_is_not_shared_again():
    """Payer 1 was billed; of what is left each other payer gets its own share of the whole, not of the rest."""
    work = time(1, "10", locked_minutes=d(270), locked_amount=d(450), locked_by=((1, d(270), d(450)),))
    [found] = pieces(terms(rates=RATES, splits=(split(*THREE),)), work)
    assert by_payer(found) == {2: ("billable", d(350)), 3: ("billable", d(200))}


def test_other_shares_credit_what_was_billed_and_bill_it_anew():
    def part(payer: int, amount: str, percent: str) -> BilledPart:
        return BilledPart(piece_id=payer, event_id=1, line_id=1, service_date=FEB, minutes=d(amount) * d("0.6"),
                          rate=d(100), amount=d(amount), worked=d(600), payer_id=payer, percent=d(percent))  # fmt: skip

    parts = (part(1, "450", "45"), part(2, "350", "35"), part(3, "200", "20"))
    locked = tuple((one.payer_id or 0, one.minutes or d(0), one.amount) for one in parts)
    work = time(1, "10", billed=parts, locked_minutes=d(600), locked_amount=d(1000), locked_by=locked)
    agreed = terms(rates=RATES, splits=(split(*THREE),))
    assert pieces(agreed, work) == [()]
    [found] = pieces(replace(agreed, splits=(split(share(1, "50", rest=True), share(2, "50")),)), work)
    assert [(piece.payer_id, piece.amount, piece.corrects) for piece in found] == [
        (1, d(-450), 1), (2, d(-350), 2), (3, d(-200), 3), (1, d(500), None), (2, d(500), None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "states"),
    [("delta", ("billable", "held", "billable")), ("prospective", ("non_billable", "non_billable", "non_billable"))],
)
def test_a_difference_in_price_is_of_who_was_billed_what_it_adds_to(mode, states):
    """10 h at 90 were 405.00, 315.00 and 180.00; at 100 they are 45.00, 35.00 and 20.00 more, one of them held."""
    posted = ((1, "270", "405", "45"), (2, "210", "315", "35"), (3, "120", "180", "20"))
    billed = tuple(
        BilledPart(
            piece_id=500 + payer, event_id=1, line_id=1, service_date=FEB, role="", minutes=d(minutes), rate=d(90),
            amount=d(amount), worked=d(600), payer_id=payer, percent=d(percent),
        )
        for payer, minutes, amount, percent in posted
    )  # fmt: skip
    taken = tuple((payer, d(minutes), d(amount)) for payer, minutes, amount, _ in posted)
    work = replace(time(1, "10"), billed=billed, locked_minutes=d(600), locked_amount=d(900), locked_by=taken)
    on_payer = HoldTerm(id=1, scope="customer", target="102", code="CLIENT_QUERY", on_payer=True)
    rates = (rate(1, "100", retro=mode),)
    [found] = pieces(terms(rates=rates, splits=(split(*THREE),), holds=(on_payer,)), work)
    assert [(piece.payer_id, piece.adjusts, piece.amount, piece.minutes) for piece in found] == [
        (1, 501, d(45), None), (2, 502, d(35), None), (3, 503, d(20), None)
    ]  # fmt: skip
    assert tuple(piece.state for piece in found) == states


def test_one_cent_among_many_never_makes_a_part_negative():
    quarters = (share(1, "25", rest=True), share(2, "25"), share(3, "25"), share(4, "25"))
    parts = Given(quarters, time(1), "USD", "half_up").divide(None, d("0.02"))
    assert [(part.share.payer_id, part.amount) for part in parts] == [(2, d("0.01")), (3, d("0.01"))]


PERCENTS = st.lists(st.integers(1, 400_000), min_size=1, max_size=6).map(
    lambda weights: [Decimal(1_000_000 * weight // sum(weights)).scaleb(-4) for weight in weights]
)


@settings(max_examples=300, deadline=None)
@given(
    percents=PERCENTS,
    amounts=st.lists(st.integers(0, 10**12).map(lambda value: Decimal(value).scaleb(-6)), min_size=1, max_size=4),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    minutes=st.integers(0, 10**7).map(lambda value: Decimal(value).scaleb(-4)),
)
def test_parts_always_add_up_and_stay_near_their_percentage(percents, amounts, currency, minutes):
    percents = [one for one in percents if one] or [Decimal(100)]
    shares = tuple(
        Share(payer_id=n, customer_id=n, percent=one if n else one + 100 - sum(percents), takes_rest=n == 0)
        for n, one in enumerate(percents)
    )
    given_so_far = Given(shares, time(1), currency, "half_up")
    total: dict[int, Decimal] = {}
    for amount in amounts:
        parts = given_so_far.divide(minutes, amount)
        assert sum(part.amount for part in parts) == amount
        assert sum(part.minutes or 0 for part in parts) == minutes
        assert all(part.amount >= 0 and (part.minutes or 0) >= 0 for part in parts)
        for part in parts:
            total[part.share.payer_id] = total.get(part.share.payer_id, Decimal(0)) + part.amount
    cent = round_money(Decimal(1), currency) if currency == "JPY" else Decimal("0.01")
    for one in shares[1:]:
        wanted = sum(amounts) * one.percent / 100
        assert abs(total.get(one.payer_id, Decimal(0)) - wanted) <= cent * len(amounts) * len(shares)
