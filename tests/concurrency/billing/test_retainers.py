"""Two candidates draw on one prepaid balance at once: what one took the other does not get; with the control."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.actions import ledger, limits, prepaid
from billing.models import Candidate, RetainerAccount
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def rivals(landscape):
    """Two candidates of 1,320 with tax that have drawn nothing of the only 2,000 paid in."""
    contract = money.contract_in(landscape, "C-1", rate="150")
    line = factories.line(contract, number=2, method="retainer_prepaid", amount="0", name="Advance")
    money.known(landscape, contract)
    prepaid.top_up(line=line, amount=Decimal(2000), on=date(2026, 3, 1), by="test", because="Agreed")
    money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    first = factories.candidate_approved(money.ready_in(landscape, contract))
    second = money.ready_in(landscape, contract)
    for candidate in (first, second):
        candidate.refresh_from_db()
        with transaction.atomic():
            limits.give_back(candidate)
    return first, second


def drawing(candidate):
    def draw():
        with transaction.atomic():
            row = Candidate.objects.select_for_update(no_key=True).get(pk=candidate.pk)
            prepaid.draw(row)
            row.save()

    return draw


def taken():
    balance = RetainerAccount.objects.get().balance
    return sorted(Candidate.objects.exclude(drawdown=0).values_list("drawdown", flat=True)), balance


def test_the_last_money_is_drawn_once(rivals, interleave):
    assert interleave(*map(drawing, rivals), at=(ledger, "_entry")) == (None, None)
    assert taken() == ([680, 1320], 0)


def test_without_its_lock_the_ledger_refuses_who_did_not_see_the_other(rivals, interleave, monkeypatch):
    """Negative control: both read 2,000; the database does not let the second entry stand on a balance that is gone."""
    without_row_locks(monkeypatch, RetainerAccount)
    errors = interleave(*map(drawing, rivals), at=(ledger, "_entry"))
    assert [error for error in errors if error is not None]
    assert any(isinstance(error, IntegrityError) and "does not follow" in str(error) for error in errors)
    assert taken() == ([1320], 680)
