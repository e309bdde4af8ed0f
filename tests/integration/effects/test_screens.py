"""The screens of effects: the ledger, one effect with its proof, and what a person may do about it."""

import pytest

from integration_hub.effects import panels
from integration_hub.effects.models import Attempt, Effect
from integration_hub.effects.registry import GATES, Gate
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from tests import screens

pytestmark = screens.SCREENS


@pytest.fixture
def ines(db):
    return screens.user(Role.INTEGRATION_ADMIN, "ines")


@pytest.fixture
def rejected(plan, ledger, work):
    ledger.vices.append(Failed(FailureClass.REJECTED, "The customer is inactive.", status=400))
    effect = plan(reference="R-1")
    work()
    effect.refresh_from_db()
    assert effect.state == "rejected"
    return effect


def at(effect, verb):
    return f"/effects/{effect.pk}/{verb}/"


def test_what_needs_a_person_comes_first(plan, rejected, work, ines):
    fine = plan(reference="F-1")
    work(3)
    fine.refresh_from_db()
    assert fine.state == "confirmed"
    body = screens.assert_list(screens.browser(ines), "/effects/")
    assert body.index("R-1") < body.index("F-1")
    assert "The customer is inactive." in body
    assert "100.00" in body
    assert "F-1" not in screens.page(screens.browser(ines), "/effects/?state=rejected")


def test_an_effect_of_another_legal_entity_does_not_exist(plan, ines):
    effect = plan(legal_entity="DE01")
    client = screens.browser(screens.user(Role.FINANCE, "uma", entities=("US",)))
    assert "C-1" not in screens.page(client, "/effects/")
    screens.page(client, f"/effects/{effect.pk}/", status=404)
    assert client.post(at(effect, "retry"), {"seen": "planned"}).status_code == 404


def test_effects_need_their_right(plan):
    effect = plan()
    screens.assert_needs_right("/effects/")
    screens.assert_needs_right(f"/effects/{effect.pk}/")


def test_proof_says_why_it_happened_once(plan, work, ines):
    effect = plan()
    work(3)
    body = screens.page(screens.browser(ines), f"/effects/{effect.pk}/?tab=proof")
    assert "It happened once" in body
    assert effect.key in body
    assert effect.payload_hash in body
    assert "Idempotency key" in body
    assert "It left the house 1 ×." in body
    for kind in Attempt.Kind.SEND, Attempt.Kind.CONFIRM:
        assert str(kind.label) in body


def test_proof_names_what_was_changed_behind_its_back(plan, work, ines):
    effect = plan()
    work(3)
    Effect.objects.filter(pk=effect.pk).update(payload={"net": "1.00"})
    body = screens.page(screens.browser(ines), f"/effects/{effect.pk}/?tab=proof")
    assert "The content is not what was planned" in body
    assert "Not proved yet" in body


def test_content_shows_what_is_sent(plan, ines):
    body = screens.page(screens.browser(ines), f"/effects/{plan().pk}/?tab=payload")
    assert "&quot;net&quot;: " in body
    assert "The target has not been read yet" in body


def test_a_closed_window_is_named(plan, work, ines, monkeypatch):
    gate = Gate("period", lambda effect: True, lambda effect: "May is closed.")
    monkeypatch.setattr(GATES, "_entries", {"period": gate})
    effect = plan()
    work()
    body = screens.page(screens.browser(ines), f"/effects/{effect.pk}/")
    assert "A posting window is closed" in body
    assert "May is closed." in body
    assert "Withdraw" in body


def test_trying_again_puts_it_back_into_its_lane(rejected, ines, work):
    client = screens.browser(ines)
    assert "Nothing is sent blindly" in screens.page(client, at(rejected, "retry"))
    assert client.post(at(rejected, "retry"), {"seen": "rejected", "reason": "Activated."}).status_code == 302
    work(3)
    rejected.refresh_from_db()
    assert rejected.state == "confirmed"


def test_withdrawing_needs_a_reason_and_is_final(rejected, ines):
    client = screens.browser(ines)
    assert client.post(at(rejected, "cancel"), {"seen": "rejected", "reason": ""}).status_code == 422
    assert client.post(at(rejected, "cancel"), {"seen": "rejected", "reason": "Not needed."}).status_code == 302
    rejected.refresh_from_db()
    assert rejected.state == "cancelled"
    body = screens.page(client, f"/effects/{rejected.pk}/")
    assert "Withdraw…" not in body
    assert client.post(at(rejected, "retry"), {"seen": "cancelled"}).status_code == 403


def test_an_unknown_outcome_can_be_declared(plan, ines):
    effect = plan()
    Effect.objects.filter(pk=effect.pk).update(state="unknown")
    client = screens.browser(ines)
    assert "It did not happen…" in screens.page(client, f"/effects/{effect.pk}/")
    assert client.post(at(effect, "cancel"), {"seen": "unknown", "reason": "x"}).status_code == 403
    answer = client.post(at(effect, "declare-rejected"), {"seen": "unknown", "reason": "Looked into it."})
    assert answer.status_code == 302
    effect.refresh_from_db()
    assert effect.state == "rejected"


@pytest.mark.parametrize("verb", ["retry", "cancel", "declare-rejected"])
def test_a_decision_states_what_was_seen(rejected, ines, verb):
    client = screens.browser(ines)
    assert client.post(at(rejected, verb), {"reason": "x"}).status_code == 422
    assert client.post(at(rejected, verb), {"seen": "unknown", "reason": "x"}).status_code == 409
    rejected.refresh_from_db()
    assert rejected.state == "rejected"


def test_whoever_may_not_steer_effects_is_told_so(rejected):
    client = screens.browser(screens.user(Role.AUDITOR, "aude"))
    assert "Your role does not steer effects." in screens.page(client, f"/effects/{rejected.pk}/")
    assert client.post(at(rejected, "retry"), {"seen": "rejected"}).status_code == 403


def test_home_of_an_administrator_shows_what_needs_a_person(rejected, ines):
    waiting = panels.attention(ines)
    assert (waiting.count, waiting.rows[0].title) == (1, "R-1")
    assert panels.attention_count(ines) == 1
    assert "Effects that need a person" in screens.page(screens.browser(ines), "/")
