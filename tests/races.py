"""Several real connections at once: committed rows, threads with their own connections."""

import threading

import pytest
from django.db import connection, connections, models

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import VersionedQuerySet

PATIENCE = 60.0
"""Seconds until a test gives up on a thread."""


@pytest.fixture
def interleave(monkeypatch):
    """`interleave(first, second, at=(owner, name))`: `first` stops where it is about to call `owner.name`; `second`
    starts there and runs until it waits for a lock or is done; then `first` goes on. Returns what each raised, or None.
    """

    def run(first, second, *, at):
        owner, name = at
        original = getattr(owner, name)
        raised: list[Exception | None] = [None, None]
        reached = threading.Event()

        def call(number, function):
            try:
                function()
            except Exception as error:  # noqa: BLE001 - handed to the test
                raised[number] = error
            finally:
                connections.close_all()

        overtaker = threading.Thread(target=call, args=(1, second))
        stopped = threading.Thread(target=call, args=(0, first))

        def stop(*args, **kwargs):
            if threading.current_thread() is stopped and not reached.is_set():
                reached.set()
                overtaker.start()
                assert until(lambda: waits_for_lock() or not overtaker.is_alive()), "the second does not get anywhere"
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, stop)
        stopped.start()
        for thread in (stopped, overtaker):
            if thread is stopped or reached.is_set():
                thread.join(PATIENCE)
                assert not thread.is_alive(), "a thread hangs"
        monkeypatch.setattr(owner, name, original)
        assert reached.is_set(), f"{name} was never called: {raised[0]!r}"
        return tuple(raised)

    return run


def waits_for_lock():
    """Whether some connection waits for a lock of another; asked beside the transaction the caller may be in."""
    beside = connection.copy()
    try:
        with beside.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(cursor.fetchone()[0])
    finally:
        beside.close()


def until(true, seconds=PATIENCE):
    """Ask again until it is true; False when the deadline passes first."""
    gate = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if true():
            return True
        gate.wait(0.02)
    return False


def without_row_locks(monkeypatch, *kinds):
    """For negative controls: `select_for_update` of these models locks nothing."""
    original = models.QuerySet.select_for_update

    def look_only(self, *args, **kwargs):
        return self.all() if self.model in kinds else original(self, *args, **kwargs)

    monkeypatch.setattr(models.QuerySet, "select_for_update", look_only)


def with_keys_locked(monkeypatch):
    """For negative controls: every row lock keeps out those who only refer to the row, as a plain FOR UPDATE does."""
    original = models.QuerySet.select_for_update

    def with_key(self, *args, **kwargs):
        return original(self, *args, **{**kwargs, "no_key": False})

    monkeypatch.setattr(models.QuerySet, "select_for_update", with_key)


def without_versions(monkeypatch):
    """For negative controls: a change is written whatever version it was decided on."""

    def transition(self, pk, *, seen_version, **changes):
        self.filter(pk=pk).update(version=models.F("version") + 1, updated_at=now(), **changes)

    monkeypatch.setattr(VersionedQuerySet, "transition", transition)


@pytest.fixture
def threads():
    """`threads(*functions)` runs them at once, each on its own connection; raises what one of them raised."""

    def run(*functions):
        errors = []
        barrier = threading.Barrier(len(functions))

        def call(function):
            try:
                barrier.wait(timeout=30)
                function()
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)
            finally:
                connections.close_all()

        started = [threading.Thread(target=call, args=(function,)) for function in functions]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in started), "a thread hangs"
        if errors:
            raise errors[0]

    return run


@pytest.fixture
def scribble(transactional_db):
    """A table that anybody may write into twice: `scribble.add(text)`, `scribble.all()`."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_scribble (id bigserial PRIMARY KEY, text text NOT NULL)")

    class Scribble:
        def add(self, text):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO test_scribble (text) VALUES (%s)", [text])

        def all(self):
            with connection.cursor() as cursor:
                cursor.execute("SELECT text FROM test_scribble ORDER BY id")
                return [row[0] for row in cursor.fetchall()]

    yield Scribble()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_scribble")
