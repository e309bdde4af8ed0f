# mypy: disable-error-code="comparison-overlap"
"""R3: hour buckets and prepaid balances."""

from dataclasses import replace
from datetime import date

from billing.engine.decide import decide
from billing.engine.retainers import Lot, Prepaid, close_month, draw_down, first_opening, next_opening
from billing.engine.schedule import next_month
from billing.engine.values import CapTerm, RetainerUse
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

JAN_8, JAN_29, FEB_10 = date(2026, 1, 8), date(2026, 1, 29), date(2026, 2, 10)
BUCKET = line(1, "retainer_hours", amount=d(4500), included_minutes=d(1800), overage_rate=d(185))
ROLLING = line(
    1, "retainer_hours", included_minutes=d(1800), overage_rate=d(185), unused="rollover", carry_limit_minutes=d(600)
)


def split(found):
    return [[(p.state, p.minutes, p.amount) for p in entry] for entry in found]


def test_an_entry_is_split_at_the_end_of_the_bucket():  # S-04
    found = pieces(terms(lines=(BUCKET,)), time(1, "28.5", JAN_8), time(2, "6", JAN_29), time(3, "22", FEB_10))
    assert split(found) == [
        [("included", 1710, 0)],
        [("included", 90, 0), ("billable", 270, d("832.50"))],
        [("included", 1320, 0)],
    ]
    assert found[1][0].rate == 185


JAN, APR = date(2026, 1, 1), date(2026, 4, 1)


def closed(agreed, *used):
    """The closings of months from January on, by the minutes used in each."""
    opening, found = first_opening(agreed, JAN), []
    for minutes in used:
        found.append(close_month(agreed, opening, d(minutes)))
        opening = next_opening(agreed, found[-1], next_month(opening.month))
    return found


def test_use_or_lose_forfeits_what_is_left():
    [january] = closed(BUCKET, 1320)
    assert (january.available, january.overage, january.forfeited, january.carried_out) == (1800, 0, 480, 0)
    assert closed(BUCKET, 2070)[0].overage == 270


def test_unused_hours_are_carried_one_month_up_to_a_limit():
    january, february = closed(ROLLING, 1320, 2100)
    assert (january.carried_out, february.available, february.carried_out, february.forfeited) == (480, 2280, 180, 0)


def test_carried_hours_that_are_not_burnt_expire():
    _, february = closed(replace(ROLLING, carry_limit_minutes=None), 1320, 300)
    assert (february.carried_out, february.forfeited) == (1800, 180), "of 480 carried 300 burnt"


def test_a_ceiling_forfeits_what_lapses_soonest():
    agreed = replace(ROLLING, carry_months=3, carry_limit_minutes=d(2000))
    _, february = closed(agreed, 600, 0)
    assert february.lots == (Lot(d(200), APR), Lot(d(1800), date(2026, 5, 1)))
    assert february.forfeited == 1000


def test_a_deficit_is_owed_to_the_next_month_and_to_those_after_it():
    agreed = replace(BUCKET, overage="carry_deficit")
    january, february, march = closed(agreed, 4500, 0, 1000)
    assert (january.overage, january.owed) == (0, 2700)
    assert (february.available, february.owed, february.forfeited) == (-900, 900, 0)
    assert (march.available, march.owed, march.forfeited) == (900, 100, 0)


def test_beyond_the_deficit_that_was_agreed_is_overage():
    agreed = replace(BUCKET, overage="carry_deficit", deficit_limit_minutes=d(300))
    january, february = closed(agreed, 2400, 1600)
    assert (january.owed, january.overage) == (300, 300)
    assert (february.available, february.owed, february.overage) == (1500, 100, 0)


def test_the_decision_covers_a_deficit_and_says_what_the_next_month_owes():
    agreed = replace(BUCKET, overage="carry_deficit", deficit_limit_minutes=d(300))
    found = decide(terms(lines=(agreed,)), [time(1, "36", JAN_8), time(2, "26", FEB_10)])
    assert split([one.pieces for one in found]) == [
        [("included", 2100, 0), ("billable", 60, d(185))],
        [("included", 1560, 0)],
    ]
    assert (found[1].trace["retainer"]["available"], found[1].trace["retainer"]["owed"]) == ("1500", "300")


def test_the_decision_burns_what_earlier_months_left():
    works = [time(1, "22", JAN_8), time(2, "38.5", FEB_10)]
    found = decide(terms(lines=(ROLLING,)), works)
    assert split([decision.pieces for decision in found])[1] == [("included", 2280, 0), ("billable", 30, d("92.5"))]
    assert found[1].trace["retainer"]["carried_in"] == "480"


def test_a_month_without_work_carries_to_the_limit():
    [decision] = decide(terms(lines=(ROLLING,)), [time(1, "1", date(2026, 3, 3))])
    assert decision.trace["retainer"]["available"] == "2400"


def test_without_any_start_the_first_month_of_use_is_the_first():
    agreed = terms(lines=(ROLLING,), starts_on=None)
    [decision] = decide(agreed, [time(1, "1", date(2026, 3, 3))])
    assert decision.trace["retainer"]["carried_in"] == "0"
    use = RetainerUse(line_id=1, period_start=JAN_29, used_minutes=d(1500))
    agreed = terms(lines=(ROLLING,), starts_on=None, retainer_use=(use,))
    [decision] = decide(agreed, [time(1, "1", FEB_10)])
    assert decision.trace["retainer"]["carried_in"] == "300"


def test_locked_use_counts_first():
    use = tuple(RetainerUse(line_id=1, period_start=day, used_minutes=d(855)) for day in (JAN_8, JAN_29))
    found = pieces(terms(lines=(BUCKET,), retainer_use=use), time(2, "6", JAN_29))
    assert split(found) == [[("included", 90, 0), ("billable", 270, d("832.50"))]]


def test_posted_overage_leaves_the_included_part_in_the_bucket():
    works = [time(1, "28.5", JAN_8), time(2, "6", JAN_29, locked_minutes=d(270), locked_amount=d("832.50"))]
    assert split(pieces(terms(lines=(BUCKET,)), *works))[1] == [("included", 90, 0)]


def test_overage_without_its_own_rate_takes_the_time_rate():
    bare = line(1, "retainer_hours", included_minutes=d(60))
    agreed = terms(lines=(bare,), rates=(rate(1, "100"),))
    assert split(pieces(agreed, time(1, "3"))) == [[("included", 60, 0), ("billable", 120, 200)]]


def test_overage_without_any_price_is_blocked_and_the_bucket_still_works():
    bare = line(1, "retainer_hours", included_minutes=d(60))
    [[inside, beyond]] = pieces(terms(lines=(bare,)), time(1, "3"))
    assert (inside.state, inside.minutes, inside.rate) == ("included", 60, None)
    assert (beyond.state, beyond.codes, beyond.minutes, beyond.amount) == ("blocked", ("RATE_MISSING",), 120, None)


def test_a_retainer_without_a_bucket_bills_every_hour():
    agreed = terms(lines=(line(1, "retainer_hours", overage_rate=d(100), unused="rollover"),))
    assert split(pieces(agreed, time(1, "2"))) == [[("billable", 120, 200)]]


def test_an_entry_of_no_minutes_is_included():
    assert split(pieces(terms(lines=(BUCKET,)), time(1, "0"))) == [[("included", 0, 0)]]


def test_overage_counts_against_caps():
    agreed = terms(lines=(BUCKET,), caps=(CapTerm(id=1, limit=d(100)),))
    [found] = pieces(agreed, time(1, "31", JAN_8))
    assert brief(found) == [("included", 0), ("billable", 100), ("over_cap", 85)]


def test_the_monthly_fee_is_billable():
    assert only(terms(lines=(BUCKET,)), money(1, "fee", "4500", line_id=1)).amount == 4500


def test_a_prepaid_balance_pays_the_gross_until_it_is_empty():  # S-03
    first = draw_down([Prepaid(id=1, balance=d(12000))], d("5832.00"), JAN_8)
    assert (first.drawn, first.due) == (5832, 0)
    second = draw_down([Prepaid(id=1, balance=d(12000) - first.drawn)], d("6480.00"), FEB_10)
    assert (second.drawn, second.due) == (6168, 312)


def test_a_balance_taxed_when_funded_pays_the_net_and_the_tax_with_it():
    found = draw_down([Prepaid(id=1, balance=d(10000), taxed=True)], d(5832), JAN_8, net=d(5400))
    assert (found.draws, found.drawn, found.due) == (((1, 5400),), 5832, 0)
    mixed = [Prepaid(id=1, balance=d(500), taxed=True), Prepaid(id=2, balance=d(1000))]
    found = draw_down(mixed, d(952), JAN_8, net=d(800))
    assert (found.draws, found.drawn, found.due) == (((1, 500), (2, 357)), 952, 0)


def test_a_balance_is_drawn_to_its_floor():
    assert draw_down([Prepaid(id=1, balance=d(100), floor=d(-50))], d(200), JAN_8).due == 50
    assert draw_down([Prepaid(id=1, balance=d(100), floor=None)], d(200), JAN_8).due == 0
    assert draw_down([Prepaid(id=1, balance=d(-20))], d(200), JAN_8).draws == ()


def test_balances_burn_by_priority_then_expiry_then_creation_and_not_after_expiry():
    balances = [
        Prepaid(id=1, balance=d(10), priority=1),
        Prepaid(id=2, balance=d(10), expires_on=FEB_10, created=2),
        Prepaid(id=3, balance=d(10), expires_on=FEB_10, created=1),
        Prepaid(id=4, balance=d(10), expires_on=JAN_8),
    ]
    assert draw_down(balances, d(25), JAN_29) == draw_down(balances[::-1], d(25), JAN_29)
    assert draw_down(balances, d(25), JAN_29).draws == ((3, 10), (2, 10), (1, 5))


def test_only_included_minutes_use_up_the_bucket():
    works = [time(1, "40", JAN_8), time(2, "1", JAN_29)]
    steps = [decision.trace["retainer"] for decision in decide(terms(lines=(BUCKET,)), works)]
    assert [(step["before"], step["included"], step["after"]) for step in steps] == [
        ("0", "1800", "1800"),
        ("1800", "0", "1800"),
    ]
