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
