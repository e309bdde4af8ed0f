"""Who may steer work, what a stalled lane says, when all is quiet, and the commands."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from integration_hub.work import doorbell, engine, inprocess, queries, ticker
from integration_hub.work.actions import items
from integration_hub.work.actions.items import ItemIn
from integration_hub.work.models import Beat, Item, Lane, Wakeup
from integration_hub.work.registry import BUSY, HANDLERS, TICKS, Handler, Tick, Wait

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    def fail(job):
        raise Failed(FailureClass.DATA, "no customer")

    def wait(job):
        raise Wait("the window is closed", timedelta(minutes=5))

    kinds = {"ok": Handler(lambda job: None), "fail": Handler(fail, title="Read"), "wait": Handler(wait)}
    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, **kinds})


def put(kind="ok", lane="L", **more) -> Item:
    item = items.enqueue(kind, lane=lane, stage="ingest", **more)
    assert item is not None
    return item


def person(name, may=True):
    user = User.objects.create_user(name, legal_entities=["US"])
    if may:
        user.user_permissions.add(Permission.objects.get(codename="steer_item"))
    return User.objects.get(pk=user.pk)


def test_steering_needs_the_permission_and_the_right_state():
    clerk, admin = person("clerk", may=False), person("admin")
    item = put("fail")
    with pytest.raises(Denied, match="is not parked: it is waiting"):
        items.retry(item_id=item.pk, by=admin)
    with pytest.raises(Denied, match="Say why"):
        items.park(item_id=item.pk, by=admin, reason=" ")
    with pytest.raises(Denied, match="not blocked"):
        items.unblock_lane(lane_id=item.lane_id, by=admin)
    engine.drain("ingest")
    with pytest.raises(Denied, match="does not wait: it is parked"):
        items.park(item_id=item.pk, by=admin, reason="x")
    with pytest.raises(Denied, match="look after the integrations"):
        items.retry(item_id=item.pk, by=clerk)
    with pytest.raises(Denied, match="look after the integrations"):
        items.unblock_lane(lane_id=item.lane_id, by=clerk)
    items.unblock_lane(lane_id=item.lane_id, by=admin, reason="The rest may pass")
    event = Event.objects.order_by("-id")[0]
    assert (event.action, event.actor, event.reason) == ("work.lane.unblocked", "admin", "The rest may pass")


def test_a_stalled_lane_says_why_and_what_waits_behind_it():
    put("fail", amount=Decimal(100), currency="USD", legal_entity="US")
    put("ok", amount=Decimal(20), currency="EUR", legal_entity="US")
    put("ok", amount=Decimal(3), currency="USD", legal_entity="US")
    put("wait", lane="W", legal_entity="GB")
    put("ok", lane="fine")
    engine.drain("ingest")
    blocked, waiting = queries.stalled()
    assert (blocked.lane.key, blocked.reason, blocked.waiting) == ("L", "Read: no customer", 2)
    assert blocked.head is not None
    assert (blocked.head.kind, blocked.money) == ("fail", {"EUR": Decimal(20), "USD": Decimal(103)})
    assert (waiting.lane.key, waiting.reason, waiting.money) == ("W", "the window is closed", {})
    assert [stall.lane.key for stall in queries.stalled(person("p"))] == ["L"]
    assert [(row.stage, row.lanes, row.waiting, row.blocked) for row in queries.backlog()] == [("ingest", 2, 3, 1)]
    assert [item.kind for item in queries.parked_items()] == ["fail"]


def test_quiet_means_that_nothing_would_happen_by_itself_soon(monkeypatch):
    assert queries.quiescent()
    put()
    assert not queries.quiescent()
    engine.drain("ingest")
    assert queries.quiescent()
    put("wait")
    engine.drain("ingest")
    assert queries.quiescent(), "five minutes is not soon"
    assert not queries.quiescent(timedelta(minutes=10))
    Lane.objects.update(leased_until="2999-01-01T00:00Z")
    assert not queries.quiescent(), "somebody works in it"
    Lane.objects.all().update(blocked=True)
    assert queries.quiescent(), "a blocked lane waits for a person"
    monkeypatch.setattr(BUSY, "_entries", {"effects": lambda: 1})
    assert not queries.quiescent()


def test_many_items_enter_their_lanes_in_one_order():
    wanted = [ItemIn("ok", lane, "ingest", {"n": n}, dedupe="x") for n, lane in enumerate(["c", "a", "b", "a"])]
    assert items.enqueue_many(wanted) == 3
    assert list(Lane.objects.order_by("id").values_list("key", "ready")) == [("a", 1), ("b", 1), ("c", 1)]
    assert [item.payload["n"] for item in Item.objects.order_by("id")] == [0, 1, 2]


def test_work_in_this_process():
    for n in range(3):
        put(lane=f"L{n}")
    out = StringIO()
    call_command("work", "--once", "--stage", "post", stdout=out)
    call_command("work", "--once", "--stage", "ingest", stdout=out)
    assert out.getvalue().split("\n")[:2] == ["0 items worked", "3 items worked"]


def test_work_until_quiet_runs_ticks_and_retries(monkeypatch):
    ran = []
    monkeypatch.setattr(TICKS, "_entries", {"t": Tick("t", 3600, lambda: ran.append(put()))})
    progress: list[int] = []
    assert inprocess.run_until_quiet(deadline_seconds=60, progress=progress.append)
    assert (len(ran), progress, Item.objects.get().state) == (1, [1], "done")


def test_work_until_quiet_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(BUSY, "_entries", {"effects": lambda: 1})
    monkeypatch.setattr(TICKS, "_entries", {})
    with pytest.raises(CommandError, match=r"Still busy after 0\.2 s"):
        call_command("work", "--until-quiet", "--seconds", "0.2")


def test_a_tick_that_fails_says_so_and_stops_no_other(monkeypatch):
    ran = []
    ticks = {"bad": Tick("bad", 60, lambda: 1 / 0), "good": Tick("good", 60, lambda: ran.append(1))}
    monkeypatch.setattr(TICKS, "_entries", ticks)
    assert ticker.run_ticks() == ["bad", "good"]
    assert ticker.run_ticks() == []
    assert ran == [1]
    assert Beat.objects.get(part="tick:bad").detail == "Failed: division by zero"
    Beat.objects.filter(part="tick:good").update(at="2000-01-01T00:00Z")
    assert ticker.run_ticks() == ["good"]


def test_one_tick_does_it_all(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(TICKS, "_entries", {})
    put()
    Lane.objects.update(leased_until="2000-01-01T00:00Z")
    ticker.tick()
    assert Lane.objects.get().leased_until is None
    assert Wakeup.objects.get().stage == "ingest"
    assert queries.beats()["ticker"] < 60
    assert list(queries.last_beats().values_list("part", flat=True)) == ["ticker"]
    assert ticker.lanes_leased() == 0


def test_the_loop_ticks_while_it_leads_and_survives_a_failure(monkeypatch):
    waits: list[float] = []
    ticks: list[int] = []

    def tick():
        ticks.append(1)
        if len(ticks) == 2:
            raise RuntimeError("lost the database")

    monkeypatch.setattr(ticker, "tick", tick)
    monkeypatch.setattr(ticker, "lead", lambda: True)
    monkeypatch.setattr(connection, "close", lambda: None)
    ticker.run(lambda: len(ticks) >= 4, waits.append)
    assert len(ticks) == 4
    assert all(0 < wait <= 1 for wait in waits)


def test_the_loop_waits_while_another_leads(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(ticker, "lead", lambda: False)
    monkeypatch.setattr(ticker, "tick", lambda: pytest.fail("it must not tick"))
    ticker.run(lambda: len(waits) >= 3, waits.append)
    assert len(waits) == 3


def test_a_full_queue_is_not_rung_again(monkeypatch):
    monkeypatch.setattr(doorbell, "QUEUE_LIMIT", 0)
    put()
    assert ticker.wake_due_stages() == []


def test_a_lost_handler_is_a_bug_that_says_what_to_deploy():
    item = put()
    Item.objects.update(kind="gone")
    for _ in range(3):
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        engine.drain("ingest")
    item.refresh_from_db()
    assert (item.state, item.error) == ("parked", "Nothing registered works 'gone'. Deploy the app that registers it.")
