"""Posting windows: what meets a closed gate waits, one case says so, and it goes when the gate opens."""

from datetime import date

import pytest

from integration_hub.cases.models import Case
from integration_hub.effects import windows
from integration_hub.effects.registry import GATES, Gate
from integration_hub.work import queries
from integration_hub.work.models import Lane

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
