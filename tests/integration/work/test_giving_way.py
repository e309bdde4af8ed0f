"""A deadlock ends at the cost of one transaction: that one is tried again soon, a few times, then as usual."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, SerializationFailure

from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import POLICIES, FailureClass
from integration_hub.work import engine
from integration_hub.work.models import Lane
from tests.integration.work.lanes import make_due, put

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=1)


def refused_with(cause):
    def run(job):
        raise OperationalError("deadlock detected") from cause

    return run


def wait_after(item):
    """How long the lane sleeps after one more try."""
    engine.drain("ingest")
    item.refresh_from_db()
    assert (item.state, item.error_class) == ("ready", "transient")
    return Lane.objects.get(pk=item.lane_id).next_at - now()


@pytest.mark.parametrize("cause", [DeadlockDetected(), SerializationFailure()])
def test_who_gave_way_tries_again_at_once(kind, cause):
    assert wait_after(put(kind(refused_with(cause)), lane="L", stage="ingest")) < SOON


def test_a_database_that_is_gone_is_given_time(kind):
    first = POLICIES[FailureClass.TRANSIENT].first_delay
    wait = wait_after(put(kind(refused_with(None)), lane="L", stage="ingest"))
    assert wait > first - timedelta(milliseconds=500)


def test_who_gives_way_again_and_again_waits_as_others_do(kind):
    item = put(kind(refused_with(DeadlockDetected())), lane="L", stage="ingest")
    for _ in range(engine.GIVES_WAY):
        assert wait_after(item) < SOON
        make_due()
    assert wait_after(item) > SOON
