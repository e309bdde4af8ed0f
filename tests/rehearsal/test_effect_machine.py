"""Effects against a model of one line: what was not withdrawn stands in the target once, and what was, never."""

import contextlib

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.work import engine
from integration_hub.work.models import Item, Lane
from tests import ledger as ledgers

REFERENCES = ("C-1", "C-2", "C-3")
NOT_SENT = Failed(FailureClass.TRANSIENT, "connection refused")
LOST = Failed(FailureClass.UNKNOWN_OUTCOME, "connection reset")
REFUSED = Failed(FailureClass.REJECTED, "period closed")
VICES = ("commit_then_timeout", "commit_then_break", "lie", NOT_SENT, LOST, REFUSED, None)


class EffectMachine(RuleBasedStateMachine):
    """Planners, workers, people and a target with bad habits, in whatever order."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.target = ledgers.Ledger()
        CONNECTORS._entries[ledgers.VENDOR] = self.target
        self.connection = ledgers.connect()
        self.planned = {}

    def teardown(self):
        try:
            self._bring_to_rest()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def _effect(self, reference):
        return Effect.objects.get(business_key=reference)

    def _work(self):
        Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
        engine.drain("post")

    @rule(reference=st.sampled_from(REFERENCES), safety=st.sampled_from("KUP"))
    def plan(self, reference, safety):
        """Planning again is the same effect, whoever asks."""
        safety = self.planned.setdefault(reference, safety)
        effects.plan(
            effect_type=ledgers.TYPES[safety],
            connection=self.connection,
            business_key=reference,
            payload={"net": "1"},
            legal_entity="US",
            subject=("test", 1),
            by="system:test",
            lane="one lane for all",
        )

    @rule(vice=st.sampled_from(VICES))
    def misbehave(self, vice):
        self.target.vices.append(vice)

    @rule()
    def find_nothing_out(self):
        self.target.find_failures.append(NOT_SENT)

    @rule()
    def work(self):
        self._work()

    @rule(point=st.sampled_from(failpoints.EFFECT_POINTS))
    def die(self, point):
        with failpoints.armed(point), contextlib.suppress(failpoints.Crash):
            self._work()

    @precondition(lambda self: self.planned)
    @rule(data=st.data(), verb=st.sampled_from(["retry", "cancel"]))
    def steer(self, data, verb):
        effect = self._effect(data.draw(st.sampled_from(sorted(self.planned))))
        try:
            getattr(effects, verb)(effect_id=effect.pk, by="system:test", reason="because")
        except Denied:
            assert effect.state not in ("rejected", "waiting"), "these may be tried again and withdrawn"

    @invariant()
    def nothing_stands_there_twice_and_confirmed_means_there(self):
        for effect in Effect.objects.filter(business_key__in=REFERENCES):
            entries = self.target.entries(effect.business_key)
            assert entries <= 1
            assert entries == 1 or effect.state != "confirmed"
            assert entries == 0 or effect.state not in ("cancelled", "rejected", "planned") or self._is_open(effect)

    def _is_open(self, effect):
        """A late entry may stand there while a probe has not looked again: only where the target removes duplicates."""
        return effect.safety in ("K", "U")

    def _bring_to_rest(self):
        """The target behaves from now on, and a person tries again what is stuck: then everything is done once."""
        self.target.vices.clear()
        self.target.find_failures.clear()
        for _ in range(12):
            self._work()
            for item in Item.objects.filter(state="parked"):
                effects.retry(effect_id=item.payload["effect"], by="system:test")
            for effect in Effect.objects.filter(state="rejected"):
                effects.retry(effect_id=effect.pk, by="system:test")
        for effect in Effect.objects.filter(business_key__in=REFERENCES):
            wanted = {"confirmed": 1, "cancelled": 0}
            assert effect.state in wanted, effect.state
            assert self.target.entries(effect.business_key) == wanted[effect.state]


@pytest.mark.django_db
def test_effects_happen_once_whatever_happens(monkeypatch):
    monkeypatch.setattr(CONNECTORS, "_entries", dict(CONNECTORS._entries))
    run_state_machine_as_test(
        EffectMachine,
        settings=settings(
            max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
