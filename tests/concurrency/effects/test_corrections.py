"""A correction and a plain retry reach for the same refused effect at once: exactly one of them goes."""

from dataclasses import replace

import pytest

from integration_hub.connectors.registry import Editable
from integration_hub.effects import ledger as rows
from integration_hub.effects.actions import again, corrections, effects
from integration_hub.effects.models import Correction, Effect
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.work import engine
from integration_hub.work.models import Lane
from tests import factories
from tests import ledger as ledgers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
ROUNDS = 6


@pytest.fixture
def ledger(monkeypatch):
    ledger = ledgers.install(monkeypatch, ledgers.Ledger())
    writes = tuple(replace(write, editable=(Editable("memo", "Memo"),)) for write in ledger.manifest.writes)
    monkeypatch.setattr(ledger, "manifest", replace(ledger.manifest, writes=writes))
    return ledger


def work():
    Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
    engine.drain("post")


def refused(ledger, reference):
    ledger.vices.append(Failed(FailureClass.REJECTED, "memo: not allowed"))
    effect = effects.plan(
        effect_type=ledgers.TYPES["P"],
        connection=ledgers.connect(),
        business_key=reference,
        payload={"memo": "May"},
        legal_entity="US",
        subject=("test", 1),
        by="system:test",
    )
    work()
    return effect


def both(effect, by, won):
    def corrected():
        try:
            corrections.propose(
                effect_id=effect.pk, wanted={"memo": "June"}, reason="typo", by=by, seen_state="rejected"
            )
            won.append("correction")
        except (Stale, Denied, NotReady):
            return

    def plain():
        try:
            effects.retry(effect_id=effect.pk, by="system:test")
            won.append("retry")
        except (Stale, Denied, NotReady):
            return

    return corrected, plain


def test_exactly_one_of_them_goes_and_it_is_booked_once(ledger, threads):
    by = factories.user(Role.FINANCE, entities=("US",))
    for number in range(ROUNDS):
        effect = refused(ledger, f"C-{number}")
        won: list[str] = []
        threads(*both(effect, by, won))
        assert len(won) == 1, won
        work()
        assert ledger.entries(f"C-{number}") == 1
    assert set(Effect.objects.values_list("state", flat=True)) <= {"confirmed", "superseded"}


def test_without_the_lock_and_the_look_at_the_state_both_go(ledger, monkeypatch):
    """Negative control: where the correction believes what it read before the retry, the target books both."""
    by = factories.user(Role.FINANCE, entities=("US",))
    effect = refused(ledger, "C-0")
    before = Effect.objects.select_related("connection").get(pk=effect.pk)
    effects.retry(effect_id=effect.pk, by="system:test")
    work()
    monkeypatch.setattr(again, "lock", lambda ids: [before])
    monkeypatch.setattr(rows, "as_read", lambda effect: Effect.objects.filter(pk=effect.pk))
    monkeypatch.setattr(corrections, "_refused", lambda pk: before)
    corrections.propose(effect_id=effect.pk, wanted={"memo": "June"}, reason="typo", by=by, seen_state="rejected")
    assert Correction.objects.get().state == "applied"
    work()
    assert ledger.sends == 3
    assert Effect.objects.filter(business_key="C-0").count() == 2
