"""The queue announces rings: who waits for one hears it at once, looks seldom, and outlives its session."""

import time

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test.utils import CaptureQueriesContext

from integration_hub.work import canary, doorbell
from integration_hub.work.actions import items
from integration_hub.work.models import Wakeup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def queue(monkeypatch):
    """The bulk stage's queue, found empty, which is not looked into again for as long as a test takes."""
    monkeypatch.setattr(doorbell, "LOOK_SECONDS", 600.0)
    found = doorbell.Queue(list_key="bulk")
    assert found.dequeue() is None
    return found


def ring():
    assert items.enqueue(canary.KIND, lane="L", stage="bulk") is not None


def heard(queue, tries=40):
    """What is taken in the end, and how often it was asked for."""
    for asked in range(1, tries + 1):
        if tasks := queue.dequeue():
            return tasks, asked
    raise AssertionError("nobody heard the ring")


def test_a_ring_is_heard_without_looking_for_it(queue, threads, monkeypatch):
    monkeypatch.setattr(doorbell, "LISTEN_SECONDS", 60.0)
    taken = []

    def listen():
        taken.append(heard(doorbell.Queue(list_key="bulk"), tries=3))

    def call():
        time.sleep(0.5)
        ring()

    started = time.monotonic()
    threads(listen, call)
    assert len(taken) == 1
    assert time.monotonic() - started < 30, "it did not wait for its time to be over"


def test_what_was_put_in_before_somebody_listened_is_found(monkeypatch):
    monkeypatch.setattr(doorbell, "LOOK_SECONDS", 600.0)
    ring()
    tasks, asked = heard(doorbell.Queue(list_key="bulk"))
    assert (len(tasks), asked) == (1, 1)


def test_an_idle_queue_is_left_alone(queue, monkeypatch):
    monkeypatch.setattr(doorbell, "LISTEN_SECONDS", 0.01)
    with CaptureQueriesContext(connection) as asked:
        assert [queue.dequeue() for _ in range(20)] == [None] * 20
    assert len(asked) == 0


def test_a_ring_whose_announcement_got_lost_is_found_by_the_next_look(queue, monkeypatch):
    monkeypatch.setattr(doorbell.Queue, "_announced", lambda self: False)
    ring()
    assert queue.dequeue() is None
    monkeypatch.setattr(doorbell, "LOOK_SECONDS", 0.0)
    assert heard(queue)[1] == 1


def test_a_lost_session_is_replaced_and_loses_no_ring(queue):
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert queue.dequeue() is None, "noticed, and left to the next call"
    ring()
    assert len(heard(queue)[0]) == 1


def test_who_finds_a_ring_waiting_writes_nothing():
    ring()
    before = Wakeup.objects.get(stage="bulk").pending_at
    with CaptureQueriesContext(connection) as asked:
        assert not doorbell._ring_now("bulk", doorbell.NEVER_STALE)
    assert len(asked) == 1
    assert Wakeup.objects.get(stage="bulk").pending_at == before
