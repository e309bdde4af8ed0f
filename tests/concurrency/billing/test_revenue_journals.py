"""Revenue posted by two at once: each month once; the lock on the contracts with its control."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import IntegrityError

from billing.actions import recognition, revenue_journals
from billing.actions.recognition import Measure
from billing.models import RevenuePosting
from contracts.models import Contract, LegalEntity
from tests import factories, money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def month(landscape):
    """A month that is recognised."""
    contract = money.contract_in(landscape, "C-R")
    measure = Measure(code="All", price=Decimal(1000), progress=Fraction(1, 4), invoiced=Decimal(0))
    recognition.recognise(contract=contract, period=date(2026, 3, 1), measures=[measure], by=factories.user())


def post():
    """A person who is about to post."""
    person, entity = factories.user(), LegalEntity.objects.get(code="US01")
    return lambda: revenue_journals.post(legal_entity=entity, through=date(2026, 3, 31), by=person)


def test_of_two_postings_at_once_the_second_finds_nothing_left(month, interleave):
    assert interleave(post(), post(), at=(revenue_journals, "event")) == (None, None)
    assert RevenuePosting.objects.count() == 1


def test_without_the_lock_only_the_database_keeps_the_second_out(month, interleave, monkeypatch):
    """Negative control: both find the month open."""

    def seen(legal_entity):
        return {row.pk: row for row in Contract.objects.select_related("legal_entity")}

    monkeypatch.setattr(revenue_journals, "_held", seen)
    errors = interleave(post(), post(), at=(revenue_journals, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert RevenuePosting.objects.count() == 1
