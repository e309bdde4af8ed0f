"""Each guard of the product is taken away once, and the checker must see what comes of it.

The same scenes with all guards in place end without a violation: `test_with_its_guard_…` beside each.
"""

import threading
from collections import deque
from dataclasses import replace
from functools import partial

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction

from integration_hub.connectors.netsuite.manifest import INVOICE_POST
from integration_hub.connectors.registry import Confirmed, WriteSpec
from integration_hub.effects import engine as effects_engine
from integration_hub.effects import ledger, policies, windows
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.kernel.decision import ALLOW
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.kernel.transitions import Transitions
from integration_hub.operations.rehearsal import handlers
from integration_hub.trail.models import Event
from integration_hub.work import doorbell, engine, fencing, queries, session, settlement, sharing, ticker
from integration_hub.work.models import Item, Lane
from tests.races import interleave, threads, without_row_locks
from tests.rehearsal.conftest import minutes_later, wait_out

__all__ = ["interleave", "threads"]

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
        last = lane.items.filter(state="ready").order_by("-id").first()
        return engine._claim_items(lane, [last]) if last is not None else real(lane, room)

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
    lane = Lane.objects.order_by("-stage").first()
    frozen, over = threading.Event(), threading.Event()
    real, passed = settlement.finish, []

    def finish(held, jobs, *, more):
        if not frozen.is_set():
            frozen.set()
            assert over.wait(60)
        real(held, jobs, more=more)

    def writer():
        assert frozen.wait(60)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                cursor.execute("UPDATE hub_work_lane SET ready = ready WHERE id = %s", [lane.pk])
            passed.append(True)
        except OperationalError:
            passed.append(False)
        finally:
            over.set()

    monkeypatch.setattr(sharing, "companions", lambda *_: [])
    monkeypatch.setattr(settlement, "finish", finish)
    threads(partial(made.drain, lane.stage), writer)
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


# --- effects -------------------------------------------------------------------------------------------------------


def crash_after_sending(made):
    with failpoints.armed("after_send"), pytest.raises(failpoints.Crash):
        made.work()
    made.work()


def test_with_the_probe_a_death_after_sending_is_found_out(lab):
    made = lab()
    crash_after_sending(made)
    assert made.violated() == set()


def test_without_the_probe_a_second_entry_shows(lab, monkeypatch):
    def resend(job, effect, message):
        Effect.objects.filter(pk=effect.pk).update(state="planned")
        effect.refresh_from_db()

    monkeypatch.setattr(effects_engine, "_lose", resend)
    made = lab()
    crash_after_sending(made)
    assert {"I2", "I5"} <= made.violated()


def test_without_noting_it_before_a_death_after_sending_shows(lab, monkeypatch):
    """Nothing says that it was about to leave: whoever comes next sends it."""

    def unnoted(job, effect):
        with transaction.atomic():
            fencing.hold(job)
            return effects_engine._attempt(job, effect, "send")

    monkeypatch.setattr(effects_engine, "_begin", unnoted)
    made = lab()
    crash_after_sending(made)
    assert {"I2", "I5"} <= made.violated()


def come_late(made, monkeypatch):
    """The answer gets lost, and the target shows what it booked only when it is asked for the second time."""
    made.erp.vices.append("commit_then_timeout")
    real, late = made.erp.find, deque([None])
    monkeypatch.setattr(made.erp, "find", lambda where, write: late.popleft() if late else real(where, write))
    made.work()


def test_with_two_empty_answers_what_comes_late_is_found_out(lab, monkeypatch):
    made = lab(effects=1)
    come_late(made, monkeypatch)
    assert made.violated() == set()


def test_without_the_second_answer_what_comes_late_is_sent_twice_and_shows(lab, monkeypatch):
    made = lab(effects=1)
    monkeypatch.setattr(effects_engine, "ABSENT_PROOFS", {})
    come_late(made, monkeypatch)
    assert {"I2", "I5"} <= made.violated()


def cannot_tell(made, monkeypatch):
    """The target cannot say what it has: such a write is tried once."""
    made.erp.manifest = replace(made.erp.manifest, writes=(WriteSpec(INVOICE_POST, "Invoice posted", "N"),))
    made.erp.vices.append("commit_then_timeout")
    monkeypatch.setattr(made.erp, "find", lambda where, write: None)
    made.work()


def test_with_one_attempt_what_cannot_be_asked_about_waits_for_a_person(lab, monkeypatch):
    made = lab(effects=1)
    cannot_tell(made, monkeypatch)
    assert Item.objects.filter(kind=ledger.SEND, state="parked").exists()
    assert made.violated() == set()


def test_without_the_end_after_one_attempt_a_second_entry_shows(lab, monkeypatch):
    made = lab(effects=1)
    monkeypatch.setattr(effects_engine, "can_be_asked", lambda effect: True)
    cannot_tell(made, monkeypatch)
    assert {"I2", "I5"} <= made.violated()


def come_back_late(lab, threads, monkeypatch):
    """A send hangs. A successor has asked about it twice and sends again; then the first one hears: come back later."""
    made = lab(4, effects=1)
    made.drain("ingest", "bulk")
    hangs, again, told = threading.Event(), threading.Event(), threading.Event()
    real = made.erp.send

    def send(where, write):
        if not hangs.is_set():
            hangs.set()
            assert again.wait(60)
            raise Failed(FailureClass.TRANSIENT, "come back later")
        sent = real(where, write)
        if not again.is_set():
            again.set()
            assert told.wait(60)
        return sent

    def first():
        try:
            made.drain("post")
        finally:
            told.set()

    def successor():
        assert hangs.wait(60)
        for _ in range(3):
            wait_out()
            made.drain("post")

    monkeypatch.setattr(made.erp, "send", send)
    threads(first, successor)
    made.work()
    return made


def test_with_the_token_a_late_refusal_changes_nothing(lab, threads, monkeypatch):
    assert come_back_late(lab, threads, monkeypatch).violated() == set()


def test_without_the_token_a_late_refusal_shows(lab, threads, monkeypatch):
    """The effect is being sent, as it was when it was read: its state does not tell one sending from another."""
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    assert {"I2", "I5"} <= come_back_late(lab, threads, monkeypatch).violated()


def begin_blindly(job, effect):
    """Whatever state it is in, it is sent."""
    with transaction.atomic():
        fencing.hold(job)
        effect.state = "sending"
        effect.save(update_fields=["state"])
        return effects_engine._attempt(job, effect, "send")


def work_it_twice(made, monkeypatch):
    """Two workers have the same claim; both have read that the effect is planned."""
    real = effects_engine._send
    worked: list[Effect] = []

    def twice(job, effect, connector):
        if not worked:
            worked.append(effect)
            real(job, Effect.objects.select_related("connection").get(pk=effect.pk), connector)
        real(job, effect, connector)

    monkeypatch.setattr(effects_engine, "_send", twice)
    made.work()


def test_with_the_look_before_sending_one_claim_sends_once(lab, monkeypatch, dropped):
    made = lab()
    dropped("hub_effects_attempt", "effect_attempt_once_per_token")
    work_it_twice(made, monkeypatch)
    assert made.violated() == set()


def test_with_one_attempt_per_token_one_claim_sends_once(lab, monkeypatch):
    made = lab()
    monkeypatch.setattr(effects_engine, "_begin", begin_blindly)
    work_it_twice(made, monkeypatch)
    assert "I2" not in made.violated()


def test_without_the_look_and_the_unique_attempt_a_second_entry_shows(lab, monkeypatch, dropped):
    made = lab()
    dropped("hub_effects_attempt", "effect_attempt_once_per_token")
    monkeypatch.setattr(effects_engine, "_begin", begin_blindly)
    work_it_twice(made, monkeypatch)
    assert {"I2", "I5"} <= made.violated()


def believe(remote_id, job, effect, connector):
    """Confirm without having seen it."""
    attempt, _ = effects_engine._ask(job, effect, connector, "confirm")
    effects_engine._record_confirmed(job, effect, attempt, Confirmed(remote_id, remote_id))


def test_without_the_confirming_read_a_lie_is_believed_and_shows(lab, monkeypatch):
    monkeypatch.setattr(effects_engine, "_confirm", partial(believe, "L-0"))
    made = lab()
    made.erp.vices.append("lie")
    made.work()
    assert {"I3", "I5"} <= made.violated()


def test_with_the_confirming_read_a_lie_is_found_out(lab):
    made = lab()
    made.erp.vices.append("lie")
    made.work()
    assert made.violated() == set()


def test_with_its_number_in_the_database_nothing_is_confirmed_without_one(lab, monkeypatch):
    monkeypatch.setattr(effects_engine, "_confirm", partial(believe, ""))
    made = lab()
    made.work()
    assert not Effect.objects.filter(state="confirmed").exists()
    assert made.violated() == set()


def test_without_its_number_in_the_database_a_confirmation_of_nothing_shows(lab, monkeypatch, dropped):
    dropped("hub_effects_effect", "effect_confirmed_pair")
    monkeypatch.setattr(effects_engine, "_confirm", partial(believe, ""))
    made = lab()
    made.work()
    assert made.violated() == {"I3"}


def test_without_the_unique_key_a_second_intent_shows(lab, monkeypatch, dropped):
    """The key is dropped from the database, and planning does not look either."""
    dropped("hub_effects_effect", "effect_one_per_revision")
    dropped("hub_effects_effect", "hub_effects_effect_key_key")
    monkeypatch.setattr(Effect.objects, "get_or_create", lambda key, defaults: (
        Effect.objects.create(key=key, **defaults), True))  # fmt: skip
    again = handlers.DEEDS["invoice"]
    monkeypatch.setitem(handlers.DEEDS, "invoice", lambda job: (again(job), again(job)))
    made = lab()
    made.work()
    assert {"I2", "I5"} <= made.violated()


def test_with_the_unique_key_the_same_intent_twice_is_one(lab, monkeypatch):
    again = handlers.DEEDS["invoice"]
    monkeypatch.setitem(handlers.DEEDS, "invoice", lambda job: (again(job), again(job)))
    made = lab()
    made.work()
    assert made.violated() == set()


def withdraw_what_is_done(made, monkeypatch):
    """The rule that says who may withdraw what says yes to everything."""
    monkeypatch.setattr(policies, "can_cancel", lambda effect, by, reason: ALLOW)
    made.work()
    done = Effect.objects.filter(state="confirmed").first()
    effects.cancel(effect_id=done.pk, by="system:test", reason="not needed")


def test_with_the_table_of_moves_what_is_done_is_not_withdrawn(lab, monkeypatch):
    made = lab()
    with pytest.raises(NotReady, match="cannot become cancelled"):
        withdraw_what_is_done(made, monkeypatch)
    assert made.violated() == set()


def test_without_the_table_of_moves_a_withdrawn_invoice_that_stands_there_shows(lab, monkeypatch):
    made = lab()
    monkeypatch.setattr(Transitions, "check", lambda table, current, new: None)
    withdraw_what_is_done(made, monkeypatch)
    assert made.violated() == {"I2"}


def withdraw_meanwhile(made, interleave):
    """A person withdraws an effect that a worker is about to send; the lane's row does not make one of them wait."""
    made.drain("ingest", "bulk")
    effect = Effect.objects.get()
    withdraw = partial(effects.cancel, effect_id=effect.pk, by="system:test", reason="not needed")
    worked, withdrawn = interleave(partial(made.drain, "post"), withdraw, at=(windows, "closed"))
    assert worked is None
    if withdrawn is not None:
        raise withdrawn
    made.work()


def test_with_the_state_in_the_write_what_was_withdrawn_is_not_sent(lab, interleave, monkeypatch):
    made = lab(4, effects=1)
    without_row_locks(monkeypatch, Lane)
    withdraw_meanwhile(made, interleave)
    assert made.violated() == set()
    assert not made.erp.booked


def test_with_the_lock_of_the_lane_what_is_about_to_be_sent_is_not_withdrawn(lab, interleave, monkeypatch):
    made = lab(4, effects=1)
    monkeypatch.setattr(ledger, "as_read", lambda effect: Effect.objects.filter(pk=effect.pk))
    with pytest.raises(Denied, match="no longer be withdrawn"):
        withdraw_meanwhile(made, interleave)
    assert made.violated() == set()


def test_without_the_state_in_the_write_what_was_withdrawn_stands_there_and_shows(lab, interleave, monkeypatch):
    made = lab(4, effects=1)
    without_row_locks(monkeypatch, Lane)
    monkeypatch.setattr(ledger, "as_read", lambda effect: Effect.objects.filter(pk=effect.pk))
    withdraw_meanwhile(made, interleave)
    assert made.violated() == {"I2"}


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
    made.findings()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_trail_event DISABLE TRIGGER USER")
    try:
        Event.objects.filter(pk=Event.objects.earliest("id").pk).update(reason="never happened")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE hub_trail_event ENABLE TRIGGER USER")
    assert made.violated() == {"I6"}
