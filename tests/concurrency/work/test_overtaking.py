"""Two people decide on the same proposal at once, and the lane moves while somebody decides."""

from decimal import Decimal

import pytest

from integration_hub.kernel.errors import Denied, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work import engine, policies, queries
from integration_hub.work.actions import items, overtaking
from integration_hub.work.models import Item, Lane, Overtaking
from integration_hub.work.registry import HANDLERS, Handler
from tests import factories
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture(autouse=True)
def work(monkeypatch):
    def run(job):
        if job.payload["n"] == 0:
            raise Failed(FailureClass.REJECTED, "no")

    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, "test.send": Handler(run)})


def put(n):
    items.enqueue("test.send", lane="L", stage="post", payload={"n": n}, legal_entity="US", amount=Decimal(10),
                  currency="USD")  # fmt: skip


def person(role):
    return factories.user(role, entities=("US",))


@pytest.fixture
def proposed():
    for n in (0, 1):
        put(n)
    engine.drain("post")
    head = Item.objects.get(state="parked")
    seen = overtaking.sight(head.lane, head, queries.overtakers(head.lane, item_id=head.pk))
    return overtaking.propose(item_id=head.pk, reason="Billed by hand", by=person(Role.INTEGRATION_ADMIN), seen=seen)


def deciding(row, by, act=overtaking.approve):
    return lambda: act(overtaking_id=row.pk, by=by, seen_version=row.version, reason="x")


def times(action):
    return Event.objects.filter(action=action).count()


def decided_at():
    moment = Overtaking.objects.get().decided_at
    assert moment is not None
    return moment


def one_of_two(interleave, row):
    """One approves, the other declines; both looked before either had decided."""
    first, second = person(Role.FINANCE), person(Role.FINANCE)
    return interleave(
        deciding(row, first), deciding(row, second, overtaking.decline), at=(policies, "can_approve_overtaking")
    )


def test_of_two_people_one_decides(proposed, interleave):
    assert [type(error) for error in one_of_two(interleave, proposed)] == [type(None), Stale]
    assert (times("work.lane.unblocked"), times("work.overtaking.declined")) == (1, 0)


def test_without_the_locks_both_decide(proposed, interleave, monkeypatch):
    """Negative control: the lane goes on although somebody said no, and the trail tells both."""
    without_row_locks(monkeypatch, Lane)
    assert one_of_two(interleave, proposed) == (None, None)
    assert (times("work.lane.unblocked"), times("work.overtaking.declined")) == (1, 1)


def moving(interleave, row):
    """Something enters the lane between the look at what would overtake and the decision."""
    return interleave(deciding(row, person(Role.FINANCE)), lambda: put(2), at=(overtaking, "holds"))


def test_what_enters_during_the_approval_stands_behind_it(proposed, interleave):
    """It waits for the lane's row: the trail's declared set is what stood there when the lane went on."""
    assert moving(interleave, proposed) == (None, None)
    told, late = Event.objects.get(action="work.lane.unblocked"), Item.objects.get(payload={"n": 2})
    assert (told.data["overtaking"], told.data["last"] < late.pk) == (1, True)
    assert late.created_at >= decided_at()


def test_without_the_lock_something_enters_before_the_decision(proposed, interleave, monkeypatch):
    """Negative control: when the lane goes on, more stands behind its head than two people agreed to."""
    without_row_locks(monkeypatch, Lane)
    assert moving(interleave, proposed) == (None, None)
    late = Item.objects.get(payload={"n": 2})
    assert late.created_at < decided_at()


def test_a_retry_during_the_approval_waits_and_finds_the_lane_open(proposed, interleave):
    """The head is put back at its old place after the others were let pass: each of them is done once."""
    back = interleave(
        deciding(proposed, person(Role.FINANCE)),
        lambda: items.retry(item_id=proposed.item_id, by="system:test"),
        at=(overtaking, "holds"),
    )
    assert back == (None, None)
    assert Item.objects.get(pk=proposed.item_id).state == "ready"
    assert Lane.objects.get().ready == 2


def test_a_retry_that_was_first_makes_the_approval_stale(proposed, interleave):
    raised = interleave(
        lambda: items.retry(item_id=proposed.item_id, by="system:test"),
        deciding(proposed, person(Role.FINANCE)),
        at=(items.policies, "can_retry"),
    )
    assert [type(error) for error in raised] == [type(None), Stale]
    assert times("work.lane.unblocked") == 0
    with pytest.raises(Denied, match="not blocked"):
        items.unblock_lane(lane_id=Lane.objects.get().pk, by="system:test")
