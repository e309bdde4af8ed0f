"""Real connections at once: versions in order, deliveries once, runs counted once."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline, store
from integration_hub.intake.actions import deliveries
from integration_hub.intake.models import Delivery, Feed, FeedShape, Run, SourceVersion
from integration_hub.intake.registry import RECEIVERS, Arrival, Receipt
from integration_hub.mapping import queries as mappings_in_force
from integration_hub.mapping.actions import mappings
from tests.races import until, waits_for_lock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

PATIENCE = 30.0


class Together:
    """Runs functions in threads, each with a database connection of its own, and hands back what they raised."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.errors: list[Exception] = []

    def start(self, work: Callable[[], object]) -> threading.Thread:
        def body() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - handed back
                self.errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=body)
        self.threads.append(thread)
        thread.start()
        return thread

    def wait(self) -> list[Exception]:
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "it hangs"
        return self.errors


@pytest.fixture
def together() -> Together:
    return Together()


class Slow:
    """A receiver whose first batch stays inside its transaction until it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.let_go = threading.Event()
        self.applied: list[str] = []

    def __call__(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        first = not self.inside.is_set()
        if first:
            self.inside.set()
            assert self.let_go.wait(PATIENCE)
        self.applied += [arrival.record.version for arrival in arrivals]
        return [Receipt.applied() for _ in arrivals]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    receiver = Slow()
    monkeypatch.setitem(RECEIVERS._entries, "task", receiver)
    return receiver


@pytest.fixture
def source(slow: Slow) -> Connection:
    row = Connection.objects.create(code="psa", vendor="fake", name="PSA")
    Feed.objects.create(connection=row, entity="task")
    rules = [{"target": name, "source": name} for name in ("project_id", "code", "name")]
    mappings.install_default(connection="psa", default={"entities": {"task": {"rules": rules}}}, by="system:test")
    return row


def ingest(source: Connection, version: str) -> Callable[[], object]:
    payload = {"project_id": "P1", "code": version, "name": "Build"}

    def work() -> object:
        run = Run.objects.create(feed=Feed.objects.get(connection=source), trigger="test")
        mapping = mappings_in_force.published("psa", "task")
        return pipeline.ingest(source, "task", [RawRecord("1", version, payload)], run, mapping)

    return work


def statuses() -> dict[str, str]:
    return dict(SourceVersion.objects.values_list("version", "status"))


def test_an_older_version_that_arrives_during_a_newer_one_is_stale(
    source: Connection, slow: Slow, together: Together
) -> None:
    together.start(ingest(source, "3"))
    assert slow.inside.wait(PATIENCE)
    together.start(ingest(source, "2"))
    assert until(waits_for_lock), "the second page waits for the first"
    slow.let_go.set()

    assert together.wait() == []
    assert statuses() == {"3": "applied", "2": "stale"}
    assert slow.applied == ["3"]


def without_the_feed_lock(source: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages of the feed may be at work at once. What the feed looks like is known already: both learn it anew, so
    that the second waits for that row after it has looked which versions there are."""
    FeedShape.objects.create(connection=source, entity="task")
    monkeypatch.setattr(store, "lock", lambda where, entity: Feed.objects.get(connection=where, entity=entity))


def test_without_the_feed_lock_the_older_version_is_applied_too(
    source: Connection, slow: Slow, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_feed_lock(source, monkeypatch)
    together.start(ingest(source, "3"))
    assert slow.inside.wait(PATIENCE)
    together.start(ingest(source, "2"))
    assert until(waits_for_lock), "the second page has looked, and waits to write down what the feed looks like"
    slow.let_go.set()

    assert together.wait() == []
    assert statuses() == {"3": "applied", "2": "applied"}, "this is what the lock is for"


def test_the_same_page_twice_at_once_is_applied_once(source: Connection, slow: Slow, together: Together) -> None:
    together.start(ingest(source, "1"))
    assert slow.inside.wait(PATIENCE)
    for _ in range(3):
        together.start(ingest(source, "1"))
    slow.let_go.set()

    assert together.wait() == []
    assert slow.applied == ["1"]
    assert sum(Run.objects.values_list("applied", flat=True)) == 1
    assert sum(Run.objects.values_list("unchanged", flat=True)) == 3


def test_even_past_the_lock_the_database_stores_a_version_once(
    source: Connection, slow: Slow, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_feed_lock(source, monkeypatch)
    together.start(ingest(source, "1"))
    assert slow.inside.wait(PATIENCE)
    together.start(ingest(source, "1"))
    assert until(waits_for_lock), "the second page has looked, and waits to write down what the feed looks like"
    slow.let_go.set()

    assert together.wait() == []
    assert slow.applied == ["1"]
    assert SourceVersion.objects.count() == 1


# -- webhooks --------------------------------------------------------------------------------------------------------

BODY = b'{"type": "task.updated", "data": {"entity": "task"}}'


def all_at_once(together: Together, work: Callable[[], object], times: int) -> list[Exception]:
    barrier = threading.Barrier(times)

    def body() -> object:
        barrier.wait(PATIENCE)
        return work()

    for _ in range(times):
        together.start(body)
    return together.wait()


def test_duplicate_deliveries_at_once_are_stored_once_and_counted(source: Connection, together: Together) -> None:
    taken: list[Any] = []

    errors = all_at_once(
        together, lambda: taken.append(deliveries.receive(connection=source, delivery_id="msg_1", body=BODY)), 6
    )

    assert errors == []
    assert sorted(item.fresh for item in taken) == [False] * 5 + [True]
    assert Delivery.objects.get().times_seen == 6


def test_looking_before_storing_would_fail_under_the_same_load(source: Connection, together: Together) -> None:
    barrier = threading.Barrier(2)

    def naive() -> None:
        with transaction.atomic():
            if not Delivery.objects.filter(connection=source, delivery_id="msg_1").exists():
                barrier.wait(PATIENCE)
                Delivery.objects.create(connection=source, delivery_id="msg_1", body=BODY)

    for _ in range(2):
        together.start(naive)

    (error,) = together.wait()
    assert isinstance(error, IntegrityError), "the constraint catches it, the sender would get an error"


def test_refusals_at_once_are_all_counted(source: Connection, together: Together) -> None:
    from integration_hub.intake.models import Rejection

    errors = all_at_once(together, lambda: deliveries.refuse(connection=source, reason="No signature matches."), 6)

    assert errors == []
    assert Rejection.objects.get().count == 6
