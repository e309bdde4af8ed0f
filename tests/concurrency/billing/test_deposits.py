"""Two invoices take off one deposit at once: what one took the other does not get; with the control."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.actions import deposit_ledger, deposits, limits
from billing.actions.printing import print_candidate
from billing.models import Candidate, CandidateLine, DepositAccount, Piece
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def rivals(landscape):
    """Two invoices of 1,200 that have taken nothing off the only 500 billed ahead."""
    contract = money.contract_in(landscape, "C-1", rate="150")
    first = factories.candidate_approved(money.ready_in(landscape, contract))
    second = money.ready_in(landscape, contract)
    asker = factories.user()
    asked = deposits.bill(line_id=contract.lines.get().pk, by=asker, amount=Decimal(500), reason="Agreed")
    money.drain_once()
    asked.refresh_from_db()
    money.posted_in(landscape, asked)
    return first, second


def printing(candidate):
    def reprint():
        with transaction.atomic():
            row = Candidate.objects.select_for_update(no_key=True, of=("self",)).select_related(
                "legal_entity", "contract", "bill_to"
            ).get(pk=candidate.pk)  # fmt: skip
            pieces = Piece.objects.filter(candidate_line__candidate=row, is_current=True)
            print_candidate(row, list(pieces.values_list("pk", flat=True)))
            limits.reserve(row)

    return reprint


def taken():
    lines = CandidateLine.objects.filter(kind="deposit", net__lt=0).values_list("net", flat=True)
    return list(lines), DepositAccount.objects.get().reserved


AT = (deposit_ledger, "now")


def test_a_deposit_is_taken_off_once(rivals, interleave):
    """Neither holds the contract's row, which keeps them apart in life: the account's row and its rule still do."""
    errors = interleave(*map(printing, rivals), at=AT)
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert "deposit_never_negative" in str(errors[1])
    assert taken() == ([-500], 500)


def test_without_the_lock_both_take_it(rivals, interleave, monkeypatch):
    """Negative control: each adds up what it sees, and the rule sees 500 twice."""
    without_row_locks(monkeypatch, DepositAccount)
    assert interleave(*map(printing, rivals), at=AT) == (None, None)
    assert taken() == ([-500, -500], 500)
