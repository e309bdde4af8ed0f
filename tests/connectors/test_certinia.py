"""Certinia over HTTP: weeks as days, approval on the header, splits and reports that change beside their records."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.certinia.manifest import INVOICE_STATUS, PROJECT_ARCHIVE, PROJECT_CREATE
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Page, Write
from integration_hub.effects.models import Effect
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import FieldRule
from integration_hub.sandbox import Landscape
from tests import vendors
from tests.connectors import contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.org import Org

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("certinia")
SHELL = {
    "reference": "C-1",
    "title": "C-1 Advisory",
    "currency": "USD",
    "customer": "Tidewater",
    "customer_code": "T-1",
}


@pytest.fixture
def org(landscape: Landscape) -> Iterator[Org]:
    made = Org(landscape)
    yield made
    made.close()


@pytest.fixture
def booked(org: Org) -> dict[str, str]:
    return org.assigned(org.project(Hub_Key__c="C-9"), org.person())


def _entries(connection: Connection, read: list[Page]) -> dict[str, language.TimeEntry]:
    made = canonical(connection, "time_entry", read)
    found = {key.partition(":")[2]: item.record for key, item in made.items()}
    return {day: record for day, record in found.items() if isinstance(record, language.TimeEntry)}


def test_a_week_is_read_by_days(certinia: Connection, org: Org, booked: dict[str, str]) -> None:
    hours = {"pse__Sunday_Hours__c": 0.25, "pse__Saturday_Hours__c": 7.1, "pse__Tuesday_Hours__c": 0}
    card = org.timecard(booked, pse__Start_Date__c="2026-03-29", pse__Monday_Notes__c="Review", **hours)
    org.decide(card, "Submitted")
    april = next(row for row in org.rows("pse__Timecard__c") if row["pse__Start_Date__c"] == "2026-04-01")
    org.change("pse__Timecard__c", april["Id"], pse__Billable__c=False)
    assert "all objects and fields are there" in CONNECTOR.check(certinia)
    days = _entries(certinia, pages(certinia, "time_entry"))
    told = {day: (record.worked_on.isoformat(), record.minutes, record.billable) for day, record in days.items()}
    assert told == {
        "sun": ("2026-03-29", Decimal(15), True),
        "mon": ("2026-03-30", Decimal(480), True),
        "sat": ("2026-04-04", Decimal(426), False),
    }
    monday = days["mon"]
    assert (monday.role, monday.approval, monday.notes) == ("Architect", "submitted", "Review")
    assert monday.task_id == booked["pse__Assignment__c"]
    project = canonical(certinia, "project", pages(certinia, "project"))[booked["pse__Project__c"]].record
    assert isinstance(project, language.Project)
    assert (project.reference, project.status) == ("C-9", "open")
    person = canonical(certinia, "resource", pages(certinia, "resource"))[booked["pse__Resource__c"]].record
    assert isinstance(person, language.Resource)
    assert (person.name, person.email, person.active) == ("Ida Lund", "ida@firm.example", True)


def test_a_day_without_hours_is_gone(certinia: Connection, org: Org, booked: dict[str, str]) -> None:
    card = org.timecard(booked, pse__Tuesday_Hours__c=4)
    first = pages(certinia, "time_entry")
    assert set(records(first)) == {f"{card}:mon", f"{card}:tue"}
    org.change("pse__Timecard_Header__c", card, pse__Tuesday_Hours__c=None, pse__Friday_Hours__c=4)
    second = records(pages(certinia, "time_entry", first[-1].cursor))
    assert {key for key, raw in second.items() if not raw.deleted} == {f"{card}:mon", f"{card}:fri"}
    assert second[f"{card}:tue"].deleted
    assert second[f"{card}:tue"].version > records(first)[f"{card}:tue"].version


def test_a_split_changes_without_its_header(certinia: Connection, org: Org, booked: dict[str, str]) -> None:
    certinia.settings["overlap_seconds"] = "0.001"
    card = org.timecard(booked)
    first = pages(certinia, "time_entry")
    (split,) = org.rows("pse__Timecard__c")
    org.change("pse__Timecard__c", split["Id"], pse__Billable__c=False)
    second = pages(certinia, "time_entry", first[-1].cursor)
    assert [read["mon"].billable for read in (_entries(certinia, first), _entries(certinia, second))] == [True, False]
    assert records(second)[f"{card}:mon"].version > records(first)[f"{card}:mon"].version
    third = records(pages(certinia, "time_entry", second[-1].cursor))
    assert all(records(second)[key].version == raw.version for key, raw in third.items())


def test_a_report_is_decided_without_its_expenses(certinia: Connection, org: Org, booked: dict[str, str]) -> None:
    certinia.settings["overlap_seconds"] = "0.001"
    person, project = booked["pse__Resource__c"], booked["pse__Project__c"]
    report = org.load("pse__Expense_Report__c", Name="March", pse__Resource__c=person, pse__Status__c="Submitted")
    spent = {"pse__Expense_Date__c": "2026-03-02", "pse__Amount__c": 120.5, "pse__Non_Reimbursible__c": True}
    key = org.load("pse__Expense__c", pse__Expense_Report__c=report, pse__Project__c=project, **spent)
    first = pages(certinia, "expense")
    org.change("pse__Expense_Report__c", report, pse__Status__c="Approved", pse__Approver__c=person)
    second = pages(certinia, "expense", first[-1].cursor)
    before, after = (canonical(certinia, "expense", read)[key].record for read in (first, second))
    assert isinstance(before, language.Expense)
    assert isinstance(after, language.Expense)
    assert (before.approval, after.approval, after.approved_by_id) == ("submitted", "approved", person)
    assert (after.amount, after.paid_by, after.report_id) == (Decimal("120.5"), "company", report)
    assert after.version > before.version


def test_a_test_names_what_is_missing(certinia: Connection, landscape: Landscape) -> None:
    rule = FieldRule.objects.filter(mapping__connection=certinia.code, mapping__entity="time_entry", target="role")
    rule.update(source="split.pse__Role__c")

    def missing() -> str:
        with pytest.raises(Failed) as caught:
            CONNECTOR.check(certinia)
        assert caught.value.kind == FailureClass.AUTH
        return caught.value.message

    certinia.settings["key_field"] = "pse__Event_Key__c"
    assert "pse__Event_Key__c of pse__Proj__c is not there" in missing()
    certinia.settings["key_field"] = "Name"
    assert "Name of pse__Proj__c is no external id" in missing()
    certinia.settings["key_field"] = "Hub_Key__c"
    assert "no field pse__Role__c of pse__Timecard__c" in missing()
    landscape.settings(salesforce={"psa_installed": False})
    assert "there is no object pse__Proj__c" in missing()


def test_what_people_changed_stays(certinia: Connection, org: Org) -> None:
    region = org.load("pse__Region__c", Name="North")
    certinia.settings["project_fields"] = f'{{"pse__Region__c": "{region}", "pse__Stage__c": "Planned"}}'
    planned = {"reference": "C-1-M1", "name": "Go-live", "due_on": "2026-06-28"}
    write = Write(PROJECT_CREATE, "key", "C-1", {**SHELL, "milestones": [planned]})
    with pytest.raises(Failed, match="no account for the customer Tidewater"):
        CONNECTOR.send(certinia, write)
    account = org.load("Account", Name="Tidewater")
    key = CONNECTOR.send(certinia, write).remote_id
    org.load("Account", Name="Tidewater")
    org.change("pse__Proj__c", key, Name="As we call it")
    (milestone,) = org.rows("pse__Milestone__c")
    org.change("pse__Milestone__c", milestone["Id"], Name="Cut-over", pse__Include_In_Financials__c=True)
    assert CONNECTOR.send(certinia, write).remote_id == key
    (project,) = org.rows("pse__Proj__c")
    assert (project["Name"], project["pse__Region__c"], project["pse__Account__c"]) == (
        "As we call it",
        region,
        account,
    )
    assert [row["Name"] for row in org.rows("pse__Milestone__c")] == ["Cut-over"]
    CONNECTOR.send(certinia, Write(PROJECT_ARCHIVE, "key", "C-1", {"remote_id": key}))
    with pytest.raises(Failed, match="several accounts"):
        CONNECTOR.send(certinia, write)


def test_contract_to_cash_with_certinia_as_the_psa(certinia: Connection, org: Org) -> None:
    org.load("Account", Name="Tidewater", AccountNumber="CUST-1")
    person = org.person()

    def work(project: str) -> None:
        org.decide(org.timecard(org.assigned(project, person)), "Approved")

    with vendors.living() as landscape:
        invoice = contract_to_cash.invoiced(landscape, certinia, work)
    assert invoice.net == Decimal(1200)
    assert Effect.objects.get(effect_type=INVOICE_STATUS).state == Effect.State.CONFIRMED
    (event,) = org.rows("pse__Billing_Event__c")
    assert (event["pse__Invoice_Number__c"], event["pse__Invoiced__c"], event["Hub_Status__c"]) == (
        invoice.number,
        True,
        "posted",
    )
    assert event["pse__Invoice_Date__c"] == invoice.invoice_date.isoformat()
