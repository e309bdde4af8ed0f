"""The managed package `pse` in the simulated org: timecards split by month, approval, financials, billing events."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from integration_hub.sandbox import Landscape

pytestmark = pytest.mark.landscape

ACTIVE = {"pse__Is_Resource__c": True, "pse__Is_Resource_Active__c": True}


@pytest.fixture
def world(land: Landscape) -> dict[str, str]:
    (project,) = land.load("salesforce", "pse__Proj__c", [{"Name": "Yard systems", "pse__Is_Active__c": True}])
    (person,) = land.load("salesforce", "Contact", [{"LastName": "Lund", **ACTIVE}])
    role = {"Name": "Design", "pse__Project__c": project, "pse__Resource__c": person}
    (assignment,) = land.load("salesforce", "pse__Assignment__c", [role])
    return {"pse__Project__c": project, "pse__Resource__c": person, "pse__Assignment__c": assignment}


def timecard(land: Landscape, world: dict[str, str], **values: Any) -> str:
    week = {"pse__Start_Date__c": "2026-03-29", "pse__Monday_Hours__c": 8, "pse__Wednesday_Hours__c": 4.25}
    return land.load("salesforce", "pse__Timecard_Header__c", [{**world, **week, **values}])[0]


def rows(land: Landscape, name: str) -> list[dict[str, Any]]:
    return [row for row in land.records("salesforce", name) if not row["IsDeleted"]]


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()[0]["errorCode"])


def test_a_week_is_split_where_the_month_ends(land: Landscape, salesforce: httpx.Client, world: dict[str, str]) -> None:
    card = timecard(land, world)
    first, second = rows(land, "pse__Timecard__c")
    assert [first["pse__Start_Date__c"], first["pse__End_Date__c"]] == ["2026-03-29", "2026-03-31"]
    assert [second["pse__Start_Date__c"], second["pse__End_Date__c"]] == ["2026-04-01", "2026-04-04"]
    assert (first["pse__Total_Hours__c"], second["pse__Total_Hours__c"]) == (8, 4.25)
    path = f"/sobjects/pse__Timecard_Header__c/{card}"
    assert salesforce.patch(path, json={"pse__Status__c": "Approved"}).status_code == 204
    assert [row["pse__Approved__c"] for row in rows(land, "pse__Timecard__c")] == [True, True]
    assert refusal(salesforce.patch(path, json={"pse__Monday_Hours__c": 1})) == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert refusal(salesforce.delete(path)) == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    edit = {"pse__Wednesday_Hours__c": 0, "pse__Admin_Global_Edit__c": True}
    assert salesforce.patch(path, json=edit).status_code == 204
    assert [row["pse__Total_Hours__c"] for row in rows(land, "pse__Timecard__c")] == [8, 0]


def test_who_may_book(land: Landscape, world: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="An assignment is required"):
        timecard(land, world, pse__Assignment__c=None)
    (closed,) = land.load("salesforce", "pse__Proj__c", [{"Name": "Closed"}])
    with pytest.raises(ValueError, match="not open for time entry"):
        timecard(land, world, pse__Project__c=closed)
    with pytest.raises(ValueError, match="one week at most"):
        timecard(land, world, pse__End_Date__c="2026-04-10")


def test_a_customer_names_the_statuses(land: Landscape, salesforce: httpx.Client, world: dict[str, str]) -> None:
    land.settings(salesforce={"psa_statuses": {"Approved": "Signed off", "Saved": "Open"}})
    card = timecard(land, world)
    path = f"/sobjects/pse__Timecard_Header__c/{card}"
    assert salesforce.get(path).json()["pse__Status__c"] == "Open"
    salesforce.patch(path, json={"pse__Status__c": "Signed off"})
    assert [row["pse__Approved__c"] for row in rows(land, "pse__Timecard__c")] == [True, True]


def test_what_is_in_the_financials(land: Landscape, salesforce: httpx.Client, world: dict[str, str]) -> None:
    row = {"Name": "Go-live", "pse__Project__c": world["pse__Project__c"], "pse__Status__c": "Approved"}
    (key,) = land.load("salesforce", "pse__Milestone__c", [{**row, "pse__Include_In_Financials__c": True}])
    (milestone,) = rows(land, "pse__Milestone__c")
    assert milestone["pse__Approved__c"], "a workflow follows the status"
    path = f"/sobjects/pse__Milestone__c/{key}"
    assert refusal(salesforce.patch(path, json={"Name": "Later"})) == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert salesforce.patch(path, json={"Name": "Later", "pse__Admin_Global_Edit__c": True}).status_code == 204
    assert not rows(land, "pse__Milestone__c")[0]["pse__Admin_Global_Edit__c"], "it holds for one call"


def test_a_billing_event_shows_on_what_it_bills_without_a_stamp(
    land: Landscape, salesforce: httpx.Client, world: dict[str, str]
) -> None:
    timecard(land, world, pse__Wednesday_Hours__c=None, pse__End_Date__c="2026-03-31")
    (split,) = rows(land, "pse__Timecard__c")
    (event,) = land.load("salesforce", "pse__Billing_Event__c", [{"pse__Project__c": world["pse__Project__c"]}])
    line = {"pse__Billing_Event__c": event, "pse__Category__c": "Timecard", "pse__Timecard__c": split["Id"]}
    land.load("salesforce", "pse__Billing_Event_Item__c", [line])
    (billed,) = rows(land, "pse__Timecard__c")
    assert billed["pse__Billed__c"]
    assert billed["SystemModstamp"] > split["SystemModstamp"]
    values = {"pse__Is_Released__c": True, "pse__Invoiced__c": True, "pse__Invoice_Number__c": "INV-1"}
    salesforce.patch(f"/sobjects/pse__Billing_Event__c/{event}", json=values)
    (told,) = rows(land, "pse__Timecard__c")
    assert (told["pse__Billing_Event_Released__c"], told["pse__Billing_Event_Invoiced__c"]) == (True, True)
    assert told["SystemModstamp"] == billed["SystemModstamp"]


def test_many_rows_run_into_the_packages_limits(land: Landscape, salesforce: httpx.Client) -> None:
    row = {"attributes": {"type": "pse__Proj__c"}, "Name": "Many"}
    answer = salesforce.post("/composite/sobjects", json={"records": [row] * 51})
    assert answer.status_code == 200
    assert {error["statusCode"] for row in answer.json() for error in row["errors"]} == {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    }
    assert rows(land, "pse__Proj__c") == []


def test_an_org_without_the_package(land: Landscape, salesforce: httpx.Client) -> None:
    land.settings(salesforce={"psa_installed": False})
    assert salesforce.get("/sobjects/pse__Proj__c/describe").status_code == 404
    assert refusal(salesforce.get("/query", params={"q": "SELECT Id FROM pse__Proj__c"})) == "INVALID_TYPE"
    names = [item["name"] for item in salesforce.get("/sobjects").json()["sobjects"]]
    assert "Account" in names
    assert not any(name.startswith("pse__") for name in names)
