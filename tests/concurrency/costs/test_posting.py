"""Costs posted by two at once: each is posted once; the lock on a legal entity's costs with its control."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError

from contracts.actions import cost_rates
from contracts.models import LegalEntity
from costs.actions import posting
from costs.models import Cost, CostPosting
from integration_hub.work.inprocess import drain_once
from tests import factories, money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def work(landscape):
    """An hour of work whose cost is open."""
    contract = money.contract_in(landscape, "C-1")
    LegalEntity.objects.update(costs_from=date(2026, 1, 1))
    rate = cost_rates.CostRateIn(
        legal_entity="US01", currency="USD", role="Consultant", rate=Decimal(62), valid_from=date(2026, 1, 1),
        source="test",
    )  # fmt: skip
    cost_rates.record(rates=[rate], by=factories.BY)
    factories.time_entry(contract, hours="1")
    drain_once(factories.LOCAL)
    assert Cost.objects.filter(Cost.OPEN).count() == 1


def post():
    """A person who is about to post."""
    person, entity = factories.user(), LegalEntity.objects.get(code="US01")
    return lambda: posting.post(legal_entity=entity, through=date(2026, 3, 31), by=person)


def test_of_two_postings_at_once_the_second_finds_nothing_left(work, interleave):
    assert interleave(post(), post(), at=(posting, "event")) == (None, None)
    assert CostPosting.objects.count() == 1


def test_without_the_lock_both_take_the_same_costs(work, interleave, monkeypatch):
    """Negative control: only the number that both would give keeps the second from posting them again."""
    monkeypatch.setattr(posting, "hold", lambda legal_entity: None)
    errors = interleave(post(), post(), at=(posting, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert CostPosting.objects.count() == 1
