"""An independent voice: the best-known Salesforce client talks to the simulated org over TLS."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_soql

from integration_hub.sandbox import Landscape

from .conftest import salesforce_token

pytestmark = pytest.mark.landscape


@pytest.fixture
def sf(land: Landscape, certificate_authority: tuple[Path, Path]) -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificate_authority[1])
        instance = urlsplit(land.urls["tls"]["salesforce"]).netloc
        yield Salesforce(instance=instance, session_id=salesforce_token(land), session=session, version="62.0")


def test_records_live_and_die(sf: Any) -> None:
    created = sf.Account.create({"Name": "Acme", "Hub_Key__c": "A-1"})
    assert created["success"] is True
    assert sf.Account.update(created["id"], {"BillingCity": "Utrecht"}) == 204
    assert sf.Account.get(created["id"])["BillingCity"] == "Utrecht"
    assert sf.Account.get_by_custom_id("Hub_Key__c", "A-1")["Name"] == "Acme"
    assert sf.Account.upsert("Hub_Key__c/A-2", {"Name": "Beta"}) == 201
    assert sf.Account.upsert("Hub_Key__c/A-2", {"Name": "Beta 2"}) == 200
    assert sf.Account.delete(created["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(created["id"])


def test_query_all_follows_every_page(land: Landscape, sf: Any) -> None:
    land.settings(salesforce={"page_size": 7})
    land.load("salesforce", "Account", [{"Name": f"Account {n:02d}"} for n in range(30)])
    found = sf.query_all("SELECT Id, Name FROM Account ORDER BY Name")
    assert (found["totalSize"], found["done"]) == (30, True)
    assert [row["Name"] for row in found["records"]] == [f"Account {n:02d}" for n in range(30)]
    lazily = list(sf.query_all_iter(format_soql("SELECT Name FROM Account WHERE Name >= {}", "Account 20")))
    assert len(lazily) == 10
    sf.Account.delete(found["records"][0]["Id"])
    assert sf.query_all("SELECT Id FROM Account", include_deleted=True)["totalSize"] == 30


def test_metadata(sf: Any) -> None:
    assert "Contract" in [entry["name"] for entry in sf.describe()["sobjects"]]
    fields = {field["name"]: field["type"] for field in sf.Contract.describe()["fields"]}
    assert fields["CustomerSignedDate"] == "date"
    assert sf.Contract.metadata()["objectDescribe"]["keyPrefix"] == "800"
    assert sf.limits()["DailyApiRequests"]["Max"] == 15000
    assert sf.api_usage["api-usage"].total == 15000


def test_errors_become_the_clients_exceptions(sf: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.query("SELECT Nope FROM Account")
    assert "INVALID_FIELD" in str(malformed.value.content)
    for _ in range(2):
        sf.Account.create({"Name": "Twin", "ERP_Customer__c": "E-1"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Account.upsert("ERP_Customer__c/E-1", {"Name": "Which?"})
    sf.headers["Authorization"] = "Bearer expired"
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")


def test_deleted_and_updated_windows(sf: Any) -> None:
    created = sf.Account.create({"Name": "Acme"})
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
    assert sf.Account.updated(start, end)["ids"] == [created["id"]]
    sf.Account.delete(created["id"])
    assert [row["id"] for row in sf.Account.deleted(start, end)["deletedRecords"]] == [created["id"]]


def test_certinia_is_more_objects_of_the_same_org(sf: Any) -> None:
    assert sf.pse__Proj__c.upsert("Hub_Key__c/C-1", {"Name": "Yard systems", "pse__Is_Active__c": True}) == 201
    project = sf.pse__Proj__c.get_by_custom_id("Hub_Key__c", "C-1")["Id"]
    resource = {"pse__Is_Resource__c": True, "pse__Is_Resource_Active__c": True}
    person = sf.Contact.create({"FirstName": "Ida", "LastName": "Lund", **resource})["id"]
    role = {"Name": "Design", "pse__Project__c": project, "pse__Resource__c": person, "pse__Role__c": "Architect"}
    booked = {"pse__Assignment__c": sf.pse__Assignment__c.create(role)["id"], "pse__Start_Date__c": "2026-03-02"}
    booked |= {"pse__Project__c": project, "pse__Resource__c": person, "pse__Monday_Hours__c": 7.5}
    card = sf.pse__Timecard_Header__c.create(booked)["id"]
    found = sf.query_all(
        "SELECT pse__Monday_Hours__c, pse__Timecard_Header__r.pse__Status__c, pse__Resource__r.Name,"
        " pse__Assignment__r.pse__Role__c FROM pse__Timecard__c"
        + format_soql(" WHERE pse__Timecard_Header__c = {}", card)
    )["records"]
    (split,) = found
    assert split["pse__Monday_Hours__c"] == 7.5
    assert split["pse__Timecard_Header__r"]["pse__Status__c"] == "Saved"
    assert (split["pse__Resource__r"]["Name"], split["pse__Assignment__r"]["pse__Role__c"]) == ("Ida Lund", "Architect")
    (key,) = [field for field in sf.pse__Milestone__c.describe()["fields"] if field["name"] == "Hub_Key__c"]
    assert (key["externalId"], key["unique"]) == (True, True)
    with pytest.raises(SalesforceResourceNotFound):
        sf.Timecard_Header__c.describe()  # nothing of the package is found without its namespace
