"""A person decides about an effect while a worker is at it: one of them is first, and the other one is told."""

from decimal import Decimal

import pytest

from integration_hub.effects import ledger as rows
from integration_hub.effects import turns
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied
from integration_hub.work import engine
from integration_hub.work.models import Lane
from tests import ledger as ledgers
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def ledger(monkeypatch):
    return ledgers.install(monkeypatch, ledgers.Ledger())


@pytest.fixture
def effect(ledger):
    return effects.plan(
        effect_type=ledgers.TYPES["P"],
        connection=ledgers.connect(),
        business_key="C-1",
        payload={"net": Decimal(1)},
        legal_entity="US",
        subject=("test", 1),
        by="system:test",
    )


def work():
    Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
    engine.drain("post")


def state(effect):
    return Effect.objects.get(pk=effect.pk).state


def without_the_state(monkeypatch):
    """For negative controls: a move is written whatever has become of the effect since it was read."""
    monkeypatch.setattr(rows, "as_read", lambda effect: Effect.objects.filter(pk=effect.pk))


def withdrawing(effect):
    return lambda: effects.cancel(effect_id=effect.pk, by="system:test", reason="not needed")


# -- withdrawn while it is about to be sent --------------------------------------------------------------------------

ABOUT_TO_SEND = (turns, "of")


def test_what_is_about_to_be_sent_is_not_withdrawn_any_more(ledger, effect, interleave):
    raised = interleave(work, withdrawing(effect), at=ABOUT_TO_SEND)
    assert [type(error) for error in raised] == [type(None), Denied]
    assert (state(effect), ledger.entries("C-1")) == ("confirmed", 1)


def test_past_the_locks_a_withdrawn_effect_is_not_sent(ledger, effect, interleave, monkeypatch):
    """The withdrawal comes between the look and the write: the write finds another state and waits."""
    without_row_locks(monkeypatch, Lane)
    assert interleave(work, withdrawing(effect), at=ABOUT_TO_SEND) == (None, None)
    work()
    assert (state(effect), ledger.sends) == ("cancelled", 0)


def test_without_locks_and_state_a_withdrawn_effect_is_sent(ledger, effect, interleave, monkeypatch):
    """Negative control: withdrawn by a person, and booked in the target."""
    without_row_locks(monkeypatch, Lane)
    without_the_state(monkeypatch)
    assert interleave(work, withdrawing(effect), at=ABOUT_TO_SEND) == (None, None)
    assert ledger.entries("C-1") == 1


# -- declared while the target is asked -----------------------------------------------------------------------------


@pytest.fixture
def unknown(ledger, effect):
    ledger.vices.append("commit_then_timeout")
    work()
    assert state(effect) == "unknown"
    return effect


def declaring(effect):
    return lambda: effects.declare_rejected(effect_id=effect.pk, by="system:test", reason="not there")


def test_what_was_declared_while_the_target_is_asked_stays_declared(ledger, unknown, interleave):
    assert interleave(work, declaring(unknown), at=(ledger, "find")) == (None, None)
    work()
    assert state(unknown) == "rejected"


def test_without_the_state_the_answer_overwrites_what_was_declared(ledger, unknown, interleave, monkeypatch):
    """Negative control: the rooms were told that it did not happen, and then that it did."""
    without_the_state(monkeypatch)
    assert interleave(work, declaring(unknown), at=(ledger, "find")) == (None, None)
    work()
    assert state(unknown) == "confirmed"
