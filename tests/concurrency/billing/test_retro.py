"""A price for the past is decided while the ERP confirms an invoice at the old one: it is compared with it, once."""

from datetime import date

import pytest
from django.db import transaction

from billing import billed
from billing.actions import decisions, posting
from billing.models import ComparedTerms, Piece
from tests import deals, factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

MARCH = date(2026, 3, 1)
COMPARED = (billed, "note_compared")
"""Where what is posted is read and not yet noted as compared."""
FIXED = (posting, "fix")
"""Where the invoice is about to be posted, not yet for others to see."""


@pytest.fixture
def contract(landscape):
    return money.contract_in(landscape, "C-1")


@pytest.fixture
def effect(landscape, contract):
    """8 h at 150, on their way to the ERP when an amendment arrives: 165 from 1 March, the difference is billed."""
    effect = money.post(factories.candidate_approved(money.ready_in(landscape, contract)))
    landscape.arrive("crm", deals.amendment(new_rate="165", effective_on=MARCH, retro_mode="delta"))
    return effect


def deciding(contract):
    """The work of the contract is about to be decided under the amended terms."""
    return lambda: decisions.decide_contract(contract_id=contract.pk, caused_by="test")


def confirming(effect):
    """The ERP is about to confirm the invoice."""

    @transaction.atomic
    def act():
        effect.remote_id, effect.remote_number = "9001", "INV-1"
        posting.confirmed(effect)

    return act


def worth():
    factories.drain_once(factories.LOCAL)
    rows = Piece.objects.filter(is_current=True).order_by("pk")
    return [(row.state, row.amount, row.adjusts_id is not None) for row in rows]


DIFFERENCE = [("posted", 1200, False), ("held", 120, True)]
"""The hold on bills while an amendment is on its way is on the difference too."""


def test_an_invoice_confirmed_during_a_comparison_waits_for_it_and_asks_for_another(contract, effect, interleave):
    assert interleave(deciding(contract), confirming(effect), at=COMPARED) == (None, None)
    assert worth() == DIFFERENCE


def test_a_comparison_waits_for_an_invoice_that_is_confirmed_and_reads_it(contract, effect, interleave):
    assert interleave(confirming(effect), deciding(contract), at=FIXED) == (None, None)
    assert worth() == DIFFERENCE


@pytest.mark.parametrize("first", ["comparison", "invoice"])
def test_without_the_lock_nobody_compares_what_was_posted_meanwhile(contract, effect, interleave, monkeypatch, first):
    """Negative control: it stays at the price it was posted at, and the amendment is taken for done."""
    without_row_locks(monkeypatch, ComparedTerms)
    racers, at = [deciding(contract), confirming(effect)], COMPARED
    if first == "invoice":
        racers, at = racers[::-1], FIXED
    assert interleave(*racers, at=at) == (None, None)
    assert worth() == [("posted", 1200, False)]
