"""Two workers at one bulk approval: each candidate is approved once, and none is called refused for being approved."""

import pytest

from billing.actions import approvals, bulk
from billing.models import Approval, BulkItem
from tests import factories
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def act():
    candidate = factories.candidate_ready(factories.contract_active("C-B"), hours="8")
    by = factories.user(everything=True)
    return bulk.freeze(by=by, seen=[(candidate.pk, candidate.version, None)], told="Ticked")


def taking(act):
    item = act.items.get()
    return lambda: bulk.take(bulk=act, item_id=item.pk)


def test_two_workers_approve_once(act, interleave):
    assert interleave(taking(act), taking(act), at=(approvals, "event")) == (None, None)
    item = act.items.get()
    assert (item.outcome, Approval.objects.count()) == ("counted", 1)


def test_without_the_lock_on_the_item_the_second_calls_it_refused(act, interleave, monkeypatch):
    """Negative control: the second waits for the candidate, finds the approval and takes it for a refusal."""
    without_row_locks(monkeypatch, BulkItem)
    interleave(taking(act), taking(act), at=(approvals, "event"))
    assert act.items.get().outcome == "left_out"
