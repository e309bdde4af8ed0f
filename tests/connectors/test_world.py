"""The demo's whole book through connectors and default mappings: what cannot be read here would park in the demo."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.kantata.manifest import PROJECT_CREATE
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.sandbox import Landscape
from integration_hub.sandbox.world import build
from integration_hub.sandbox.world.acts import deals, masters
from integration_hub.sandbox.world.acts import work as delivery
from integration_hub.sandbox.world.stage import Stage
from integration_hub.sandbox.world.vendors.control import Control
from integration_hub.sandbox.world.vendors.kantata import Kantata
from integration_hub.sandbox.world.vendors.netsuite import NetSuite
from integration_hub.sandbox.world.vendors.salesforce import Salesforce
from tests.connectors.conftest import canonical, pages

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]


@pytest.fixture
def stage(landscape: Landscape) -> Iterator[Stage]:
    """The world with everybody and everything sold and signed, before any work."""
    urls = landscape.urls
    made = Stage(
        world=build(seed=7, months=6),
        salesforce=Salesforce(urls["salesforce"]),
        kantata=Kantata(urls["kantata"]),
        netsuite=NetSuite(urls["netsuite"]),
        control=Control(urls["control"]),
        hub=cast(Any, None),  # nothing is billed here
        settle=lambda reason: None,
    )
    masters.companies(made)
    masters.terms(made)
    masters.people(made, made.world.people[-1].joins.replace(year=2027))
    masters.customers(made)
    yield made
    made.close()


def _records(connection: Connection, entity: str) -> list[Any]:
    """Every record of a feed; a record with problems fails the test with its problems."""
    found = canonical(connection, entity, pages(connection, entity))
    wrong = {key: [str(problem) for problem in item.problems] for key, item in found.items() if item.problems}
    assert wrong == {}, f"{connection.code} {entity}"
    return [item.record for item in found.values() if item.record]


def test_master_data_of_the_erp(stage: Stage, netsuite: Connection) -> None:
    entities = {item.code: item for item in _records(netsuite, "legal_entity")}
    assert set(entities) == {"US01", "UK01", "DE01"}, "the account's other subsidiaries are inactive"
    assert {item.currency for item in entities.values()} == {"USD", "GBP", "EUR"}
    assert {term.name for term in stage.world.payment_terms} <= {
        item.name for item in _records(netsuite, "payment_term")
    }
    assert {period.name for period in stage.world.periods} <= {
        item.name for item in _records(netsuite, "accounting_period")
    }
    codes = {item.code for item in _records(netsuite, "customer_account")}
    assert codes == {customer.code for customer in stage.world.customers if customer.in_erp}


def test_the_book_of_the_crm(stage: Stage, salesforce: Connection, landscape: Landscape) -> None:
    for month in stage.world.months:
        deals.prepare(stage, month)
        deals.sign(stage, month)
        deals.amend(stage, month)
    assert len(_records(salesforce, "customer")) == len(stage.world.customers)
    assert len(_records(salesforce, "opportunity")) == len(stage.world.contracts)
    contracts = _records(salesforce, "contract")
    assert {item.name for item in contracts} == {contract.name for contract in stage.world.contracts}
    assert {item.status for item in contracts} == {"signed"}
    lines = _records(salesforce, "contract_line")
    assert len(lines) == sum(len(contract.lines) for contract in stage.world.contracts)
    rates = _records(salesforce, "rate_item")
    assert len(rates) == sum(len(contract.rates) for contract in stage.world.contracts)
    terms = _records(salesforce, "milestone_term")
    assert len(terms) == sum(len(line.terms) for contract in stage.world.contracts for line in contract.lines)
    amendments = _records(salesforce, "amendment")
    assert len(amendments) == sum(len(contract.amendments) for contract in stage.world.contracts)


def test_a_month_of_work_in_the_psa(stage: Stage, kantata: Connection) -> None:
    month = stage.world.months[0]
    deals.prepare(stage, month)
    deals.sign(stage, month)
    numbers = stage.contract_numbers()
    for contract in deals.starting(stage, month):
        number = numbers[contract.key]
        milestones = [
            {"reference": f"{number}-M{term.name}", "name": term.name, "due_on": None}
            for line in contract.lines
            for term in line.terms
        ]
        payload = {
            "reference": number,
            "title": f"{number} {contract.name}",
            "currency": contract.currency,
            "starts_on": contract.start.isoformat(),
            "ends_on": contract.last_day.isoformat(),
            "customer": contract.customer,
            "milestones": milestones,
        }
        CONNECTORS.get("kantata").send(kantata, Write(PROJECT_CREATE, "key", number, payload))
    for act in (delivery.time, delivery.sheets, delivery.expenses, delivery.milestones, delivery.corrections):
        act(stage, month)
    assert stage.notes == []
    projects = _records(kantata, "project")
    assert {item.contract_number for item in projects} <= set(numbers.values())
    people = _records(kantata, "resource")
    assert {item.cost_centre for item in people if item.email.endswith("@meridian.example")} >= {"US-ADV", "DE-CLD"}
    read = _records(kantata, "time_entry")
    time = [item for item in read if not item.deleted]
    assert len(read) > len(time)  # deletions are told
    assert len(time) > 100
    gone = sum(change.minutes is None for change in stage.world.corrections if change.entry.month == month.month)
    assert len(time) == sum(entry.month == month.month for entry in stage.world.entries) - gone
    approved = {
        key for item in _records(kantata, "time_approval") if item.state == "approved" for key in item.entry_ids
    }
    assert {item.source_id for item in time if item.approval == "approved"} <= approved
    assert {item.approval for item in _records(kantata, "expense")} == {"approved"}
    _records(kantata, "milestone")
    assert all(isinstance(item, language.Task) for item in _records(kantata, "task"))
