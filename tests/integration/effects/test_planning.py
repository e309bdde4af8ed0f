"""One intent, one permanent key."""

from decimal import Decimal

import pytest

from integration_hub.cases.models import Case
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.effects.queries import proof
from integration_hub.work.models import Item

pytestmark = pytest.mark.django_db


def test_planning_the_same_again_returns_the_effect_there_is(plan):
    first = plan()
    again = plan(payload={"net": Decimal("100.0")})
    assert first.pk == again.pk
    assert Item.objects.count() == 1
    assert (first.safety, first.payload, first.lane) == ("K", {"net": "100"}, "erp:C-1")


def test_the_key_follows_from_what_is_meant_and_never_from_chance(plan):
    effect = plan()
    assert proof(effect).key_holds
    assert proof(effect).payload_holds
    others = [plan(revision=2), plan(reference="C-2"), plan(safety="U"), plan(legal_entity="GB", reference="C-3")]
    assert len({effect.key, *(other.key for other in others)}) == 5


def test_the_same_key_with_other_content_is_a_conflict(plan):
    plan()
    with pytest.raises(effects.Conflict, match="planned with other content"):
        plan(payload={"net": Decimal("100.01")})
    assert Effect.objects.count() == 1


def test_a_reported_conflict_stops_what_was_not_sent_and_opens_a_case(plan, work, ledger):
    effect = plan()
    with pytest.raises(effects.Conflict) as caught:
        plan(payload={"net": Decimal(7)})
    effects.report_conflict(caught.value, by="system:test")
    work()
    effect.refresh_from_db()
    assert (effect.state, ledger.sends) == ("conflict", 0)
    case = Case.objects.get(code="EFFECT_CONFLICT")
    assert (case.subject_id, case.status) == (str(effect.pk), "open")
    assert case.members.get().amount == 100
    effects.cancel(effect_id=effect.pk, by="system:test", reason="The second is right")
    case.refresh_from_db()
    assert case.status == "resolved"


def test_a_conflict_after_confirmation_leaves_the_effect_alone(plan, work):
    effect = plan()
    work()
    with pytest.raises(effects.Conflict) as caught:
        plan(payload={"net": Decimal(7)})
    effects.report_conflict(caught.value, by="system:test")
    effect.refresh_from_db()
    assert effect.state == "confirmed"
    assert Case.objects.filter(code="EFFECT_CONFLICT", status="open").exists()


def test_a_conflict_in_a_worker_reports_itself_when_the_item_is_parked(plan, monkeypatch):
    from integration_hub.work import engine
    from integration_hub.work.actions import items
    from integration_hub.work.registry import HANDLERS, Handler

    plan()
    handler = Handler(run=lambda job: plan(payload={"net": Decimal(7)}))
    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, "test.plan": handler})
    item = items.enqueue("test.plan", lane="L", stage="ingest")
    engine.drain("ingest")
    assert item is not None
    item.refresh_from_db()
    assert item.state == "parked"
    assert Case.objects.filter(code="EFFECT_CONFLICT", status="open").exists()


def test_a_write_the_connector_does_not_declare_is_refused(plan):
    with pytest.raises(LookupError, match="declares no write"):
        plan(effect_type="testledger.nothing")


def test_a_reversal_points_to_what_it_reverses(plan):
    effect = plan()
    reversal = plan(reference="CM-1", reverses=effect)
    assert effect.reversed_by == reversal
