"""Each guard of the product is taken away once, and the checker must see what comes of it.

The same scenes with all guards in place end without a violation: `test_with_its_guard_…` beside each.
"""

import threading

import pytest
from django.db import connection

from integration_hub.effects import engine as effects_engine
from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.operations.rehearsal import handlers
from integration_hub.trail.models import Event
from integration_hub.work import engine, fencing, settlement, ticker
from integration_hub.work.models import Item, Lane
from tests.races import threads

__all__ = ["threads"]

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
    made = lab(items=4, effects=0)
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


def test_without_token_and_state_the_zombie_shows(lab, threads, monkeypatch):
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    monkeypatch.setattr(settlement, "all_waited", lambda finished, jobs: True)
    assert "I1" in zombie(lab, threads, monkeypatch).violated()


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


def test_without_the_confirming_read_a_lie_is_believed_and_shows(lab, monkeypatch):
    from integration_hub.connectors.registry import Confirmed

    def believe(job, effect, connector):
        attempt, _ = effects_engine._ask(job, effect, connector, "confirm")
        effects_engine._record_confirmed(job, effect, attempt, Confirmed("L-0", "L-0"))

    monkeypatch.setattr(effects_engine, "_confirm", believe)
    made = lab()
    made.erp.vices.append("lie")
    made.work()
    assert {"I3", "I5"} <= made.violated()


def test_with_the_confirming_read_a_lie_is_found_out(lab):
    made = lab()
    made.erp.vices.append("lie")
    made.work()
    assert made.violated() == set()


def test_without_the_unique_key_a_second_intent_shows(lab, monkeypatch):
    """The key is dropped from the database, and planning does not look either."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_effects_effect DROP CONSTRAINT effect_one_per_revision")
        cursor.execute("ALTER TABLE hub_effects_effect DROP CONSTRAINT hub_effects_effect_key_key")
    try:
        monkeypatch.setattr(Effect.objects, "get_or_create", lambda key, defaults: (
            Effect.objects.create(key=key, **defaults), True))  # fmt: skip
        again = handlers.DEEDS["invoice"]
        monkeypatch.setitem(handlers.DEEDS, "invoice", lambda job: (again(job), again(job)))
        made = lab()
        made.work()
        assert {"I2", "I5"} <= made.violated()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE hub_effects_effect CASCADE")
            cursor.execute("ALTER TABLE hub_effects_effect ADD CONSTRAINT hub_effects_effect_key_key UNIQUE (key)")
            cursor.execute(
                "ALTER TABLE hub_effects_effect ADD CONSTRAINT effect_one_per_revision"
                " UNIQUE (connection_id, effect_type, business_key, revision)"
            )


def test_with_the_unique_key_the_same_intent_twice_is_one(lab, monkeypatch):
    again = handlers.DEEDS["invoice"]
    monkeypatch.setitem(handlers.DEEDS, "invoice", lambda job: (again(job), again(job)))
    made = lab()
    made.work()
    assert made.violated() == set()


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
