"""Two people say at once who pays: one is told to look again; without the lock the database still keeps one split."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError

from contracts.actions import payers
from contracts.models import Contract, PayerSplit
from integration_hub.kernel.errors import Stale
from tests import factories
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def contract():
    row = factories.contract_active("C-SP")
    row.refresh_from_db()
    return row


def agreeing(contract):
    """A person about to agree that the client pays all, on the contract as it was seen."""
    person = factories.user(everything=True)
    whole = [payers.ShareIn(contract.customer, Decimal(100), takes_rest=True)]
    return lambda: payers.agree(
        contract_id=contract.pk, line_id=None, effective_on=date(2026, 3, 1), shares=whole, reason="Agreed", by=person,
        seen_version=contract.version,
    )  # fmt: skip


def test_of_two_who_agree_at_once_one_looks_again(contract, interleave):
    errors = interleave(agreeing(contract), agreeing(contract), at=(payers, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], Stale)
    assert PayerSplit.objects.count() == 1


def test_without_the_lock_the_database_refuses_the_second(contract, interleave, monkeypatch):
    """Negative control: both take the contract for unchanged."""
    without_row_locks(monkeypatch, Contract)
    errors = interleave(agreeing(contract), agreeing(contract), at=(payers, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert PayerSplit.objects.count() == 1
