"""Plain time is decided from a mould: it must be what deciding it on its own gives, byte for byte."""

from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine import decide as engine
from billing.engine.agreed import Increment, Premium, RetroMode, Tier
from billing.engine.decide import decide
from billing.engine.moulds import Moulds, is_plain
from billing.engine.values import CapTerm, HoldTerm, Share, Split
from integration_hub.kernel.money import Quote
from tests.unit.engine.build import d, line, rate, terms, time
from tests.unit.engine.test_corrections import posted
from tests.unit.engine.test_properties import agreements, some, works


def the_long_way(agreed, delivered):
    """Decisions without any mould."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "is_plain", lambda work: False)
        return decide(agreed, delivered)


def twice(delivered):
    """Each work two times over, so that the second may be cast as the first was; nothing stated beside its minutes."""
    alike = [replace(work, fx=None) for work in delivered for _ in range(2)]
    return [replace(work, event_id=number) for number, work in enumerate(alike, 1)]


@some
@given(agreements(), works(), st.booleans())
def test_a_mould_gives_the_same_bytes(agreed, delivered, free):
    agreed = replace(agreed, caps=(), holds=()) if free else agreed
    assert decide(agreed, twice(delivered)) == the_long_way(agreed, twice(delivered))


@pytest.mark.parametrize("mode", get_args(RetroMode))
def test_posted_work_at_another_price_is_decided_beside_the_mould_of_plain_work(mode):
    agreed = terms(rates=(rate(1, "165", retro=mode),))
    delivered = [time(1, "8"), posted(time(2, "8"), (480, "150", "1200")), time(3, "8")]
    made = decide(agreed, delivered)
    assert made == the_long_way(agreed, delivered)
    assert made[0].pieces == made[2].pieces != made[1].pieces
    assert made[1].trace["retro"]["applied"] == mode


@pytest.mark.parametrize(
    "key", ["T1", 'quoted "1"', "back\\slash", "Zürich", "漢字", "tab\t", "nul\x00", "del\x7f", "~ !"]
)
def test_names_are_written_as_json_writes_them(key):
    named = [replace(time(number), work_key=f"{key} {number}") for number in (1, 2)]
    agreed = terms(rates=(rate(1, "100"),))
    assert decide(agreed, named) == the_long_way(agreed, named)
    assert decide(agreed, named)[1].trace["facts"]["work_key"] == f"{key} 2"


def test_time_alike_is_worked_out_once(monkeypatch):
    learnt, learn = [], Moulds.learn

    def counted(moulds, work, pieces):
        learnt.append(work.event_id)
        learn(moulds, work, pieces)

    monkeypatch.setattr(Moulds, "learn", counted)
    decide(terms(rates=(rate(1, "100"),)), [time(number) for number in range(1, 9)])
    assert learnt == [1]


HALVES = (
    Share(payer_id=1, customer_id=1, percent=d(50), takes_rest=True), Share(payer_id=2, customer_id=2, percent=d(50)),
)  # fmt: skip
SPLIT = Split(effective_on=date(2026, 1, 1), shares=HALVES)
TWO_DAYS = [time(1, "8", date(2026, 2, 2)), time(2, "8", date(2026, 2, 3))]


@pytest.mark.parametrize(
    "agreed",
    [
        terms(rates=(rate(1, "100"),), caps=(CapTerm(id=1, limit=d(1000)),)),
        terms(rates=(rate(1, "100"),), lines=(line(tiers=(Tier(beyond=d(480), hourly=d(80)),)),)),
        terms(rates=(rate(1, "100"),), lines=(line(method="retainer_hours", included_minutes=d(600)),)),
        terms(rates=(rate(1, "100"),), lines=(line(increment=Increment(unit=d(30))),)),
        terms(rates=(rate(1, "100"),), lines=(line(premiums=(Premium(category="", factor=d(2)),)),)),
        terms(rates=(rate(1, "100"),), holds=(HoldTerm(id=1, scope="event", target="T2", code="X"),)),
        terms(rates=(rate(1, "100"),), time_bar_days=5),
        terms(rates=(rate(1, "100"),), splits=(SPLIT,)),
    ],
    ids=["cap", "tiers", "bucket", "increment", "premium", "hold", "bar", "split"],
)
def test_what_other_work_or_the_day_decides_has_no_mould(agreed, monkeypatch):
    monkeypatch.setattr(Moulds, "cast", lambda *told: pytest.fail("cast from a mould"))
    assert len(decide(agreed, TWO_DAYS)) == 2


@pytest.mark.parametrize(
    "said",
    [
        {"minutes": None}, {"locked_minutes": d(1)}, {"locked_amount": d(1)}, {"withdrawn": True}, {"charged": d(1)},
        {"amount": d(1)}, {"quantity": d(1)}, {"taxed": True}, {"fx": Quote(d(1), date(2026, 1, 1))},
        {"locked_by": ((1, d(1), d(1)),)},
    ],
    ids=lambda said: next(iter(said)),
)  # fmt: skip
def test_work_with_more_to_it_is_not_plain(said):
    assert is_plain(time(1))
    assert not is_plain(time(1, **said))
