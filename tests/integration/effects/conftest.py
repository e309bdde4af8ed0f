"""A ledger, a way to plan into it, and somebody who listens."""

from decimal import Decimal

import pytest

from integration_hub.effects.actions import effects
from integration_hub.effects.registry import OUTCOMES, Outcome
from integration_hub.trail import record
from integration_hub.trail.models import Event
from integration_hub.work import engine
from integration_hub.work.models import Lane
from tests import ledger as ledgers


@pytest.fixture
def ledger(monkeypatch):
    return ledgers.install(monkeypatch, ledgers.Ledger())


@pytest.fixture
def plan(db, ledger):
    """`plan(safety="K", reference="C-1", …)` plans one effect worth 100 USD."""

    def make(safety="K", reference="C-1", **more):
        options = {
            "effect_type": ledgers.TYPES[safety],
            "connection": ledgers.connect(),
            "business_key": reference,
            "payload": {"net": Decimal("100.00")},
            "legal_entity": "US",
            "subject": ("billing.candidate", 1),
            "by": "system:test",
            "amount": Decimal(100),
            "currency": "USD",
        }
        return effects.plan(**{**options, **more})

    return make


@pytest.fixture
def heard(monkeypatch):
    """`heard()`: what the listener was told and what was committed of it, as (outcome, reference)."""

    def note(told):
        def listen(effect):
            record.event("test.heard", by="system:test", object_type=told, object_id=effect.business_key)

        return listen

    monkeypatch.setattr(OUTCOMES, "_entries", {**OUTCOMES._entries, "*": Outcome(note("confirmed"), note("rejected"))})

    def told():
        return list(Event.objects.filter(action="test.heard").order_by("id").values_list("object_type", "object_id"))

    return told


@pytest.fixture
def work():
    """Work the posting stage `rounds` times, each time as if all waits and dead workers' leases were over."""

    def run(rounds=1):
        for _ in range(rounds):
            Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
            engine.drain("post")

    return run
