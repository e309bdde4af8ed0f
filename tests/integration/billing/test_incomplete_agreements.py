"""A signed contract that lacks terms is not forgotten: who must complete it is told, and told when it is over."""

from datetime import timedelta

import pytest

from billing.workflows import agreements
from contracts.models import Contract, Opportunity
from integration_hub.cases.models import Case
from integration_hub.cases.registry import still_holds
from integration_hub.kernel.clock import now
from integration_hub.work.inprocess import drain_once
from tests import deals, factories


@pytest.fixture
def signed(landscape):
    """C-1, signed in the CRM, whose price has not come."""
    deals.master_data(landscape, "CUST-1")
    for record in (deals.customer(), deals.opportunity(), deals.contract(), deals.line()):
        landscape.arrive("crm", record)
    drain_once()
    contract = Contract.objects.get(number="C-1")
    assert contract.status == "signed"
    return contract


def time_goes_by():
    Contract.objects.update(updated_at=now() - agreements.PATIENCE - timedelta(seconds=1))


def the_case():
    return Case.objects.get(code="AGREEMENT_INCOMPLETE")


def test_what_may_still_be_on_its_way_is_waited_for(signed):
    assert agreements.watch() == 0
    assert not Case.objects.filter(code="AGREEMENT_INCOMPLETE").exists()


def test_what_does_not_come_is_named(signed):
    time_goes_by()
    assert agreements.watch() == 1
    case = the_case()
    assert (case.is_open, case.root_cause, case.legal_entity) == (True, "contract:C-1", "US01")
    assert case.detail == "It is billed by time and has no price."
    assert still_holds(case.code, case.root_cause)
    assert agreements.watch() == 1
    assert case.members.count() == 1


def test_when_it_comes_the_contract_is_activated_and_the_exception_closes(signed, landscape):
    time_goes_by()
    agreements.watch()
    landscape.arrive("crm", deals.rate())
    drain_once()
    signed.refresh_from_db()
    assert signed.status == "active"
    assert agreements.watch() == 0
    assert the_case().status == "resolved"


def test_a_contract_that_is_not_signed_any_more_lacks_nothing(signed):
    time_goes_by()
    agreements.watch()
    Contract.objects.update(status="terminated")
    assert agreements.watch() == 0
    assert the_case().status == "resolved"


def test_everything_that_is_missing_is_said(db):
    contract = factories.contract_signed("C-9")
    contract.rate_card.rows.all().delete()
    line = factories.line(contract, number=2, method="milestone", amount="900")
    contract.opportunity = Opportunity(name="Rollout", stage="Negotiation")
    assert agreements.lacking(contract) == [
        "It is billed by time and has no price.",
        f"Line 2 ({line.name}) is billed by milestones and has none.",
        "Its opportunity Rollout is not won.",
    ]
    contract.lines.all().delete()
    assert agreements.lacking(contract)[0] == "It has no lines."
