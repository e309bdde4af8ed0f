"""Half open means one call: many workers see the breaker's time pass at the same moment."""

import threading
from datetime import timedelta

import pytest

from integration_hub.connectors import health
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.trail.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

WORKERS = 8


@pytest.fixture
def silent(scribble):
    """A connection whose breaker's time has just passed."""
    row = Connection.objects.create(code="psa", vendor="kantata", name="PSA")
    for _ in range(health.OPEN_AFTER):
        health.failed(row, Failed(FailureClass.TRANSIENT, "no answer"))
    Connection.objects.update(open_until=now() - timedelta(seconds=1))
    return row


def admitted(silent, threads):
    """How many of eight workers were let through at once."""
    through, guard, meet = [], threading.Lock(), threading.Barrier(WORKERS, timeout=20)

    def call():
        meet.wait()
        try:
            health.admit(silent)
        except Deferred:
            return
        with guard:
            through.append(1)

    threads(*[call] * WORKERS)
    return len(through)


def test_exactly_one_call_tries(silent, threads):
    for _ in range(10):
        Connection.objects.update(open_until=now() - timedelta(seconds=1))
        assert admitted(silent, threads) == 1


def test_without_the_conditional_write_several_would(silent, threads, monkeypatch):
    """The control: look first, write after."""
    meet = threading.Barrier(WORKERS, timeout=20)

    def look_then_write(connection, until):
        if until - now() <= timedelta(0):
            meet.wait()
            Connection.objects.filter(pk=connection.pk).update(open_until=now() + health.OPEN_FOR)
            return
        raise Deferred(FailureClass.TRANSIENT, "open", again_in=until - now())

    monkeypatch.setattr(health, "_try_alone", look_then_write)
    assert admitted(silent, threads) > 1


def test_failures_at_the_same_moment_open_it_once(scribble, threads):
    row = Connection.objects.create(code="psa", vendor="kantata", name="PSA")
    threads(*[lambda: health.failed(row, Failed(FailureClass.TRANSIENT, "no answer"))] * WORKERS)
    row.refresh_from_db()
    assert row.failures_in_row == WORKERS
    assert Event.objects.filter(action="connectors.connection.circuit_opened").count() == 1
