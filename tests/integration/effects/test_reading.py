"""The ledger read: proof, lists within scope, the lineage of an effect, and the ways a case tries again."""

import pytest

from integration_hub.effects import kinds, queries
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import User
from integration_hub.trail.lineage import find, walk

pytestmark = pytest.mark.django_db


def test_the_proof_shows_every_try_and_falls_with_the_content(plan, work, ledger):
    ledger.vices.append(Failed(FailureClass.UNKNOWN_OUTCOME, "no answer"))
    effect = plan()
    work(3)
    effect.refresh_from_db()
    proof = queries.proof(effect)
    assert (proof.is_proved, proof.sends, len(proof.attempts)) == (True, 2, 4)
    Effect.objects.update(payload={"net": "101"})
    effect.refresh_from_db()
    assert not queries.proof(effect).is_proved
    Effect.objects.update(business_key="C-9")
    effect.refresh_from_db()
    assert not queries.proof(effect).key_holds


def test_what_no_read_of_the_target_found_is_not_proved(plan, work):
    effect = plan()
    work()
    effect.refresh_from_db()
    assert queries.proof(effect).is_proved
    effect.attempts.filter(kind="confirm").delete()
    assert not queries.proof(effect).is_proved


def test_lists_keep_to_the_scope(plan, work):
    effect, other = plan(), plan(reference="C-2", legal_entity="GB", subject=("billing.candidate", 2))
    person = User.objects.create_user("p", legal_entities=["US"])
    assert list(queries.open_effects(person)) == [effect]
    assert list(queries.of_subject("billing.candidate", 2)) == [other]
    assert queries.by_keys([effect.key, "nothing"]) == {effect.key: effect}
    work()
    assert list(queries.open_effects(person)) == []


def test_lineage_and_search(plan, work):
    effect = plan()
    reversal = plan(reference="CM-1", reverses=effect)
    work()
    effect.refresh_from_db()
    graph = walk(("effect", str(effect.pk)))
    node = graph.nodes["effect", str(effect.pk)]
    assert (node.lane, node.label, node.system, node.status) == ("ledger", "INV-L-1", "Test ERP", "Confirmed")
    assert (node.facts["Key"], node.facts["Sent"], node.facts["Record there"]) == (effect.key, "1 ×", "L-1")
    assert ("effect", str(reversal.pk)) in graph.nodes
    upwards = walk(("effect", str(reversal.pk)))
    assert ("effect", str(effect.pk)) in upwards.nodes
    for text in (effect.key, "C-1", "L-1", "INV-L-1"):
        assert ("effect", str(effect.pk)) in [(hit.kind, hit.key) for hit in find(text)]
    assert [hit for hit in find("nothing at all") if hit.kind == "effect"] == []
    assert walk(("effect", "0")).nodes == {}


def test_a_case_about_nothing_tries_nothing_again(plan, work):
    effect = plan()
    work()
    assert kinds._retry_effect(f"effect:{effect.pk}") == 0
    assert kinds._retry_effect("effect:0") == 0
    assert kinds._retry_connection("connection:nobody") == 0
    assert not kinds._is_in("rejected")(f"effect:{effect.pk}")


def test_a_conflict_cannot_be_tried_again_and_only_the_unknown_can_be_declared(plan, work):
    effect = plan()
    with pytest.raises(Denied, match="The outcome is not unknown"):
        effects.declare_rejected(effect_id=effect.pk, by="system:test", reason="x")
    Effect.objects.update(state="conflict")
    with pytest.raises(Denied, match="came with other content"):
        effects.retry(effect_id=effect.pk, by="system:test")
    Effect.objects.update(state="unknown")
    with pytest.raises(Denied, match="what you found"):
        effects.declare_rejected(effect_id=effect.pk, by="system:test", reason=" ")
