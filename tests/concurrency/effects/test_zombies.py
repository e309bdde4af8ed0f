"""Two workers and one effect: the one whose lane was taken may not write down anything."""

import threading
from decimal import Decimal

import pytest

from integration_hub.effects import ledger as rows
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Attempt, Effect
from integration_hub.effects.registry import OUTCOMES, Outcome
from integration_hub.work import engine, fencing
from integration_hub.work.models import Lane
from tests import ledger as ledgers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


class SlowLedger(ledgers.Ledger):
    """Freezes its first send after it has booked, until told to go on."""

    def __init__(self):
        super().__init__()
        self.booked_first, self.go_on = threading.Event(), threading.Event()

    def send(self, connection, write):
        sent = super().send(connection, write)
        if self.sends == 1:
            self.booked_first.set()
            assert self.go_on.wait(60)
        return sent


@pytest.fixture
def ledger(monkeypatch):
    return ledgers.install(monkeypatch, SlowLedger())


def run_zombie(ledger, threads, monkeypatch, scribble):
    def confirmed(effect):
        scribble.add(effect.business_key)

    entries = {**OUTCOMES._entries, "*": Outcome(confirmed, lambda effect: None)}
    monkeypatch.setattr(OUTCOMES, "_entries", entries)
    effect = effects.plan(
        effect_type=ledgers.TYPES["P"],
        connection=ledgers.connect(),
        business_key="C-1",
        payload={"net": Decimal(1)},
        legal_entity="US",
        subject=("test", 1),
        by="system:test",
    )

    def successor():
        assert ledger.booked_first.wait(60)
        Lane.objects.update(leased_until=None, next_at="2000-01-01T00:00Z")
        try:
            engine.drain("post")
        finally:
            ledger.go_on.set()

    threads(lambda: engine.drain("post"), successor)
    effect.refresh_from_db()
    return effect


def test_a_frozen_sender_comes_back_to_a_lane_that_is_no_longer_his(ledger, threads, monkeypatch, scribble):
    effect = run_zombie(ledger, threads, monkeypatch, scribble)
    assert (effect.state, ledger.entries("C-1"), scribble.all()) == ("confirmed", 1, ["C-1"])
    outcomes = list(effect.attempts.order_by("id").values_list("kind", "outcome"))
    assert outcomes == [("send", "lost"), ("probe", "found"), ("confirm", "found")]


def test_without_the_token_check_the_state_of_the_effect_still_refuses_him(ledger, threads, monkeypatch, scribble):
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    effect = run_zombie(ledger, threads, monkeypatch, scribble)
    assert (effect.state, scribble.all()) == ("confirmed", ["C-1"])
    assert Attempt.objects.get(effect=effect, kind="send").outcome == "lost"


def test_without_token_and_state_check_the_frozen_sender_overwrites_what_is_known(
    ledger, threads, monkeypatch, scribble
):
    """Negative control: unfenced, the zombie rewrites the finished attempt and reports the outcome a second time."""
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    monkeypatch.setattr(rows, "as_read", lambda effect: Effect.objects.filter(pk=effect.pk))
    effect = run_zombie(ledger, threads, monkeypatch, scribble)
    rewritten = Attempt.objects.get(effect=effect, kind="send").outcome != "lost"
    assert rewritten or scribble.all() != ["C-1"]


def test_two_planners_of_the_same_intent_make_one_effect(threads, monkeypatch):
    ledger = ledgers.install(monkeypatch, ledgers.Ledger())
    connection = ledgers.connect()

    def plan():
        effects.plan(
            effect_type=ledgers.TYPES["P"],
            connection=connection,
            business_key="C-1",
            payload={"net": Decimal(1)},
            legal_entity="US",
            subject=("test", 1),
            by="system:test",
        )

    threads(*[plan] * 4)
    threads(*[lambda: engine.drain("post")] * 3)
    assert (ledger.sends, ledger.entries("C-1")) == (1, 1)
