"""Requests of the wrong shape are refused in the vendor's words; they never break the simulator."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from .conftest import netsuite_customer

pytestmark = pytest.mark.landscape

JUNK: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "2026-05-01", [], [None], [{}], {}, {"id": "1"}, {"id": None}, {"items": [None]},
    {"items": 5}, {"a": {"b": 1}}, 1e300, "9" * 400, 10**30, "\u0000", [[1]],
]  # fmt: skip


@pytest.fixture
def dice() -> random.Random:
    return random.Random(7)


def never_breaks(http: httpx.Client, method: str, path: str, body: object) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code < 500, (method, path, body, answer.text)


def bent(dice: random.Random, good: dict[str, Any], *more: str) -> Any:
    """A good body with some of its values replaced by junk, or junk altogether."""
    if dice.random() < 0.1:
        return dice.choice(JUNK)
    return good | {name: dice.choice(JUNK) for name in dice.sample([*good, *more], 2)}


def test_salesforce(salesforce: httpx.Client, dice: random.Random) -> None:
    good = {"Name": "A", "ParentId": None, "Account": None}
    for _ in range(60):
        body = bent(dice, good, "attributes", "Parent", "Hub_Key__c", "Nonsense")
        never_breaks(salesforce, "POST", "/sobjects/Account", body)
        records = {"records": [{"attributes": {"type": "Account"}, "Hub_Key__c": "K"}, body]}
        never_breaks(salesforce, "PATCH", "/composite/sobjects/Account/Hub_Key__c", records)
    words = [
        "SELECT", "Id", "Name", "FROM", "Account", "WHERE", "AND", "NOT", "(", ")", "=", ">", "'x'", "5", "null", ",",
        "LIMIT", "99999999999999999999", "IN", "TODAY",
    ]  # fmt: skip
    for _ in range(60):
        soql = " ".join(dice.choices(words, k=dice.randint(1, 9)))
        answer = salesforce.get("/query", params={"q": soql})
        assert answer.status_code < 500, soql


def test_kantata(kantata: httpx.Client, dice: random.Random) -> None:
    good = {"workspace_id": 1, "date_performed": "2026-01-01", "time_in_minutes": 5}
    for _ in range(60):
        body = bent(dice, good, "external_reference", "line_item_ids", "title")
        never_breaks(kantata, "POST", "/time_entries", {"time_entries": [body, dice.choice(JUNK)]})
        never_breaks(kantata, "POST", "/timesheet_submissions", {"timesheet_submission": body})
        never_breaks(kantata, "POST", "/timesheet_approvals", {"resolution": body})
        never_breaks(kantata, "PUT", "/time_entries/999999999999999999999999", body)


def test_netsuite(netsuite: httpx.Client, dice: random.Random) -> None:
    line = {"item": {"id": "1"}, "amount": 5, "quantity": 1, "rate": 5}
    good = {"entity": {"id": netsuite_customer(netsuite)}, "tranDate": "2026-05-01"}
    for n in range(60):
        body = bent(dice, good | {"item": {"items": [line | {"amount": dice.choice(JUNK)}]}}, "externalId", "apply")
        never_breaks(netsuite, "POST", "/record/v1/invoice", body)
        never_breaks(netsuite, "PUT", f"/record/v1/creditMemo/eid:CM-{n}", body)
        never_breaks(netsuite, "POST", "/query/v1/suiteql", {"q": dice.choice(JUNK)})
    for key in ("9" * 30, "eid:", "x"):
        never_breaks(netsuite, "PATCH", f"/record/v1/invoice/{key}", {})


def test_dynamics(dynamics: httpx.Client, dice: random.Random) -> None:
    row = {"dataAreaId": "us01", "CustomerAccount": "C-1", "CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    good = {"CustomerAccount": "C-1", "InvoiceDate": "2026-05-01", "CurrencyCode": "USD"}
    assert dynamics.post("/CustomersV3", json=row | {"OrganizationName": "A"}).status_code == 201
    words = [
        "CustomerAccount", "InvoiceAmount", "IsPosted", "ModifiedDateTime", "eq", "gt", "and", "or", "not", "(", ")",
        "'x'", "5", "null", "contains", ",", "2026-05-01", "Microsoft.Dynamics.DataEntities.NoYes'Yes'", "in", "''",
    ]  # fmt: skip
    for _ in range(60):
        never_breaks(
            dynamics, "POST", "/FreeTextInvoiceHeaders", bent(dice, good, "dataAreaId", "HeaderReference", "X")
        )
        never_breaks(dynamics, "POST", "/FreeTextInvoiceLines", bent(dice, good, "LineNumber", "AccountDisplayValue"))
        query = {
            "$filter": " ".join(dice.choices(words, k=dice.randint(1, 9))),
            "$top": dice.choice(["1", "x", "9" * 20]),
        }
        assert dynamics.get("/FreeTextInvoiceHeaders", params=query).status_code < 500, query
    for key in ("dataAreaId='us01'", "x", "dataAreaId='us01',CustomerAccount='%27'"):
        never_breaks(dynamics, "PATCH", f"/CustomersV3({key})", {"OrganizationName": dice.choice(JUNK)})
    for content in (b"", b"--b\r\n", b"--b\r\nContent-Type: application/http\r\n\r\nGET x HTTP/1.1\r\n--b--"):
        answer = dynamics.post("/$batch", content=content, headers={"Content-Type": "multipart/mixed; boundary=b"})
        assert answer.status_code < 500, content


def test_avatax(avatax: httpx.Client, dice: random.Random) -> None:
    good = {
        "type": "SalesInvoice", "code": "I-1", "customerCode": "C", "date": "2026-05-01",
        "addresses": {"shipTo": {"country": "GB"}}, "lines": [{"amount": 5}],
    }  # fmt: skip
    place = "/companies/DEFAULT/transactions/I-1"
    for _ in range(60):
        body = bent(dice, good, "taxOverride", "companyCode", "commit")
        never_breaks(avatax, "POST", "/transactions/create", body)
        line = good | {"lines": [bent(dice, {"amount": 5}, "taxOverride", "addresses", "quantity")]}
        never_breaks(avatax, "POST", "/transactions/createoradjust", line)
        for verb, name in (("adjust", "newTransaction"), ("verify", "verifyTotalTax"), ("void", "code")):
            never_breaks(avatax, "POST", f"{place}/{verb}", {name: dice.choice(JUNK), "adjustmentReason": "x"})


@pytest.mark.parametrize("vendor", ["salesforce", "kantata", "netsuite", "dynamics", "avatax"])
def test_what_is_not_json_is_400(vendor: str, request: pytest.FixtureRequest) -> None:
    http: httpx.Client = request.getfixturevalue(vendor)
    paths = {
        "salesforce": "/sobjects/Account",
        "kantata": "/workspaces",
        "netsuite": "/record/v1/customer",
        "dynamics": "/CustomersV3",
        "avatax": "/transactions/create",
    }
    for content in (b"{", b"\xff\xfe", b""):
        answer = http.post(paths[vendor], content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, (content, answer.text)
