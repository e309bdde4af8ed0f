"""Several items in one transaction, and where a worker may die."""

import pytest

from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.work import engine, pace
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import Wait
from tests.integration.work.lanes import make_due, put

pytestmark = pytest.mark.django_db

# -- several items in one transaction -------------------------------------------------------------------------------


@pytest.fixture
def quick(kind):
    """A kind known to be fast, so that the items of a lane are worked together."""

    def register(run, **options):
        name = kind(run, **options)
        pace.note(name, 0.0001)
        return name

    return register


def states(*columns):
    return list(Item.objects.order_by("id").values_list("state", *columns))


def test_items_worked_together_cost_one_claim(quick):
    seen = []
    name = quick(lambda job: seen.append(job.token))
    for n in range(20):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 20
    assert seen == [1] * 20
    assert states("attempts", "claims") == [("done", 1, 0)] * 20


def test_one_that_fails_takes_nothing_with_it(quick):
    seen = []

    def run(job):
        Lane.objects.create(key=f"left by {job.payload['n']}", stage="bulk")
        if job.payload["n"] == 2:
            raise Failed(FailureClass.TRANSIENT, "not now")
        seen.append(job.payload["n"])

    name = quick(run)
    for n in range(5):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 3, "what stands behind it was not started"
    assert seen == [0, 1] * 2, "together first, then each in its savepoint"
    waiting = ("ready", 0, 0)
    assert states("attempts", "claims") == [("done", 1, 0), ("done", 1, 0), ("ready", 1, 0), waiting, waiting]
    assert Lane.objects.filter(key__startswith="left by").count() == 2
    lane = Lane.objects.get(key="L")
    assert (lane.ready, lane.leased_until) == (3, None)


def test_one_that_waits_keeps_its_place(quick):
    closed = [True]

    def run(job):
        if job.payload["n"] == 1 and closed:
            raise Wait("the window is closed")

    name = quick(run)
    for n in range(3):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 2
    assert states("attempts", "claims") == [("done", 1, 0), ("ready", 1, 0), ("ready", 0, 0)]
    closed.clear()
    make_due()
    assert engine.drain("ingest") == 2


def test_one_that_steps_aside_lets_the_rest_of_its_batch_pass(quick):
    def run(job):
        if job.payload["n"] == 1:
            raise Failed(FailureClass.DATA, "bad")

    name = quick(run, skippable=True)
    for n in range(4):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 4
    assert states() == [("done",), ("parked",), ("done",), ("done",)]


def test_poison_in_a_batch_is_found_and_nobody_else_is_parked(quick):
    class Killed(BaseException):
        pass

    def run(job):
        if job.payload["n"] == 3:
            raise Killed

    name = quick(run, skippable=True)
    for n in range(6):
        put(name, lane="L", stage="ingest", payload={"n": n})
    deaths = 0
    for _ in range(10):
        try:
            engine.drain("ingest")
        except Killed:
            deaths += 1
            make_due()
    assert deaths == engine.MAX_CLAIMS
    assert states() == [("done",), ("done",), ("done",), ("parked",), ("done",), ("done",)]


def test_what_breaks_only_at_the_commit_is_found_one_by_one(transactional_db, quick):
    """A foreign key is checked at the commit of all: the transaction is lost, and only the offender fails."""

    def run(job):
        if job.payload["n"] == 1:
            Item.objects.create(lane_id=10**9, kind="dangling")

    name = quick(run)
    for n in range(4):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 2
    assert states("error_class") == [("done", ""), ("ready", "bug"), ("ready", ""), ("ready", "")]


def test_what_was_settled_before_is_not_worked_again(quick):
    """The answer to a commit may be lost: an item that is done already takes its second work back."""
    left = []

    def run(job):
        left.append(Lane.objects.create(key=f"left by {job.payload['n']}", stage="bulk"))
        Item.objects.filter(payload__n=0).update(state="done", finished_at="2026-01-01T00:00Z")

    name = quick(run)
    for n in range(2):
        put(name, lane="L", stage="ingest", payload={"n": n})
    engine.drain("ingest")
    assert left
    assert not Lane.objects.filter(key__startswith="left by").exists()


def test_a_kind_that_fails_lately_is_run_in_savepoints_at_once_until_it_went_well_for_long(quick):
    seen = []

    def run(job):
        seen.append(job.payload["n"])
        if job.payload["n"] == 1:
            raise Failed(FailureClass.DATA, "bad")

    name = quick(run, skippable=True)
    for n in [0, 1, 0, 1]:
        put(name, lane=f"L{n}", stage="ingest", payload={"n": n})
        put(name, lane=f"L{n}", stage="ingest", payload={"n": n})
    engine.drain("ingest")
    assert seen.count(1) == 5, "the batch was run again once, and never again after that"
    assert pace.fails_lately(name)
    for _ in range(200):
        pace.note(name, 0.0001)
    assert not pace.fails_lately(name)


def test_a_slow_kind_is_worked_alone():
    pace.note("test.slow", 0.0001)
    pace.note("test.slow", 10.0)
    assert pace.expected("test.slow") == 10.0
    for _ in range(40):
        pace.note("test.slow", 0.001)
    assert pace.expected("test.slow") < 0.002


# -- fail points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", failpoints.LANE_POINTS)
def test_a_worker_that_dies_at_a_point_costs_no_item_and_doubles_none(transactional_db, quick, point):
    name = quick(lambda job: Lane.objects.create(key=f"made by {job.payload['n']}", stage="bulk"))
    for n in range(4):
        put(name, lane="L", stage="ingest", payload={"n": n})
    with failpoints.armed(point), pytest.raises(failpoints.Crash):
        engine.drain("ingest")
    make_due()
    engine.drain("ingest")
    assert states() == [("done",)] * 4
    assert Lane.objects.filter(key__startswith="made by").count() == 4
