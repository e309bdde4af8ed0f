"""The worker dies at each point on the way: one entry in the target, one confirmation, whatever was half done."""

import pytest

from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.work import engine

pytestmark = pytest.mark.django_db

SENDABLE = ["K", "U", "P"]


def crash(point):
    with failpoints.armed(point), pytest.raises(failpoints.Crash):
        engine.drain("post")


@pytest.mark.parametrize("safety", SENDABLE)
@pytest.mark.parametrize("point", failpoints.EFFECT_POINTS)
def test_one_entry_whenever_the_worker_dies(plan, work, ledger, heard, safety, point):
    effect = plan(safety)
    crash(point)
    work(4)
    effect.refresh_from_db()
    assert effect.state == "confirmed"
    assert ledger.entries("C-1") == 1
    assert heard() == [("confirmed", "C-1")]


@pytest.mark.parametrize("point", failpoints.EFFECT_POINTS)
def test_one_entry_when_it_dies_twice_at_the_same_point(plan, work, ledger, heard, point):
    effect = plan("P")
    died = 0
    with failpoints.armed(point, times=2):
        for _ in range(8):
            try:
                work()
            except failpoints.Crash:
                died += 1
    effect.refresh_from_db()
    # Once it is booked it is found, so it is not sent again and does not pass these points a second time.
    assert died == (1 if point in {"after_send", "before_record", "after_record"} else 2)
    assert (effect.state, ledger.entries("C-1")) == ("confirmed", 1)
    assert heard() == [("confirmed", "C-1")]


def test_a_death_after_sending_is_asked_about_before_anything_is_sent(plan, work, ledger):
    effect = plan("P")
    crash("after_send")
    effect.refresh_from_db()
    assert (effect.state, ledger.sends) == ("sending", 1)
    work()
    effect.refresh_from_db()
    assert (effect.state, ledger.sends, ledger.entries("C-1")) == ("confirmed", 1, 1)
    assert [f"{a.kind}:{a.outcome}" for a in effect.attempts.order_by("id")] == [
        "send:lost",
        "probe:found",
        "confirm:found",
    ]


def test_without_the_probe_the_same_death_books_twice(plan, work, ledger, monkeypatch):
    """Negative control: a worker that simply sends again after a death makes a duplicate, so that test can fail."""
    from integration_hub.effects import engine as effects_engine

    def resend(job, effect, message):
        Effect.objects.filter(pk=effect.pk).update(state="planned")
        effect.refresh_from_db()

    monkeypatch.setattr(effects_engine, "_lose", resend)
    plan("P")
    crash("after_send")
    work(2)
    assert ledger.entries("C-1") == 2


def test_a_class_that_cannot_be_asked_is_never_sent_twice(plan, work, ledger):
    effect = plan("N")
    crash("after_send")
    work(5)
    effect.refresh_from_db()
    assert (effect.state, ledger.sends, ledger.entries("C-1")) == ("unknown", 1, 1)


def test_an_unknown_fail_point_is_refused():
    with pytest.raises(LookupError, match="No fail point"), failpoints.armed("nowhere"):
        pass
