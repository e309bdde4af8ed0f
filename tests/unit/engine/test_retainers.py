# mypy: disable-error-code="comparison-overlap"
"""R3: hour buckets and prepaid balances."""

from datetime import date

from billing.engine.decide import decide
from billing.engine.retainers import Prepaid, close_bucket, draw_down
from billing.engine.values import CapTerm, RetainerUse
from tests.unit.engine.build import brief, d, line, money, only, pieces, rate, terms, time

JAN_8, JAN_29, FEB_10 = date(2026, 1, 8), date(2026, 1, 29), date(2026, 2, 10)
BUCKET = line(1, "retainer_hours", amount=d(4500), included_minutes=d(1800), overage_rate=d(185))


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


def test_use_or_lose_forfeits_what_is_left():
    closed = close_bucket(included=d(1800), used=d(1320))
    assert (closed.available, closed.overage, closed.forfeited, closed.carried_out) == (1800, 0, 480, 0)
    assert close_bucket(included=d(1800), used=d(2070)).overage == 270


def test_unused_hours_are_carried_one_month_up_to_a_limit():
    january = close_bucket(included=d(1800), used=d(1320), unused="rollover", carry_limit=d(600))
    february = close_bucket(
        included=d(1800), used=d(2100), carried_in=january.carried_out, unused="rollover", carry_limit=d(600)
    )
    assert (january.carried_out, february.available, february.carried_out, february.forfeited) == (480, 2280, 180, 0)


def test_carried_hours_that_are_not_burnt_expire():
    closed = close_bucket(included=d(1800), used=d(300), carried_in=d(480), unused="rollover")
    assert (closed.carried_out, closed.forfeited) == (1800, 180)


ROLLING = line(
    1, "retainer_hours", included_minutes=d(1800), overage_rate=d(185), unused="rollover", carry_limit_minutes=d(600)
)


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


def test_a_balance_taxed_when_funded_pays_the_net():
    assert draw_down([Prepaid(id=1, balance=d(10000))], d(5400), JAN_8).drawn == 5400


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
