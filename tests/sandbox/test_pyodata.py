"""An independent voice: SAP's own client of OData v2 reads, writes and is refused by the simulated tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyodata
import pytest
import requests
from pyodata.exceptions import HttpError

from integration_hub.sandbox import Landscape, accounts

pytestmark = pytest.mark.landscape


def _partner(code: str, name: str) -> dict[str, Any]:
    kind = {"BusinessPartnerCategory": "2", "BusinessPartnerGrouping": "BP02"}
    held = {"to_CustomerCompany": {"results": [{"CompanyCode": "US01", "PaymentTerms": "0030"}]}}
    return {"BusinessPartner": code, "OrganizationBPName1": name, **kind, "to_Customer": held}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with requests.Session() as made:
        made.auth = (accounts.SAP_USER, accounts.SAP_PASSWORD)
        yield made


@pytest.fixture
def partners(land: Landscape, session: requests.Session) -> Any:
    return pyodata.Client(f"{land.sap}/sap/opu/odata/sap/API_BUSINESS_PARTNER/", session)


def test_reads_by_filter_over_pages_and_into_rows(land: Landscape, partners: Any) -> None:
    land.load("sap", "A_BusinessPartner", [_partner(f"C-{n}", f"Yard {n}") for n in range(5)])
    land.settings(sap={"page_size": 2})
    them = partners.entity_sets.A_BusinessPartner
    assert them.get_entities().count().execute() == 5
    read = them.get_entities().filter("Customer ne ''").execute()
    found = [row.BusinessPartner for row in read]
    while read.next_url:
        read = them.get_entities().next_url(read.next_url).execute()
        found += [row.BusinessPartner for row in read]
    assert found == [f"C-{n}" for n in range(5)]
    one = them.get_entity("C-1").expand("to_Customer/to_CustomerCompany").execute()
    assert [row.CompanyCode for row in one.to_Customer.to_CustomerCompany] == ["US01"]
    assert one.LastChangeDate.year >= 2020


def test_writes_with_a_token_and_is_refused_without(land: Landscape, session: requests.Session, partners: Any) -> None:
    row = {name: value for name, value in _partner("C-9", "Harbour").items() if name != "to_Customer"}
    them = partners.entity_sets.A_BusinessPartner
    with pytest.raises(HttpError) as caught:
        them.create_entity().set(**row).execute()
    assert caught.value.response.status_code == 403
    home = f"{land.sap}/sap/opu/odata/sap/API_BUSINESS_PARTNER/"
    session.headers["x-csrf-token"] = session.get(home, headers={"x-csrf-token": "Fetch"}).headers["x-csrf-token"]
    assert them.create_entity().set(**row).execute().OrganizationBPName1 == "Harbour"
    with pytest.raises(HttpError) as unguarded:
        them.update_entity("C-9").set(OrganizationBPName1="Quay").execute()
    assert unguarded.value.response.status_code == 428
    session.headers["If-Match"] = "*"
    them.update_entity("C-9").set(OrganizationBPName1="Quay").execute()
    (kept,) = land.records("sap", "A_BusinessPartner")
    assert kept["OrganizationBPName1"] == "Quay"
