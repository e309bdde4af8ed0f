"""Lanes against a model of thirty lines: whatever is put, parked, retried, unblocked and killed in whatever order."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.operations.rehearsal import ledger
from integration_hub.work import engine, pace
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler, Wait

LANES = ("a", "b")
SKIPPABLE, STRICT, WAITING = "model.skippable", "model.strict", "model.waiting"


class Model:
    """What the lanes should hold: the items of each in order, which one blocks it, what took effect."""

    def __init__(self):
        self.lanes: dict[str, list[dict]] = {lane: [] for lane in LANES}
        self.blocked: dict[str, int | None] = dict.fromkeys(LANES)
        self.booked: dict[str, list[int]] = {lane: [] for lane in LANES}

    def rows(self, state):
        return [(lane, row) for lane, rows in self.lanes.items() for row in rows if row["state"] == state]

    def drain(self):
        for lane, rows in self.lanes.items():
            for row in rows:
                if self.blocked[lane]:
                    break
                if row["state"] != "ready":
                    continue
                if row["ill"] and row["kind"] == WAITING:
                    break
                row["state"] = "parked" if row["ill"] else "done"
                if not row["ill"]:
                    self.booked[lane].append(row["id"])
                elif row["kind"] == STRICT:
                    self.blocked[lane] = row["id"]


class LaneMachine(RuleBasedStateMachine):
    """The rules; each is an act of a writer, a worker, a person or a fault."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        ledger.create()
        self.model = Model()
        self.ill = set()

    def teardown(self):
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def run(self, job):
        if job.item_id in self.ill:
            if job.kind == WAITING:
                raise Wait("not yet")
            raise Failed(FailureClass.DATA, "bad")
        ledger.book(seed=0, lane=job.lane, n=0, item=job.item_id)

    def _work(self):
        Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
        engine.drain("ingest")

    @rule(lane=st.sampled_from(LANES), kinds=st.lists(st.sampled_from([SKIPPABLE, STRICT, WAITING]), max_size=4),
          ill=st.booleans())  # fmt: skip
    def put(self, lane, kinds, ill):
        for kind in kinds:
            HANDLERS._entries[kind] = Handler(self.run, skippable=kind == SKIPPABLE)
            pace.note(kind, 0.0001)
            item = items.enqueue(kind, lane=lane, stage="ingest")
            is_ill = ill and kind == kinds[0]
            if is_ill:
                self.ill.add(item.pk)
            self.model.lanes[lane].append({"id": item.pk, "kind": kind, "ill": is_ill, "state": "ready"})

    @rule()
    def work(self):
        self._work()
        self.model.drain()

    @rule(point=st.sampled_from(failpoints.LANE_POINTS))
    def die_and_be_replaced(self, point):
        with failpoints.armed(point):
            try:
                with transaction.atomic():  # what a killed process had open is rolled back; "settled" had committed
                    self._work()
            except failpoints.Crash:
                pass
        self._work()
        self.model.drain()

    @precondition(lambda self: self.model.rows("parked"))
    @rule(data=st.data(), heal=st.booleans())
    def retry(self, data, heal):
        lane, row = data.draw(st.sampled_from(self.model.rows("parked")))
        if heal:
            self.ill.discard(row["id"])
            row["ill"] = False
        items.retry(item_id=row["id"], by="system:test")
        row["state"] = "ready"
        if self.model.blocked[lane] == row["id"]:
            self.model.blocked[lane] = None

    @precondition(lambda self: self.model.rows("ready"))
    @rule(data=st.data())
    def set_aside(self, data):
        _, row = data.draw(st.sampled_from(self.model.rows("ready")))
        items.park(item_id=row["id"], by="system:test", reason="wrong")
        row["state"] = "parked"

    @precondition(lambda self: any(self.model.blocked.values()))
    @rule(data=st.data())
    def unblock(self, data):
        lane = data.draw(st.sampled_from([lane for lane, by in self.model.blocked.items() if by]))
        items.unblock_lane(lane_id=Lane.objects.get(key=lane).pk, by="system:test")
        self.model.blocked[lane] = None

    @invariant()
    def model_and_lanes_agree(self):
        rows = {row["id"]: row["state"] for lane in LANES for row in self.model.lanes[lane]}
        assert dict(Item.objects.filter(pk__in=rows).values_list("pk", "state")) == rows
        for lane in Lane.objects.filter(key__in=LANES):
            assert lane.blocked == bool(self.model.blocked[lane.key])
            assert lane.ready == sum(row["state"] == "ready" for row in self.model.lanes[lane.key])
            assert booked(lane.key) == self.model.booked[lane.key]


def booked(lane):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT item FROM rehearsal_ledger WHERE lane = %s ORDER BY id", [lane])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
def test_lanes_do_what_the_model_does(monkeypatch):
    monkeypatch.setattr(HANDLERS, "_entries", dict(HANDLERS._entries))
    run_state_machine_as_test(
        LaneMachine,
        settings=settings(
            max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
