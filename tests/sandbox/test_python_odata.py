"""An independent voice: an OData client not written here reads, writes and is refused by the simulated environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from odata import ODataService
from odata.exceptions import ODataError

from integration_hub.sandbox import Landscape

from .conftest import dynamics_token

pytestmark = pytest.mark.landscape


class Everywhere(requests.Session):
    """Asks over all companies, as F&O wants it in each address."""

    company = True

    def request(self, method: Any, url: Any, *args: Any, **more: Any) -> requests.Response:
        if self.company and "cross-company" not in url:
            url += ("&" if "?" in url else "?") + "cross-company=true"
        return super().request(method, url, *args, **more)


@pytest.fixture
def service(land: Landscape, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Everywhere() as session:
        session.headers["Authorization"] = f"Bearer {dynamics_token(land)}"
        yield ODataService(f"{land.dynamics}/data/", session=session, reflect_entities=True, quiet_progress=True)


def _customers(land: Landscape, company: str, count: int) -> None:
    row = {"dataAreaId": company, "CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    rows = [{**row, "CustomerAccount": f"C-{n}", "OrganizationName": f"Yard {n}"} for n in range(count)]
    land.load("dynamics", "CustomersV3", rows)


def test_reads_by_filter_over_pages_and_companies(land: Landscape, service: Any) -> None:
    _customers(land, "us01", 5)
    _customers(land, "gb01", 2)
    land.settings(dynamics={"page_size": 2})
    customer, no = service.entities["CustomersV3"], service.types["Microsoft.Dynamics.DataEntities.NoYes"].No
    query = service.query(customer)
    assert len(query.all()) == 7, "over all pages, by the links the server names"
    mine = query.filter(customer.dataAreaId == "US01").filter(customer.IsOnHold == no)
    assert [row.CustomerAccount for row in mine.order_by(customer.CustomerAccount.desc())] == [
        "C-4", "C-3", "C-2", "C-1", "C-0",
    ]  # fmt: skip
    assert query.filter(customer.OrganizationName.contains("yard 1")).count() == 2
    assert query.filter(customer.ModifiedDateTime > datetime(2100, 1, 1, tzinfo=UTC)).all() == []
    assert query.get(dataAreaId="gb01", CustomerAccount="C-1").OrganizationName == "Yard 1"
    service.default_context.connection.session.company = False
    assert len(query.all()) == 5, "only the user's own company"


def test_makes_changes_and_deletes(land: Landscape, service: Any) -> None:
    made = service.entities["CustomersV3"]()
    made.dataAreaId, made.CustomerAccount = "de01", "C-9"
    made.OrganizationName, made.CustomerGroupId, made.SalesCurrencyCode = "Zürcher Werft", "10", "EUR"
    service.save(made)
    made.OrganizationName = "Zürcher Werft AG"
    service.save(made)
    (kept,) = land.records("dynamics", "CustomersV3")
    assert (kept["OrganizationName"], kept["dataAreaId"]) == ("Zürcher Werft AG", "de01")
    service.delete(made)
    assert land.records("dynamics", "CustomersV3") == []


def test_hears_of_an_error_in_the_infolog(land: Landscape, service: Any) -> None:
    project = service.entities["ProjectsV2"]()
    project.dataAreaId, project.ProjectID, project.ProjectName = "us01", "P-1", "Yard"
    project.ProjectGroupId, project.DefaultInvoiceAccount = "TM", "NOBODY"
    with pytest.raises(ODataError) as caught:
        service.save(project)
    assert caught.value.status_code == "HTTP 400"
    assert "Infolog: Error: The value 'NOBODY'" in caught.value.detailed_message
    land.settings(dynamics={"pressure": 2})
    with pytest.raises(ODataError) as caught:
        service.query(project.__class__).all()
    assert caught.value.status_code == "HTTP 429"
