"""Guards of the ledger of effects taken away, each once: the checker must say so."""

import threading
from collections import deque
from dataclasses import replace
from functools import partial

import pytest
from django.apps import apps
from django.db import transaction

from integration_hub.connectors.netsuite.manifest import INVOICE_POST
from integration_hub.connectors.registry import Confirmed, WriteSpec
from integration_hub.effects import engine as effects_engine
from integration_hub.effects import ledger, policies, turns
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.kernel.decision import ALLOW
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.transitions import Transitions
from integration_hub.operations.rehearsal import handlers
from integration_hub.work import fencing
from integration_hub.work.models import Item, Lane
from tests.races import interleave, threads, without_row_locks
from tests.rehearsal.conftest import wait_out

__all__ = ["interleave", "threads"]

OrmQ = apps.get_model("django_q", "OrmQ")

pytestmark = pytest.mark.race


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
    worked, withdrawn = interleave(partial(made.drain, "post"), withdraw, at=(turns, "of"))
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
