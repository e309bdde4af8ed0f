"""The engine works lanes in order, counts attempts at the claim, retries by policy and parks what needs a person."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.work import engine, fencing
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import Park, Wait
from tests.integration.work.lanes import make_due, put

pytestmark = pytest.mark.django_db


def test_items_of_a_lane_are_worked_in_order(kind):
    seen = []
    name = kind(lambda job: seen.append(job.payload["n"]))
    for n in range(5):
        put(name, lane="L", stage="ingest", payload={"n": n})
    assert engine.drain("ingest") == 5
    assert seen == [0, 1, 2, 3, 4]
    lane = Lane.objects.get(key="L")
    assert (lane.ready, lane.leased_until, lane.token) == (0, None, 2), "the first alone, then the rest together"


def test_a_stage_works_only_its_own_lanes(kind):
    name = kind(lambda job: None)
    put(name, lane="L", stage="bulk")
    assert engine.drain("ingest") == 0
    with pytest.raises(ValueError, match="worked by stage 'bulk'"):
        put(name, lane="L", stage="ingest")


def test_lower_priority_numbers_go_first_and_entities_take_turns(kind):
    seen = []
    name = kind(lambda job: seen.append(job.lane))
    for lane, entity, priority in [("a1", "A", 50), ("a2", "A", 50), ("a3", "A", 50), ("b1", "B", 50), ("a0", "A", 10)]:
        put(name, lane=lane, stage="ingest", legal_entity=entity, priority=priority)
    engine.drain("ingest")
    assert seen == ["a0", "b1", "a1", "a2", "a3"]


def test_the_same_dedupe_waits_once_until_it_is_claimed(kind):
    again: list[Item | None] = []

    def run(job):
        if not again:
            again.append(items.enqueue("test.work", lane="L", stage="ingest", dedupe="x"))

    name = kind(run)
    put(name, lane="L", stage="ingest", dedupe="x")
    assert items.enqueue(name, lane="L", stage="ingest", dedupe="x") is None
    assert Lane.objects.get(key="L").ready == 1
    # What is announced while the first is being worked is not swallowed: the first may not have seen it.
    assert engine.drain("ingest") == 2
    assert again[0] is not None


def test_an_unknown_kind_is_refused_at_the_door():
    with pytest.raises(LookupError, match=r"No kind of work named 'nobody\.does'"):
        put("nobody.does", lane="L", stage="ingest")


def test_a_delayed_item_waits_and_holds_back_what_is_behind_it(kind):
    name = kind(lambda job: None)
    put(name, lane="L", stage="ingest", delay=timedelta(hours=1))
    put(name, lane="L", stage="ingest")
    assert engine.drain("ingest") == 0
    make_due()
    assert engine.drain("ingest") == 0, "the lane was looked at, its head is not due"
    Item.objects.update(not_before="2000-01-01T00:00Z")
    make_due()
    assert engine.drain("ingest") == 2


def test_a_transient_failure_is_retried_by_its_policy_then_parked_and_blocks_the_lane(kind):
    def run(job):
        raise Failed(FailureClass.TRANSIENT, "vendor is down")

    name = kind(run, title="Read a page")
    first = put(name, lane="L", stage="ingest")
    put(name, lane="L", stage="ingest")
    policy = POLICIES[FailureClass.TRANSIENT]
    for attempt in range(1, policy.attempts):
        assert engine.drain("ingest") == 1
        first.refresh_from_db()
        assert (first.state, first.attempts, first.failures) == ("ready", attempt, attempt)
        assert engine.due_lanes("ingest", limit=1) == 0, "it waits before the next try"
        make_due()
    engine.drain("ingest")
    first.refresh_from_db()
    lane = Lane.objects.get(key="L")
    assert (first.state, first.attempts) == ("parked", policy.attempts)
    assert (lane.blocked, lane.blocked_by, lane.ready) == (True, first.pk, 1)
    assert lane.blocked_reason == "Read a page: vendor is down"
    assert engine.drain("ingest") == 0, "nothing overtakes a parked head"


@pytest.mark.parametrize("failure", [FailureClass.DATA, FailureClass.REJECTED, FailureClass.MAPPING, FailureClass.AUTH])
def test_what_a_person_must_mend_is_parked_at_once(kind, failure):
    def run(job):
        raise Failed(failure, "no", remedy="Mend it.")

    item = put(kind(run), lane="L", stage="ingest")
    engine.drain("ingest")
    item.refresh_from_db()
    assert (item.state, item.error_class, item.error) == ("parked", failure, "no Mend it.")


def test_a_skippable_kind_steps_aside(kind):
    seen = []

    def run(job):
        if job.payload["n"] == 0:
            raise Failed(FailureClass.DATA, "bad")
        seen.append(job.payload["n"])

    name = kind(run, skippable=True)
    for n in range(3):
        put(name, lane="L", stage="ingest", payload={"n": n})
    engine.drain("ingest")
    assert seen == [1, 2]
    assert Lane.objects.get(key="L").blocked is False
    assert list(Item.objects.order_by("id").values_list("state", flat=True)) == ["parked", "done", "done"]


def test_waiting_is_not_failing(kind):
    def run(job):
        raise Wait("the window is closed", timedelta(minutes=5))

    item = put(kind(run), lane="L", stage="ingest")
    for _ in range(5):
        engine.drain("ingest")
        make_due()
    item.refresh_from_db()
    assert (item.state, item.attempts, item.claims, item.failures) == ("ready", 5, 0, 0)
    assert item.error == "the window is closed"


def test_a_local_handler_that_fails_leaves_nothing_behind(kind):
    def run(job):
        Lane.objects.create(key="left behind", stage="bulk")
        raise Failed(FailureClass.DATA, "bad")

    put(kind(run), lane="L", stage="ingest")
    engine.drain("ingest")
    assert not Lane.objects.filter(key="left behind").exists()


def test_the_parked_hook_hears_of_it_in_the_same_transaction(kind):
    heard = []

    def run(job):
        raise Park(FailureClass.TRANSIENT, "hopeless")

    put(
        kind(run, parked=lambda job, failure: heard.append((job.payload, failure.message))),
        lane="L",
        stage="ingest",
        payload={"a": 1},
    )
    engine.drain("ingest")
    assert heard == [({"a": 1}, "hopeless")]


def test_failures_count_per_class_so_that_a_busy_vendor_does_not_use_up_the_other_tries(kind):
    errors = iter([Failed(FailureClass.RATE, "slow down")] * 10 + [Failed(FailureClass.TRANSIENT, "reset")])

    def run(job):
        raise next(errors)

    item = put(kind(run), lane="L", stage="ingest")
    for _ in range(11):
        engine.drain("ingest")
        make_due()
    item.refresh_from_db()
    assert (item.state, item.error_class, item.failures, item.attempts) == ("ready", "transient", 1, 11)


def test_an_item_that_kills_its_worker_is_parked_after_three_claims(kind):
    class Killed(BaseException):
        pass

    def run(job):
        raise Killed

    item = put(kind(run, local=False), lane="L", stage="ingest")
    for _ in range(engine.MAX_CLAIMS):
        with pytest.raises(Killed):
            engine.drain("ingest")
        assert engine.due_lanes("ingest", limit=1) == 0, "the lease holds until it runs out"
        make_due()
    assert engine.drain("ingest") == 0
    item.refresh_from_db()
    assert (item.state, item.attempts) == ("parked", engine.MAX_CLAIMS)
    assert "Claimed 3 times and never finished" in item.error


def test_an_unexpected_error_is_a_bug_with_its_trace(kind):
    item = put(kind(lambda job: 1 / 0), lane="L", stage="ingest")
    engine.drain("ingest")
    item.refresh_from_db()
    assert item.error_class == "bug"
    assert "ZeroDivisionError: division by zero" in item.error
    assert "test_engine.py" in item.error


def test_what_the_database_refuses_for_a_moment_is_transient(kind):
    def run(job):
        raise OperationalError("deadlock detected")

    item = put(kind(run), lane="L", stage="ingest")
    engine.drain("ingest")
    item.refresh_from_db()
    assert (item.state, item.error_class) == ("ready", "transient")


def test_retry_puts_a_parked_head_back_at_its_place(kind):
    seen, broken = [], [True]

    def run(job):
        if job.payload["n"] == 0 and broken[0]:
            raise Failed(FailureClass.DATA, "bad")
        seen.append(job.payload["n"])

    name = kind(run)
    made = [put(name, lane="L", stage="ingest", payload={"n": n}) for n in range(3)]
    engine.drain("ingest")
    assert seen == []
    broken[0] = False
    items.retry(item_id=made[0].pk, by="system:test")
    assert engine.drain("ingest") == 3
    assert seen == [0, 1, 2]


def test_unblocking_lets_the_rest_pass_and_the_parked_one_stays(kind):
    seen = []

    def run(job):
        if job.payload["n"] == 0:
            raise Failed(FailureClass.DATA, "bad")
        seen.append(job.payload["n"])

    name = kind(run)
    made = [put(name, lane="L", stage="ingest", payload={"n": n}) for n in range(2)]
    engine.drain("ingest")
    items.unblock_lane(lane_id=made[0].lane_id, by="system:test")
    engine.drain("ingest")
    assert seen == [1]
    made[0].refresh_from_db()
    assert made[0].state == "parked"


def test_a_person_sets_a_waiting_item_aside(kind):
    seen = []
    name = kind(lambda job: seen.append(job.payload["n"]))
    made = [put(name, lane="L", stage="ingest", payload={"n": n}) for n in range(2)]
    items.park(item_id=made[0].pk, by="system:test", reason="wrong customer")
    engine.drain("ingest")
    assert seen == [1]
    assert Lane.objects.get(key="L").ready == 0


def test_retrying_an_item_set_aside_earlier_leaves_a_blocked_lane_blocked(kind):
    def run(job):
        if job.payload["n"] == 1:
            raise Failed(FailureClass.DATA, "bad")

    name = kind(run)
    made = [put(name, lane="L", stage="ingest", payload={"n": n}) for n in range(2)]
    items.park(item_id=made[0].pk, by="system:test", reason="later")
    engine.drain("ingest")
    items.retry(item_id=made[0].pk, by="system:test")
    lane = Lane.objects.get(key="L")
    assert (lane.blocked, lane.blocked_by, lane.ready) == (True, made[1].pk, 1)


def test_hold_refuses_an_old_token(kind):
    from integration_hub.work.registry import Job, Superseded

    put(kind(lambda job: None), lane="L", stage="ingest")
    Lane.objects.update(token=7)
    with pytest.raises(Superseded, match="token 6 is old, 7 is current"):
        fencing.hold(Job(item_id=1, lane="L", kind="k", payload={}, attempt=1, token=6))


@pytest.mark.parametrize("error", [Failed(FailureClass.DATA, "bad"), Wait("later"), None])
def test_a_worker_whose_lane_was_taken_settles_nothing(kind, error):
    def run(job):
        Lane.objects.update(token=job.token + 1)
        if error is not None:
            raise error

    item = put(kind(run, local=False), lane="L", stage="ingest")
    assert engine.drain("ingest") == 1
    item.refresh_from_db()
    assert (item.state, item.claims, item.error) == ("ready", 1, "")
    assert Lane.objects.get().leased_until is not None, "the other one still has it"


def test_a_failure_that_cannot_be_noted_leaves_the_item_to_the_lease(kind, monkeypatch):
    from django.db import DatabaseError

    def run(job):
        monkeypatch.setattr(fencing, "hold", broken)
        raise Failed(FailureClass.DATA, "bad")

    def broken(job):
        raise DatabaseError("the server went away")

    item = put(kind(run, local=False), lane="L", stage="ingest")
    assert engine.drain("ingest") == 1
    item.refresh_from_db()
    assert (item.state, item.claims) == ("ready", 1)


def test_poison_that_may_be_overtaken_steps_aside(kind):
    name = kind(lambda job: None, skippable=True)
    first, second = (put(name, lane="L", stage="ingest") for _ in range(2))
    Item.objects.filter(pk=first.pk).update(claims=engine.MAX_CLAIMS, error="last words")
    assert engine.drain("ingest") == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("parked", "done")
    assert "Last error: last words" in first.error
