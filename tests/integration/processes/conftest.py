"""A saga of three steps whose behaviour each test decides."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from integration_hub.effects.actions import effects
from integration_hub.processes import engine
from integration_hub.processes.models import Process
from integration_hub.processes.registry import DEFINITIONS, AwaitEffect, Definition, Done, Result, StepSpec
from integration_hub.trail import record
from integration_hub.trail.models import Event
from integration_hub.work import engine as lanes
from integration_hub.work.models import Lane
from tests import ledger as ledgers


class Saga:
    """Steps `check`, `create` (plans an effect), `finish`; replace an act with `saga.acts["finish"] = …`."""

    def __init__(self) -> None:
        self.acts: dict[str, Callable[[Process], Result]] = {
            "check": self.note("check"),
            "create": self.plan("create"),
            "finish": self.note("finish"),
            "undo check": self.note("undo check"),
            "undo create": self.plan("undo create"),
        }

    def note(self, name):
        def act(process):
            record.event("test.step", by="system:test", object_type="step", object_id=name)
            return Done(f"{name} done")

        return act

    def plan(self, name):
        def act(process):
            effect = effects.plan(
                effect_type=ledgers.TYPES["P"],
                connection=ledgers.connect(),
                business_key=f"{process.business_key}-{process.attempt} {name}",
                payload={"net": Decimal(1)},
                legal_entity="US",
                subject=("process", process.pk),
                by="system:test",
            )
            return AwaitEffect(effect.key)

        return act

    def step(self, name, undo=True):
        return StepSpec(
            name=name,
            title=name.title(),
            run=lambda process: self.acts[name](process),
            undo=(lambda process: self.acts[f"undo {name}"](process)) if undo else None,
        )

    def definition(self):
        def told(what):
            return lambda process, *why: record.event(
                "test.told", by="system:test", object_type=what, object_id=process.pk, reason="".join(why)
            )

        steps = (self.step("check"), self.step("create"), self.step("finish", undo=False))
        return Definition("test.saga", "Test saga", 1, steps, told("finished"), told("undone"))

    def start(self, key="K-1"):
        return engine.start("test.saga", business_key=key, label=key, legal_entity="US", data={}, by="system:test")

    def run(self, rounds=6):
        """Work both stages as if all waits and leases were over."""
        for _ in range(rounds):
            for stage in ("ingest", "post"):
                Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
                lanes.drain(stage)

    def steps(self, process):
        return dict(process.steps.values_list("name", "state"))

    def acted(self):
        return list(Event.objects.filter(action="test.step").order_by("id").values_list("object_id", flat=True))

    def told(self):
        return list(Event.objects.filter(action="test.told").order_by("id").values_list("object_type", "reason"))


@pytest.fixture
def ledger(monkeypatch):
    return ledgers.install(monkeypatch, ledgers.Ledger())


@pytest.fixture
def saga(monkeypatch, ledger, db):
    made = Saga()
    monkeypatch.setattr(DEFINITIONS, "_versions", {"test.saga": {1: made.definition()}})
    return made
