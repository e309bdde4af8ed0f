"""Each guard of the product is taken away once, and the checker must see what comes of it.

The same scenes with all guards in place end without a violation: `test_with_its_guard_…` beside each.
"""

import threading
from dataclasses import replace

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction

from integration_hub.effects import turns, windows
from integration_hub.effects.registry import GATES, Gate
from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.operations.rehearsal import handlers
from integration_hub.trail.models import Event
from integration_hub.work import doorbell, engine, fencing, heads, queries, session, settlement, sharing, ticker
from integration_hub.work.models import Item, Lane
from tests.races import threads
from tests.rehearsal.conftest import minutes_later
from tests.seals import all_older_are_over

__all__ = ["threads"]

OrmQ = apps.get_model("django_q", "OrmQ")

pytestmark = pytest.mark.race


def test_with_all_guards_nothing_is_found(lab):
    made = lab(faults="bad,flaky,wait")
    made.work()
    found = made.findings()
    assert {name: finding.violations for name, finding in found.items()} == {f"I{n}": [] for n in range(1, 8)}
    assert found["I1"].checked == len(made.plan.rows)
    assert (found["I2"].checked, found["I3"].checked) == (len(made.erp.booked), len(made.erp.booked))
    assert made.erp.booked


def test_the_checker_says_when_it_was_not_drained(lab):
    made = lab()
    made.work()
    assert made.findings(drained=False)["I7"].violations == ["not drained in 60 s"]


# --- lanes ---------------------------------------------------------------------------------------------------------


def zombie(lab, threads, monkeypatch):
    """A worker freezes inside its first item until another one has done it; then it comes back."""
    made = lab(4, effects=0)
    frozen, taken = threading.Event(), threading.Event()
    booked = handlers.DEEDS["note"]

    def note(job):
        booked(job)
        if job.attempt == 1 and not frozen.is_set():
            frozen.set()
            assert taken.wait(60)

    monkeypatch.setitem(handlers.DEEDS, "note", note)

    def successor():
        assert frozen.wait(60)
        Lane.objects.update(leased_until="2000-01-01T00:00Z", next_at="2000-01-01T00:00Z")
        ticker.expire_leases()
        try:
            for stage in ("ingest", "bulk"):
                engine.drain(stage)
        finally:
            taken.set()

    stage = Lane.objects.order_by("-stage").first().stage
    threads(lambda: engine.drain(stage), successor)
    made.work(1)
    return made


def test_with_token_and_state_a_zombie_changes_nothing(lab, threads, monkeypatch):
    assert zombie(lab, threads, monkeypatch).violated() == set()


EITHER = [
    pytest.param(settlement, "all_waited", id="token alone"),
    pytest.param(fencing, "is_current", id="state alone"),
]


@pytest.mark.parametrize(("room", "guard"), EITHER)
def test_with_token_or_state_alone_a_zombie_changes_nothing(lab, threads, monkeypatch, room, guard):
    monkeypatch.setattr(room, guard, lambda *_: True)
    assert zombie(lab, threads, monkeypatch).violated() == set()


def test_without_token_and_state_the_zombie_shows(lab, threads, monkeypatch):
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    monkeypatch.setattr(settlement, "all_waited", lambda finished, jobs: True)
    assert "I1" in zombie(lab, threads, monkeypatch).violated()


def lose_an_answer(made, monkeypatch, error, alone):
    """The commit of a worker's last items happens, and instead of its answer comes an error: nobody knows about it."""
    real = engine._work_local
    lost: list[object] = []

    def work_local(jobs, room):
        if lost or (len(jobs) == 1) != alone:
            return real(jobs, room)
        lost.append(real(jobs, 0))
        raise error

    monkeypatch.setattr(sharing, "companions", lambda *_: [])
    if alone:
        monkeypatch.setattr(engine, "_together", lambda heads: heads[:1])
    monkeypatch.setattr(engine, "_work_local", work_local)
    made.work()
    assert lost


LOST = [
    pytest.param(RuntimeError("the answer got lost"), False, id="worked again"),
    pytest.param(Failed(FailureClass.DATA, "the answer got lost"), True, id="parked"),
]
"""What comes instead, and whether of one item alone: of several the first is worked again, of one the failure noted."""


@pytest.mark.parametrize(("error", "alone"), LOST)
def test_with_the_state_of_the_item_a_lost_answer_changes_nothing(lab, monkeypatch, error, alone):
    made = lab(effects=0)
    lose_an_answer(made, monkeypatch, error, alone)
    assert made.violated() == set()


@pytest.mark.parametrize(("error", "alone"), LOST)
def test_without_the_state_of_the_item_a_lost_answer_shows(lab, monkeypatch, error, alone):
    """The lane is still the worker's: its token alone lets it note a second outcome."""
    made = lab(effects=0)
    monkeypatch.setattr(settlement, "all_waited", lambda waited, jobs: True)
    lose_an_answer(made, monkeypatch, error, alone)
    assert "I1" in made.violated()


def test_without_the_order_of_the_lane_disorder_shows(lab, monkeypatch):
    made = lab()
    real = engine._next

    def backwards(lane, room):
        """Claims the last item instead of the first."""
        waiting = heads.of([lane.pk], 10_000)
        return engine._claim_items(lane, waiting[-1:]) if waiting else real(lane, room)

    monkeypatch.setattr(engine, "_next", backwards)
    made.work(2)
    assert "I4" in made.violated()


def test_without_the_block_of_a_lane_what_passes_a_parked_head_shows(lab, monkeypatch):
    """Every kind may be overtaken: nobody has said that the rest may pass."""
    made = lab(1000, faults="bad", effects=0)
    strict = handlers.STRICT
    monkeypatch.setitem(engine.HANDLERS._entries, strict, replace(engine.HANDLERS.get(strict), skippable=True))
    made.work()
    assert made.violated() == {"I4"}


def test_with_the_block_of_a_lane_nothing_passes_a_parked_head_by_itself(lab):
    made = lab(1000, faults="bad", effects=0)
    made.drain()
    assert Lane.objects.filter(blocked=True).exists()
    made.work()
    assert made.violated() == set()


def open_late(lab, monkeypatch):
    """The window of the first effect of each lane is closed when it comes, and open when the next one comes."""
    seen: set[str] = set()

    def closed(effect):
        is_first = effect.lane not in seen
        seen.add(effect.lane)
        return "not yet" if is_first else ""

    monkeypatch.setattr(GATES, "_entries", {"late": Gate("late", applies=lambda effect: True, closed=closed)})
    made = lab(effects=12)
    made.drain()
    windows.recheck()
    made.work()
    return made


def test_with_turns_who_waited_for_a_window_goes_first(lab, monkeypatch):
    made = open_late(lab, monkeypatch)
    assert made.violated() == set()
    assert Event.objects.filter(action="effects.effect.window_opened").exists()


def test_without_turns_who_comes_later_overtakes_and_shows(lab, monkeypatch):
    monkeypatch.setattr(turns, "comes_first", lambda *_: False)
    assert open_late(lab, monkeypatch).violated() == {"I4"}


class Killed(BaseException):
    """What poison does to whoever works it."""


def die(job):
    raise Killed


def test_without_counting_claims_poison_holds_everybody_up(lab, monkeypatch):
    """The item is never parked: it is neither done nor set aside, which is no terminal state."""
    monkeypatch.setattr(engine, "MAX_CLAIMS", 10**6)

    monkeypatch.setitem(handlers.DEEDS, "poison", die)
    made = lab(faults="poison")
    for _ in range(12):
        try:
            made.work(1)
        except Killed:
            continue
    assert "I1" in made.violated()


def test_with_counted_claims_poison_is_parked_and_the_rest_goes_on(lab, monkeypatch):
    monkeypatch.setitem(handlers.DEEDS, "poison", die)
    made = lab(faults="poison")
    for _ in range(12):
        try:
            made.work(1)
        except Killed:
            continue
    assert made.violated() == set()
    assert Item.objects.filter(state="parked").count() == sum(row.does == "poison" for row in made.plan.rows)


TRIES = POLICIES[FailureClass.TRANSIENT].attempts


def fail_for_ever(lab, monkeypatch):
    """Some items fail whenever they are tried, each time as if it were for the moment only."""

    def fail(job):
        raise Failed(FailureClass.TRANSIENT, "not this time either")

    monkeypatch.setitem(handlers.DEEDS, "flaky", fail)
    made = lab(100, faults="flaky", effects=0)
    made.work(TRIES)
    return made


def test_with_retries_that_end_what_fails_for_ever_is_parked(lab, monkeypatch):
    assert fail_for_ever(lab, monkeypatch).violated() == set()
    assert Item.objects.filter(state="parked").exists()


def test_without_the_end_of_retries_what_fails_for_ever_shows(lab, monkeypatch):
    policy = POLICIES[FailureClass.TRANSIENT]
    monkeypatch.setitem(POLICIES, FailureClass.TRANSIENT, replace(policy, attempts=10**6))
    assert fail_for_ever(lab, monkeypatch).violated() == {"I1"}


def test_without_the_transaction_around_work_and_settlement_a_crash_shows(lab, monkeypatch):
    """Work that is committed before its item is settled is done again after a crash."""
    made = lab()
    monkeypatch.setattr(engine, "_is_local", lambda job: False)
    hold = fencing.hold
    calls = []

    def die_once(job):
        calls.append(job)
        if len(calls) == 1:
            raise failpoints.Crash("settling")
        return hold(job)

    monkeypatch.setattr(fencing, "hold", die_once)
    with pytest.raises(failpoints.Crash):
        made.work(1)
    made.work()
    assert "I1" in made.violated()


def die_with_a_lease(made):
    with failpoints.armed("claimed"), pytest.raises(failpoints.Crash):
        made.drain()
    minutes_later()
    ticker.expire_leases()
    made.drain()


def test_with_leases_that_end_what_a_dead_worker_held_goes_on(lab):
    made = lab(faults="none", effects=0)
    die_with_a_lease(made)
    assert made.violated(drained=queries.quiescent()) == set()


def test_without_the_end_of_leases_what_a_dead_worker_held_shows(lab, settings):
    made = lab(faults="none", effects=0)
    settings.LEASE_SECONDS = 10**6
    die_with_a_lease(made)
    assert made.violated(drained=queries.quiescent()) == {"I1", "I7"}


def freeze_with_a_lock(lab, threads, monkeypatch, settings):
    """A worker freezes while it holds its lane's row. Returns whether a writer into the lane came by it within 5 s."""
    settings.LEASE_SECONDS = 1
    made = lab(4, effects=0)
    frozen, over = threading.Event(), threading.Event()
    real, locked, passed = settlement.finish, [], []

    def finish(held, jobs, *, more):
        if not frozen.is_set():
            locked.append(held.pk)
            frozen.set()
            assert over.wait(60)
        real(held, jobs, more=more)

    def writer():
        assert frozen.wait(60)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                cursor.execute("UPDATE hub_work_lane SET ready = ready WHERE id = %s", locked)
            passed.append(True)
        except OperationalError:
            passed.append(False)
        finally:
            over.set()

    monkeypatch.setattr(sharing, "companions", lambda *_: [])
    monkeypatch.setattr(settlement, "finish", finish)
    threads(made.drain, writer)
    made.work(2)
    return made, passed[0]


def test_with_sessions_that_end_a_frozen_worker_holds_nobody_up(lab, threads, monkeypatch, settings):
    made, passed = freeze_with_a_lock(lab, threads, monkeypatch, settings)
    assert made.violated(drained=passed) == set()


def test_without_the_end_of_sessions_a_frozen_worker_shows(lab, threads, monkeypatch, settings):
    """Its lease is over and its lane is still locked: whoever writes into it waits for as long as it is frozen."""
    monkeypatch.setattr(session, "leave_no_locks", lambda: None)
    made, passed = freeze_with_a_lock(lab, threads, monkeypatch, settings)
    assert made.violated(drained=passed) == {"I7"}


def lose_the_queue(made):
    """The queue loses all it holds; workers do only what it tells them."""
    OrmQ.objects.all().delete()
    minutes_later()
    ticker.wake_due_stages()
    while (ring := OrmQ.objects.first()) is not None:
        ring.delete()
        doorbell.answer(*ring.task["args"])


def test_with_a_ticker_that_needs_no_queue_a_lost_queue_changes_nothing(lab):
    made = lab(effects=0)
    lose_the_queue(made)
    assert made.violated(drained=queries.quiescent()) == set()


def test_without_the_ticker_a_lost_queue_shows(lab, monkeypatch):
    made = lab(effects=0)
    monkeypatch.setattr(doorbell, "ring_again", lambda stage, *, stale_seconds: False)
    lose_the_queue(made)
    assert made.violated(drained=queries.quiescent()) == {"I1", "I7"}


# --- money and trail -----------------------------------------------------------------------------------------------


def test_an_invoice_over_another_amount_shows(lab):
    made = lab()
    made.work()
    made.erp.booked[0]["gross"] = "0.01"
    assert made.violated() == {"I5"}


def test_an_invoice_nobody_intended_shows(lab):
    made = lab()
    made.work()
    made.erp.booked.append({"id": "L-99", "reference": "R5-999999", "gross": "1"})
    assert made.violated() == {"I2"}


def test_a_changed_event_shows(lab):
    made = lab()
    made.work()
    all_older_are_over()
    made.findings()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_trail_event DISABLE TRIGGER USER")
    try:
        Event.objects.filter(pk=Event.objects.earliest("id").pk).update(reason="never happened")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE hub_trail_event ENABLE TRIGGER USER")
    assert made.violated() == {"I6"}
