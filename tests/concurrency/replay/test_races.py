"""A plan, a single retry and a second plan reach for the same refused effect at once: it is put back to work once."""

from decimal import Decimal

import pytest

from integration_hub.effects.actions import again, effects
from integration_hub.effects.models import EFFECT_MOVES, Effect
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.replay import engine as replay
from integration_hub.replay.actions import plans
from integration_hub.replay.models import Plan, PlanItem
from integration_hub.trail.models import Event
from integration_hub.work import engine
from integration_hub.work.models import Item as Work
from integration_hub.work.models import Lane
from tests import factories
from tests import ledger as ledgers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
ROUNDS = 4


@pytest.fixture
def ledger(monkeypatch):
    return ledgers.install(monkeypatch, ledgers.Ledger())


def work(stage):
    Work.objects.filter(state="ready").update(not_before=None)
    Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
    engine.drain(stage)


def refused(ledger, reference):
    """An effect whose target neither takes a key nor finds duplicates: every further send books again."""
    ledger.vices.append(Failed(FailureClass.REJECTED, "no such customer"))
    effect = effects.plan(
        effect_type=ledgers.TYPES["P"],
        connection=ledgers.connect(),
        business_key=reference,
        payload={"net": Decimal(1)},
        legal_entity="US",
        subject=("test", 1),
        by="system:test",
        amount=Decimal(1),
        currency="USD",
    )
    work("post")
    return effect


def approved(person):
    made = plans.freeze(
        kind="effect", rows=Effect.objects.filter(state="rejected"), title="x", reason="x", told="x", by=person
    )
    work("bulk")
    made.refresh_from_db()
    return plans.approve(plan_id=made.pk, by=person, seen_version=made.version)


def race(ledger, threads, rounds=ROUNDS):
    """Each round: two approved plans and a single retry reach for one effect; then everything is worked to its end."""
    person = factories.user(Role.FINANCE, entities=("US",))
    for number in range(rounds):
        effect = refused(ledger, f"C-{number}")
        first, second = approved(person), approved(person)

        def single(pk=effect.pk):
            try:
                effects.retry(effect_id=pk, by="system:test", reason="single")
            except (Denied, NotReady):
                return

        def whole(plan):
            def take():
                job = Work.objects.get(lane__key=plans.lane(plan), state="ready")
                replay.run(_job(job))

            return take

        threads(whole(first), whole(second), single)
        for _ in range(4):
            work("post")
            work("bulk")


def _job(item):
    from integration_hub.work.registry import Job

    return Job(item.pk, item.lane.key, item.kind, item.payload, 1, item.lane.token)


@pytest.fixture
def transactional(monkeypatch):
    """The handler runs in a transaction, as the engine of work calls it."""
    from django.db import transaction

    monkeypatch.setattr(replay, "run", transaction.atomic(replay.run))


def test_whoever_comes_first_wins_and_nothing_is_booked_twice(ledger, threads, transactional):
    race(ledger, threads)
    assert [ledger.entries(f"C-{number}") for number in range(ROUNDS)] == [1] * ROUNDS
    assert ledger.sends == 2 * ROUNDS
    assert set(Effect.objects.values_list("state", flat=True)) == {"confirmed"}
    for plan in Plan.objects.all():
        assert (plan.state, plan.items.get().outcome) in {("done", o) for o in ("created", "noop", "changed")}
    # Both plans and the person may put it back to work only while it stands as it was seen.
    won = PlanItem.objects.filter(outcome="created").values("target_id").count()
    assert won <= ROUNDS
    assert Event.objects.filter(action="effects.effect.retried").exclude(reason="single").count() <= ROUNDS


def test_without_the_check_of_what_was_seen_effects_are_booked_twice(ledger, threads, transactional, monkeypatch):
    """Negative control: where an effect may be planned again whatever it has become, the second one books it again."""

    def anyhow(rows, *, by, seen=None):
        for row in rows:
            row.state = "planned"
        Effect.objects.filter(pk__in=[row.pk for row in rows]).update(state="planned", confirmed_at=None)
        return {row.pk: again.Judged(again.Prospect.CREATE) for row in rows}

    person = factories.user(Role.FINANCE, entities=("US",))
    effect = refused(ledger, "C-0")
    first, second = approved(person), approved(person)
    monkeypatch.setattr(again, "plan_again", anyhow)
    for plan in (first, second):
        replay.run(_job(Work.objects.get(lane__key=plans.lane(plan), state="ready")))
        work("post")
    assert ledger.entries(effect.business_key) == 2


def test_the_table_of_moves_knows_no_way_back_from_done():
    assert not EFFECT_MOVES.moves["confirmed"]
