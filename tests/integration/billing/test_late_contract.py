"""A project and its work may come before the contract they belong to (R21: a child before its parent)."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import BillableEvent, Piece
from contracts.actions import references
from contracts.models import Project
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.vendors import arrive

pytestmark = pytest.mark.django_db


@pytest.fixture
def psa():
    """A PSA with a project of contract C-9, which nobody knows yet, and three approved hours on it."""
    there = factories.connection("kantata", code="psa")
    references.note(connection=there, entity="resource", source_id="U-1", row=factories.resource())
    arrive(there, canonical.Project(source_id="P-9", version="1", name="Early", contract_number="C-9"))
    arrive(
        there,
        canonical.TimeEntry(
            source_id="T-1", version="1", project_id="P-9", resource_id="U-1", worked_on=date(2026, 3, 2),
            minutes=Decimal(180), approval="approved",
        ),
    )  # fmt: skip
    drain_once(factories.LOCAL)
    return there


def pieces():
    return [(row.state, row.codes, row.amount) for row in Piece.objects.filter(is_current=True)]


def open_cases():
    return set(Case.objects.filter(status__in=Case.OPEN_STATES).values_list("code", "root_cause"))


def test_the_contract_takes_its_project_and_work_when_it_comes(psa):
    assert pieces() == [("blocked", ["CONTRACT_MISSING"], None)]
    assert open_cases() == {("CONTRACT_MISSING", "project:psa:P-9")}
    contract = factories.contract_active("C-9")
    assert Project.objects.get(code="psa:P-9").contract == contract
    event = BillableEvent.objects.get(is_current=True)
    assert (event.contract, event.legal_entity) == (contract, contract.legal_entity)
    assert pieces() == [("billable", [], 450)]
    assert open_cases() == set()


def test_the_work_is_decided_again_though_the_contract_is_no_more_than_a_draft(psa):
    contract = factories.contract_signed("C-9", status="draft", signed_on=None)
    drain_once(factories.LOCAL)
    assert pieces() == [("blocked", ["CONTRACT_NOT_SIGNED"], 450)]
    assert open_cases() == {("CONTRACT_NOT_SIGNED", f"contract:{contract.number}")}


def test_another_contract_takes_nothing(psa):
    factories.contract_active("C-8")
    assert Project.objects.get(code="psa:P-9").contract is None
    assert pieces() == [("blocked", ["CONTRACT_MISSING"], None)]
