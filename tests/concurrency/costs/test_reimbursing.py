"""A reimbursement released by two at once is sent once; the lock on it with its control."""

import pytest
from django.db import IntegrityError

from costs.actions import moves, reimbursing
from costs.models import Reimbursement, ReimbursementJournal
from integration_hub.kernel.errors import Denied
from tests import factories, money
from tests.integration.costs import spending
from tests.integration.costs.spending import expense, owed, spend

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def due(landscape):
    """What Ann is owed, before anybody posts it."""
    spending.known(landscape, money.contract_in(landscape, "C-1"))
    spend(landscape, expense())
    return owed()


def post(row):
    """A person who is about to post."""
    person = factories.user()
    return lambda: reimbursing.post(reimbursement=row, version=row.version, by=person)


def test_of_two_postings_at_once_the_second_is_told_that_it_is_under_way(due, interleave):
    errors = interleave(post(due), post(due), at=(moves, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], Denied)
    assert ReimbursementJournal.objects.count() == 1


def test_without_the_lock_both_would_send_it(due, interleave, monkeypatch):
    """Negative control: only the database's own word that a reimbursement has one payable stops the second."""
    rows = Reimbursement.objects.select_related("legal_entity", "resource", "connection")
    monkeypatch.setattr(moves, "locked", lambda pk: rows.get(pk=pk))
    errors = interleave(post(due), post(due), at=(moves, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert ReimbursementJournal.objects.count() == 1
