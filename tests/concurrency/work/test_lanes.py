"""Real connections on real lanes: order, once each, and no write by a worker whose lane was taken."""

import threading

import pytest
from django.apps import apps
from django.db import transaction

from integration_hub.work import doorbell, engine, fencing, settlement, ticker
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane, Wakeup
from integration_hub.work.registry import HANDLERS, Handler

OrmQ = apps.get_model("django_q", "OrmQ")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def kind(monkeypatch):
    entries = dict(HANDLERS._entries)
    monkeypatch.setattr(HANDLERS, "_entries", entries)

    def register(run, name="test.work", **options):
        entries[name] = Handler(run=run, **options)
        return name

    return register


def test_four_workers_keep_the_order_of_every_lane_and_do_each_item_once(kind, threads, scribble):
    name = kind(lambda job: scribble.add(f"{job.lane}:{job.payload['n']}"))
    for n in range(20):
        for lane in "abcde":
            items.enqueue(name, lane=lane, stage="ingest", payload={"n": n})
    threads(*[lambda: engine.drain("ingest")] * 4)
    engine.drain("ingest")
    for lane in "abcde":
        mine = [text for text in scribble.all() if text.startswith(lane)]
        assert mine == [f"{lane}:{n}" for n in range(20)]
    assert Item.objects.exclude(state="done").count() == 0
    assert list(Lane.objects.values_list("ready", flat=True)) == [0] * 5


def test_writers_and_workers_at_once_lose_nothing(kind, threads, scribble):
    name = kind(lambda job: scribble.add(f"{job.lane}:{job.payload['w']}:{job.payload['n']}"))
    written = threading.Event()

    def write(writer):
        for n in range(30):
            items.enqueue(name, lane=f"lane{n % 3}", stage="ingest", payload={"w": writer, "n": n})

    def work():
        while not written.is_set():
            engine.drain("ingest")

    def write_all():
        try:
            writers = [threading.Thread(target=_closing(write), args=(w,)) for w in range(3)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        finally:
            written.set()

    threads(write_all, work, work)
    engine.drain("ingest")
    seen = scribble.all()
    assert sorted(seen) == sorted(f"lane{n % 3}:{w}:{n}" for w in range(3) for n in range(30))
    for writer in range(3):  # one writer's items of one lane come out as he put them in
        for lane in range(3):
            numbers = [int(t.split(":")[2]) for t in seen if t.startswith(f"lane{lane}:{writer}:")]
            assert numbers == sorted(numbers)


def _closing(function):
    from django.db import connections

    def run(*args):
        try:
            function(*args)
        finally:
            connections.close_all()

    return run


def zombie(kind, threads, scribble):
    """A worker freezes inside its item until its lease ran out and another has done the item; then it comes back."""
    frozen, taken = threading.Event(), threading.Event()

    def run(job):
        scribble.add(f"attempt {job.attempt}")
        if job.attempt == 1:
            frozen.set()
            assert taken.wait(60)

    items.enqueue(kind(run), lane="L", stage="ingest")

    def other():
        assert frozen.wait(60)
        Lane.objects.update(leased_until="2000-01-01T00:00Z", next_at="2000-01-01T00:00Z")
        assert ticker.expire_leases() == 1
        assert engine.drain("ingest") == 1
        taken.set()

    threads(lambda: engine.drain("ingest"), other)
    return scribble.all()


def test_a_zombie_with_an_old_token_is_refused(kind, threads, scribble):
    assert zombie(kind, threads, scribble) == ["attempt 2"]
    item = Item.objects.get()
    assert (item.state, item.attempts) == ("done", 2)
    assert Lane.objects.get().ready == 0


def test_without_the_token_check_the_state_of_the_item_still_refuses_the_zombie(kind, threads, scribble, monkeypatch):
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    assert zombie(kind, threads, scribble) == ["attempt 2"]


def test_without_token_and_state_check_the_zombie_writes_too(kind, threads, scribble, monkeypatch):
    """Negative control: the same interleaving duplicates the effect when nobody looks at token and state."""
    monkeypatch.setattr(fencing, "is_current", lambda lane, job: True)
    monkeypatch.setattr(settlement, "all_waited", lambda finished, jobs: True)
    assert sorted(zombie(kind, threads, scribble)) == ["attempt 1", "attempt 2"]


def test_an_item_is_seen_by_no_worker_before_its_writer_commits(kind, threads, scribble):
    name = kind(lambda job: scribble.add("done"))
    written, looked = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            items.enqueue(name, lane="L", stage="ingest")
            written.set()
            assert looked.wait(60)

    def look():
        assert written.wait(60)
        assert engine.drain("ingest") == 0
        looked.set()

    threads(write, look)
    assert engine.drain("ingest") == 1


def test_a_rolled_back_writer_leaves_neither_item_nor_ring(kind):
    name = kind(lambda job: None)

    def write():
        with transaction.atomic():
            items.enqueue(name, lane="L", stage="ingest")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert (Item.objects.count(), Wakeup.objects.count(), OrmQ.objects.count()) == (0, 0, 0)


def test_many_items_ring_once_and_the_ring_says_only_which_stage(kind):
    name = kind(lambda job: None)
    for n in range(5):
        items.enqueue(name, lane=f"L{n}", stage="ingest", payload={"secret": "figures"})
    queued = OrmQ.objects.get()
    assert queued.key == "ingest"
    assert queued.task["args"] == ("ingest",)
    assert doorbell.answer("ingest") == 5
    assert OrmQ.objects.count() == 2, "with several lanes due it rang once more, for the next idle worker"
    assert doorbell.answer("ingest") == 0
    assert not Wakeup.objects.exists()


def test_a_purged_queue_costs_time_and_nothing_else(kind, scribble):
    name = kind(lambda job: scribble.add("done"))
    items.enqueue(name, lane="L", stage="ingest")
    OrmQ.objects.all().delete()
    assert ticker.wake_due_stages() == [], "the ring is young: somebody may be on the way"
    Wakeup.objects.update(pending_at="2000-01-01T00:00Z")
    assert ticker.wake_due_stages() == ["ingest"]
    assert OrmQ.objects.get().task["args"] == ("ingest",)
    doorbell.answer("ingest")
    assert scribble.all() == ["done"]
    OrmQ.objects.all().delete()
    assert ticker.wake_due_stages() == [], "nothing is due"


def test_a_doubled_ring_does_nothing_twice(kind, scribble):
    items.enqueue(kind(lambda job: scribble.add("done")), lane="L", stage="ingest")
    assert (doorbell.answer("ingest"), doorbell.answer("ingest")) == (1, 0)
    assert scribble.all() == ["done"]


def test_only_one_of_two_tickers_ticks(threads):
    from django.db import connections

    assert ticker.lead()
    second = []

    def other():
        second.append(ticker.lead())

    threads(other)
    assert second == [False]
    ticker.step_down()
    threads(other)
    assert second == [False, True]
    connections.close_all()


def test_a_tick_due_once_runs_once_however_many_tickers(threads, monkeypatch):
    from integration_hub.kernel.registry import Registry
    from integration_hub.work.registry import Tick

    runs = []
    registry: Registry[Tick] = Registry("tick")
    registry.register("t", Tick("t", 3600, lambda: runs.append(1)))
    monkeypatch.setattr(ticker, "TICKS", registry)
    threads(*[ticker.run_ticks] * 4)
    assert runs == [1]
    assert ticker.run_ticks() == []


def test_a_worker_that_freezes_in_its_transaction_holds_nobody_up_for_longer_than_its_lease(
    kind, threads, scribble, monkeypatch, settings
):
    """It holds the lock of its lane: writers into the lane would wait for as long as it is frozen."""
    settings.LEASE_SECONDS = 1.0
    locked, written = threading.Event(), threading.Event()
    hold = fencing.hold

    def hold_and_freeze(job):
        lane = hold(job)
        if not locked.is_set():
            locked.set()
            assert written.wait(60), "the writer is held up"
        return lane

    monkeypatch.setattr(fencing, "hold", hold_and_freeze)
    name = kind(lambda job: scribble.add(f"attempt {job.attempt}"))
    items.enqueue(name, lane="L", stage="ingest")

    def write():
        assert locked.wait(60)
        items.enqueue(name, lane="L", stage="ingest")
        written.set()

    threads(lambda: engine.drain("ingest"), write)
    Lane.objects.update(leased_until=None, next_at="2000-01-01T00:00Z")
    engine.drain("ingest")
    assert sorted(scribble.all()) == ["attempt 1", "attempt 2"]
    assert Item.objects.exclude(state="done").count() == 0
