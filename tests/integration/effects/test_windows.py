"""Posting windows: what meets a closed gate waits, one case says so, and it goes when the gate opens."""

from datetime import date

import pytest

from integration_hub.cases.models import Case
from integration_hub.effects import turns, windows
from integration_hub.effects.registry import GATES, Gate
from integration_hub.work import engine, queries
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane

pytestmark = pytest.mark.django_db


@pytest.fixture
def gate(monkeypatch):
    """A gate that is closed until `gate.clear()`."""
    closed = {"why": "March 2026 is closed in US."}
    entry = Gate("test", applies=lambda effect: True, closed=lambda effect: closed.get("why", ""))
    monkeypatch.setattr(GATES, "_entries", {"period": entry})
    return closed


def test_effects_wait_for_their_window_and_do_not_block_their_lane(plan, work, ledger, gate):
    made = [plan(reference=f"C-{n}", posting_date=date(2026, 3, 31), lane="L") for n in range(3)]
    work()
    for effect in made:
        effect.refresh_from_db()
        assert (effect.state, effect.failure) == ("waiting", "March 2026 is closed in US.")
    case = Case.objects.get()
    assert (case.code, case.root_cause) == ("PERIOD_CLOSED", "period:erp:US:2026-03")
    assert case.members.filter(is_open=True).count() == 3
    assert not Lane.objects.get(key="L").blocked
    assert queries.quiescent()
    assert windows.recheck() == 0
    gate.clear()
    assert windows.recheck() == 3
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("resolved", "auto")
    work()
    assert [row["reference"] for row in ledger.booked] == ["C-0", "C-1", "C-2"]
    assert windows.recheck() == 0


def test_a_window_that_closes_again_before_the_worker_gets_there_holds(plan, work, ledger, gate):
    effect = plan()
    work()
    gate.clear()
    windows.recheck()
    gate["why"] = "closed again"
    work()
    effect.refresh_from_db()
    assert (effect.state, ledger.sends) == ("waiting", 0)
    assert Case.objects.get().status == "open"


# -- order ------------------------------------------------------------------------------------------------------------


def opened_with_one_behind(plan, work, gate):
    """One waits, the window opens, and another of its lane comes to be sent before anybody looked."""
    plan(reference="first", lane="L")
    work()
    gate.clear()
    plan(reference="second", lane="L")


def booked(ledger):
    return [row["reference"] for row in ledger.booked]


def test_what_waited_goes_before_what_was_planned_after_it(plan, work, ledger, gate):
    opened_with_one_behind(plan, work, gate)
    work()
    assert booked(ledger) == ["first", "second"]
    assert Case.objects.get().status == "resolved"
    assert queries.quiescent()


def test_what_was_let_go_goes_before_what_was_planned_after_it(plan, work, ledger, gate):
    opened_with_one_behind(plan, work, gate)
    plan(reference="third", lane="L")
    assert windows.recheck() == 1
    work()
    assert booked(ledger) == ["first", "second", "third"]


def test_without_its_turn_what_was_planned_later_overtakes(plan, work, ledger, gate, monkeypatch):
    monkeypatch.setattr(turns, "comes_first", lambda *_: False)
    opened_with_one_behind(plan, work, gate)
    work()
    assert booked(ledger) == ["second", "first"]


def test_a_lane_goes_on_past_what_still_waits(plan, work, ledger, monkeypatch):
    march, april = date(2026, 3, 31), date(2026, 4, 1)
    entry = Gate(
        "test", applies=lambda effect: True, closed=lambda effect: "Closed." if effect.posting_date == march else ""
    )
    monkeypatch.setattr(GATES, "_entries", {"period": entry})
    for number, on in enumerate((march, april, march, april)):
        plan(reference=f"C-{number}", posting_date=on, lane="L")
    work()
    assert booked(ledger) == ["C-1", "C-3"]


def test_a_lane_that_a_person_let_go_on_does_not_turn_back(plan, work, ledger):
    plan(reference="first", lane="L")
    plan(reference="second", lane="L")
    items.park(item_id=Item.objects.earliest("id").pk, by="system:test", reason="it is looked into")
    engine.drain("post")
    assert booked(ledger) == ["second"]
