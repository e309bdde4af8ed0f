"""Cheap items of several lanes in one transaction: few statements, each lane's order, token and failure its own."""

import pytest

from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail import record
from integration_hub.work import engine, pace, sharing
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def quick(monkeypatch):
    """Registers a kind known to be fast: `quick(run, **options)` returns its name."""
    entries = dict(HANDLERS._entries)
    monkeypatch.setattr(HANDLERS, "_entries", entries)
    monkeypatch.setattr(pace, "_seconds", {})
    monkeypatch.setattr(pace, "_on_probation", {})

    def register(run, name="test.work", **options):
        entries[name] = Handler(run=run, **options)
        pace.note(name, 0.0001)
        return name

    return register


def put(name, lane, n=0, **options):
    items.enqueue(name, lane=lane, stage="ingest", payload={"n": n}, **options)


def states(lane):
    return list(Item.objects.filter(lane__key=lane).order_by("id").values_list("state", flat=True))


def test_many_lanes_cost_as_many_statements_as_one_and_keep_their_order(quick, django_assert_max_num_queries):
    seen = []
    name = quick(lambda job: seen.append((job.lane, job.payload["n"], job.token)))
    for n in range(3):
        for lane in range(40):
            put(name, f"L{lane:02}", n)
    with django_assert_max_num_queries(20):  # two claims, the second of which finds nothing; savepoints included
        assert engine.drain("ingest") == 120
    for lane in range(40):
        assert [(n, token) for key, n, token in seen if key == f"L{lane:02}"] == [(0, 1), (1, 1), (2, 1)]
    assert set(Item.objects.values_list("state", "attempts", "claims")) == {("done", 1, 0)}
    assert set(Lane.objects.values_list("ready", "leased_until")) == {(0, None)}


def test_only_lanes_like_the_one_whose_turn_it_is_share_its_transaction(quick):
    name = quick(lambda job: None)
    put(name, "a1", legal_entity="A")
    put(name, "b1", legal_entity="B")
    put(name, "a2", legal_entity="A")
    put(name, "urgent", legal_entity="A", priority=10)
    claims = [[job.lane for job in engine._claim("ingest", 50, 500)[1]] for _ in range(3)]
    assert claims == [["urgent"], ["b1"], ["a1", "a2"]]


def test_what_had_better_be_alone_shares_with_nobody(quick):
    name = quick(lambda job: None)
    remote = quick(lambda job: None, "test.remote", local=False)
    for lane, kind in [("first", name), ("remote", remote), ("claimed", name), ("delayed", name), ("good", name)]:
        put(kind, lane)
    Item.objects.filter(lane__key="claimed").update(claims=1)
    Item.objects.filter(lane__key="delayed").update(not_before="2000-01-01T00:00Z")
    _, jobs = engine._claim("ingest", 50, 500)
    assert [job.lane for job in jobs] == ["first", "good"]
    assert set(Lane.objects.filter(leased_until=None).values_list("key", flat=True)) == {"remote", "claimed", "delayed"}


def test_a_lane_with_more_than_its_part_goes_on_later(quick):
    seen = []
    name = quick(lambda job: seen.append(job.payload["n"]))
    put(name, "first", -1)
    for n in range(sharing.EACH + 2):
        put(name, "long", n)
    engine.drain("ingest")
    assert seen == list(range(-1, sharing.EACH + 2))
    assert Lane.objects.get(key="long").token == 2


def test_one_that_fails_takes_no_other_lane_with_it(quick):
    def run(job):
        Lane.objects.create(key=f"left by {job.lane} {job.payload['n']}", stage="bulk")
        if job.lane == "bad" and job.payload["n"] == 1:
            raise Failed(FailureClass.DATA, "no")

    name = quick(run)
    for lane in ("one", "bad", "two"):
        put(name, lane, 0)
        put(name, lane, 1)
    engine.drain("ingest")
    assert (states("one"), states("two"), states("bad")) == (["done", "done"], ["done", "done"], ["done", "parked"])
    left = Lane.objects.filter(key__startswith="left by").values_list("key", flat=True)
    assert sorted(left) == [
        f"left by {lane} {n}" for lane, n in (("bad", 0), ("one", 0), ("one", 1), ("two", 0), ("two", 1))
    ]
    assert Lane.objects.get(key="bad").blocked


def test_a_lane_that_was_taken_meanwhile_counts_nothing_and_the_others_do(quick):
    def run(job):
        Lane.objects.create(key=f"left by {job.lane}", stage="bulk")
        if job.lane == "one":
            Lane.objects.filter(key="taken").update(token=99)

    name = quick(run)
    for lane in ("one", "taken", "two"):
        put(name, lane)
    engine.drain("ingest")
    assert (states("one"), states("taken"), states("two")) == (["done"], ["ready"], ["done"])
    left = Lane.objects.filter(key__startswith="left by").values_list("key", flat=True)
    assert sorted(left) == ["left by one", "left by two"]


@pytest.mark.parametrize("point", failpoints.LANE_POINTS)
def test_a_worker_that_dies_with_several_lanes_costs_no_item_and_doubles_none(transactional_db, quick, point):
    name = quick(lambda job: Lane.objects.create(key=f"made by {job.lane}", stage="bulk"))
    for n in range(4):
        put(name, f"L{n}")
    with failpoints.armed(point), pytest.raises(failpoints.Crash):
        engine.drain("ingest")
    Lane.objects.filter(stage="ingest").update(next_at="2000-01-01T00:00Z", leased_until=None)
    engine.drain("ingest")
    assert set(Item.objects.values_list("state", flat=True)) == {"done"}
    assert Lane.objects.filter(key__startswith="made by").count() == 4


def test_a_kind_that_can_takes_the_next_items_of_all_lanes_at_once(quick):
    together = []
    alone = []
    name = quick(lambda job: alone.append(job.lane), together=lambda jobs: together.append([job.lane for job in jobs]))
    for lane, act in [("a", "x"), ("b", "x"), ("c", "y"), ("d", "x")]:
        put(name, lane, correlation_id=act)
    put(name, "a", correlation_id="x")
    engine.drain("ingest")
    assert (together, alone) == ([["a", "b", "c", "d"]], ["a"])


def test_what_is_run_one_by_one_belongs_to_the_act_of_its_item(quick):
    seen = []
    name = quick(lambda job: seen.append((job.lane, record.correlation())))
    for lane, act in [("a", "x"), ("b", "y"), ("c", "x")]:
        put(name, lane, correlation_id=act)
    engine.drain("ingest")
    assert seen == [("a", "x"), ("b", "y"), ("c", "x")]


def test_a_slow_kind_shares_where_its_items_can_be_taken_at_once(quick):
    together = []
    slow = quick(lambda job: None, "test.slow")
    many = quick(lambda job: None, "test.many", together=lambda jobs: together.append(len(jobs)))
    for kind in (slow, many):
        pace.note(kind, 2 * pace.TRANSACTION_SECONDS)
    for n in range(4):
        put(slow, f"s{n}")
    engine.drain("ingest")
    assert set(Lane.objects.values_list("token", flat=True)) == {1}
    for n in range(30):
        put(many, f"m{n}")
    engine.drain("ingest")
    assert together[0] == sharing.AT_ONCE // 2


def test_rounds_keep_the_order_of_each_lane():
    jobs = [
        Job(item_id=number, lane=lane, kind=kind, payload={}, attempt=1, token=1)
        for number, (lane, kind) in enumerate([("a", "k"), ("a", "k"), ("b", "k"), ("b", "m"), ("c", "m")])
    ]
    assert [[job.item_id for job in batch] for batch in sharing.batches(jobs)] == [[0, 2], [4], [1], [3]]
