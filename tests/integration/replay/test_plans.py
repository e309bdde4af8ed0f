"""What is frozen, what is foreseen, who may let it run, and that exactly that runs."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.effects.registry import GATES, OUTCOMES, Gate, Objection, Outcome
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.replay import engine
from integration_hub.replay.actions import plans
from integration_hub.replay.models import Plan, PlanItem
from integration_hub.trail.models import Event
from integration_hub.work.models import Item as Work
from tests import factories
from tests.integration.replay.conftest import bulk, outcomes

pytestmark = pytest.mark.django_db


def foreseen(made):
    rows = made.items.order_by("number").values_list("label", "prospect", "prospect_reason")
    return {label.split(" ")[0]: (prospect, reason) for label, prospect, reason in rows}


def fresh(row):
    row.refresh_from_db()
    return row


def run(made, work, rounds=4):
    for _ in range(rounds):
        bulk()
        work()
    return fresh(made)


def test_a_plan_is_frozen_forecast_approved_by_another_and_run(refused, freeze, work, ledger, approver, heard):
    first, second = refused("A", "B", amount=Decimal(4000))
    made = freeze()
    assert (made.state, made.size, made.legal_entities) == ("ready", 2, ["US"])
    assert foreseen(made) == {"A": ("create", "no such customer"), "B": ("create", "no such customer")}
    assert "8,000.00 USD" in made.four_eyes
    assert {fresh(first).state, fresh(second).state} == {"rejected"}
    assert ledger.sends == 2
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version, reason="Looked at them")
    assert run(made, work).state == "done"
    assert outcomes(made) == {"A": "created", "B": "created"}
    assert (ledger.entries("A"), ledger.entries("B"), ledger.sends) == (1, 1, 4)
    assert made.items.filter(settled_at=None).count() == 0
    told = list(Event.objects.filter(object_type="replay.plan").order_by("id").values_list("action", flat=True))
    assert told == [f"replay.plan.{verb}" for verb in ("frozen", "forecast", "approved", "done")]


def test_the_set_that_runs_is_the_set_approved_although_new_failures_arrive(refused, freeze, work, ledger, approver):
    refused("A", "B")
    made = freeze()
    chosen = set(made.items.values_list("target_id", flat=True))
    late = refused("C", "D")
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    refused("E")
    run(made, work)
    assert set(made.items.values_list("target_id", flat=True)) == chosen
    assert {fresh(effect).state for effect in late} == {"rejected"}
    assert [ledger.entries(name) for name in "ABCDE"] == [1, 1, 0, 0, 0]
    retried = Event.objects.filter(action="effects.effect.retried").values_list("object_id", flat=True)
    assert {int(pk) for pk in retried} == chosen


def test_a_set_that_was_changed_past_the_screen_is_not_approved(refused, freeze, approver):
    refused("A", "B")
    late = refused("C")[0]
    made = freeze(Effect.objects.filter(business_key__in=["A", "B"]))
    made.items.filter(number=1).update(target_id=late.pk)
    with pytest.raises(Stale, match="not those that were chosen"):
        plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)


def test_what_moved_on_since_is_left_alone(refused, freeze, work, ledger, approver):
    done, again, gone = refused("A", "B", "C")
    made = freeze()
    effects.retry(effect_id=done.pk, by="system:test")
    work()
    ledger.vices.append(Failed(FailureClass.REJECTED, "still no such customer"))
    effects.retry(effect_id=again.pk, by="system:test")
    work()
    effects.cancel(effect_id=gone.pk, by="system:test", reason="not needed")
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    run(made, work)
    assert outcomes(made) == {"A": "noop", "B": "changed", "C": "changed"}
    assert ledger.entries("A") == 1
    assert fresh(again).state == "rejected"


def test_every_prospect_has_its_reason(plan, refused, freeze, work, ledger, maker, monkeypatch):
    refused("SHUT", posting_date="2026-01-31")
    refused("HELD")
    refused("APPROVE", subject=("test.needs_approval", 1))
    plan(reference="DONE")
    work()
    paused = refused("PAUSED", connection=_paused())
    type(paused[0].connection).objects.filter(code="other").update(is_paused=True, paused_reason="month-end")
    gate = Gate("period", lambda effect: effect.posting_date is not None, lambda effect: "January is closed.")
    monkeypatch.setattr(GATES, "_entries", {"period": gate})
    told = {"APPROVE": Objection("It was changed.", needs_approval=True), "HELD": Objection("Its hold is open.")}

    def object_to(rows):
        return {row.pk: told[row.business_key] for row in rows if row.business_key in told}

    listener = Outcome(lambda effect: None, lambda effect: None, retried=object_to)
    monkeypatch.setattr(OUTCOMES, "_entries", {**OUTCOMES._entries, "*": listener})
    made = freeze(Effect.objects.all())
    assert foreseen(made) == {
        "SHUT": ("window", "January is closed."),
        "HELD": ("conflict", "Its hold is open."),
        "APPROVE": ("approval", "It was changed."),
        "DONE": ("noop", "This effect is confirmed: there is nothing to try again."),
        "PAUSED": ("waits", "Other ERP is paused: month-end"),
    }
    assert set(Effect.objects.exclude(state="confirmed").values_list("state", flat=True)) == {"rejected"}


def _paused():
    from integration_hub.connectors.models import Connection
    from tests.ledger import VENDOR

    return Connection.objects.create(code="other", vendor=VENDOR, name="Other ERP")


@pytest.mark.parametrize(("vice", "prospect"), [("commit_then_timeout", "noop"), ("nothing", "create")])
def test_an_unknown_outcome_is_asked_about_before_the_approval(plan, freeze, work, ledger, approver, vice, prospect):
    ledger.vices.append(vice if vice != "nothing" else Failed(FailureClass.UNKNOWN_OUTCOME, "connection reset"))
    effect = plan("K", "A")
    work()
    assert fresh(effect).state == "unknown"
    made = freeze(Effect.objects.filter(state="unknown"))
    assert foreseen(made)["A"][0] == prospect
    assert fresh(effect).state == "unknown"
    assert ledger.sends == 1
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    run(made, work)
    assert outcomes(made) == {"A": "noop" if prospect == "noop" else "created"}
    assert ledger.entries("A") == 1


def test_an_unknown_outcome_that_cannot_be_looked_up_is_for_a_person(plan, freeze, work, ledger):
    ledger.vices.append(Failed(FailureClass.UNKNOWN_OUTCOME, "no answer"))
    plan("N", "A")
    work()
    made = freeze(Effect.objects.all())
    assert foreseen(made)["A"] == (
        "refused",
        "This write can neither be repeated safely nor looked up: a person looks.",
    )


def test_what_the_target_refuses_again_is_told(refused, freeze, work, ledger, approver):
    refused("A")
    made = freeze()
    ledger.vices.append(Failed(FailureClass.REJECTED, "still no"))
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    run(made, work)
    assert made.items.get().outcome_reason == "still no"
    assert outcomes(made) == {"A": "refused"}


def test_what_waits_for_a_window_settles_after_the_plan_is_done(refused, freeze, work, ledger, approver, monkeypatch):
    refused("A")
    shut = {"now": "January is closed."}
    monkeypatch.setattr(GATES, "_entries", {"period": Gate("period", lambda effect: True, lambda effect: shut["now"])})
    made = freeze()
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    assert run(made, work).state == "done"
    assert outcomes(made) == {"A": "window"}
    shut["now"] = ""
    from integration_hub.effects import windows

    windows.recheck()
    work()
    assert engine.follow_up() == 1
    assert outcomes(made) == {"A": "created"}
    assert ledger.entries("A") == 1


# -- who may ----------------------------------------------------------------------------------------------------------


def test_above_the_limits_its_maker_cannot_approve_it(refused, freeze, approver, settings):
    settings.ALONE_AMOUNT = Decimal(50)
    refused("A")
    made = freeze(by=approver)
    with pytest.raises(Denied, match="someone else must approve"):
        plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk=made.pk).update(approved_by=F("planned_by"), approved_at=made.created_at)


def test_within_the_limits_one_person_may_do_it_alone(refused, freeze, work, approver):
    refused("A")
    made = freeze(by=approver)
    assert made.four_eyes == ""
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    assert run(made, work).state == "done"


def test_more_items_than_one_person_may_need_a_second_whatever_their_amount(refused, freeze, settings):
    settings.ALONE_ITEMS = 1
    refused("A", "B", amount=None, currency="")
    assert "2 items" in freeze().four_eyes


def test_roles_and_legal_entities_are_asked(refused, freeze, maker):
    refused("A")
    made = freeze()
    for person, why in (
        (maker, "does not approve"),
        (factories.user(Role.FINANCE, entities=("DE",)), "legal entity"),
        (factories.user(Role.AUDITOR, entities=("US",)), "does not approve"),
    ):
        with pytest.raises(Denied, match=why):
            plans.approve(plan_id=made.pk, by=person, seen_version=made.version)
    with pytest.raises(Denied, match="does not plan"):
        freeze(by=factories.user(Role.AUDITOR))
    with pytest.raises(Denied, match="belong to no legal entity"):
        freeze(kind="source", by=maker)


def test_a_decision_states_what_was_seen(refused, freeze, approver):
    refused("A")
    made = freeze()
    with pytest.raises(Stale):
        plans.approve(plan_id=made.pk, by=approver, seen_version=made.version + 1)


# -- pause, resume, cancel, failure ----------------------------------------------------------------------------------


def test_a_run_is_throttled_paused_resumed_and_cancelled(refused, freeze, work, ledger, approver):
    refused(*"ABCDEF")
    made = freeze(per_minute=24)  # two in five seconds
    plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
    bulk()
    assert fresh(made).taken == 2
    waits = Work.objects.get(lane__key=f"replay:{made.pk}", state="ready")
    assert waits.not_before is not None
    assert round((waits.not_before - waits.created_at).total_seconds()) == 5
    plans.pause(plan_id=made.pk, by=approver, seen_version=made.version)
    bulk(3)
    assert (fresh(made).state, made.taken) == ("paused", 2)
    plans.resume(plan_id=made.pk, by=approver, seen_version=made.version)
    bulk()
    assert fresh(made).taken == 4
    plans.cancel(plan_id=made.pk, by=approver, seen_version=made.version, reason="enough")
    run(made, work)
    engine.follow_up()
    assert outcomes(made) == {**dict.fromkeys("ABCD", "created"), "E": "", "F": ""}
    assert [ledger.entries(name) for name in "ABCDEF"] == [1, 1, 1, 1, 0, 0]
    with pytest.raises(Denied, match="cancelled"):
        plans.resume(plan_id=made.pk, by=approver, seen_version=made.version)


def test_a_batch_that_breaks_takes_nothing_and_pauses_the_plan(refused, freeze, work, ledger, approver, monkeypatch):
    first, second = refused("A", "B")
    made = freeze()

    def broken(rows):
        raise Failed(FailureClass.DATA, "a listener cannot bear it")

    listener = Outcome(lambda effect: None, lambda effect: None, retried=broken)
    with monkeypatch.context() as patch:
        patch.setattr(OUTCOMES, "_entries", {**OUTCOMES._entries, "*": listener})
        plans.approve(plan_id=made.pk, by=approver, seen_version=made.version)
        bulk()
    assert (fresh(made).state, made.failure, made.taken) == ("paused", "a listener cannot bear it", 0)
    assert {fresh(first).state, fresh(second).state} == {"rejected"}
    plans.resume(plan_id=made.pk, by=approver, seen_version=made.version)
    assert run(made, work).state == "done"
    assert outcomes(made) == {"A": "created", "B": "created"}


def test_a_forecast_can_be_made_anew(refused, freeze, work, maker):
    done = refused("A", "B")[0]
    made = freeze()
    effects.retry(effect_id=done.pk, by="system:test")
    work()
    plans.forecast_again(plan_id=made.pk, by=maker, seen_version=made.version)
    bulk()
    assert fresh(made).state == "ready"
    assert {name: prospect for name, (prospect, _) in foreseen(made).items()} == {"A": "noop", "B": "create"}


def test_nothing_too_much_and_too_fast_are_refused(refused, freeze, monkeypatch):
    with pytest.raises(BadInput, match="are 0"):
        freeze()
    refused("A", "B")
    monkeypatch.setattr(plans, "LARGEST", 1)
    with pytest.raises(BadInput, match="are 2"):
        freeze()
    with pytest.raises(BadInput, match="per_minute"):
        freeze(per_minute=1)
    assert Plan.objects.count() == PlanItem.objects.count() == 0


def test_a_forecast_in_many_batches_foresees_each_item_once(refused, freeze, monkeypatch):
    refused(*"ABCDE")
    monkeypatch.setattr(engine, "BATCH", {"effect": 2, "source": 2})
    made = freeze()
    assert (made.foreseen, made.state) == (5, "ready")
    assert set(made.items.values_list("prospect", flat=True)) == {"create"}
