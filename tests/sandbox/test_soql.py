"""SOQL against the simulated org: what it finds, how it pages, what it refuses."""

from __future__ import annotations

import datetime

import httpx
import pytest

from integration_hub.sandbox import Landscape

pytestmark = pytest.mark.landscape


@pytest.fixture
def org(land: Landscape, salesforce: httpx.Client) -> httpx.Client:
    """Five accounts, two contracts, three lines."""
    accounts = [
        {"Name": name, "Hub_Key__c": f"A-{n}", "BillingCountry": "US"}
        for n, name in enumerate(["Beta", "alpha", "Gamma", "O'Neil", "100%"])
    ]
    land.load("salesforce", "Account", accounts)
    (first, second, *_) = [row["Id"] for row in rows(salesforce, "SELECT Id FROM Account ORDER BY Hub_Key__c")]
    contracts = land.load(
        "salesforce",
        "Contract",
        [
            {"AccountId": first, "Hub_Key__c": "K-1", "StartDate": "2026-01-01", "PO_Amount__c": 100.5},
            {"AccountId": second, "Hub_Key__c": "K-2", "StartDate": "2026-07-01"},
        ],
    )
    lines = [{"Contract__c": contracts[0], "Line_Number__c": n, "Amount__c": 10 * n} for n in (1, 2, 3)]
    land.load("salesforce", "Contract_Line__c", lines)
    return salesforce


def rows(http: httpx.Client, soql: str) -> list[dict[str, object]]:
    answer = http.get("/query", params={"q": soql})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["records"]
    return found


def names(http: httpx.Client, condition: str) -> list[object]:
    return [row["Name"] for row in rows(http, f"SELECT Name FROM Account WHERE {condition} ORDER BY Hub_Key__c")]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'ALPHA'", ["alpha"]),
        ("Name != 'Beta' AND Name != 'Gamma'", ["alpha", "O'Neil", "100%"]),
        (r"Name = 'O\'Neil'", ["O'Neil"]),
        ("Name LIKE '%a'", ["Beta", "alpha", "Gamma"]),
        (r"Name LIKE '100\%'", ["100%"]),
        ("Name IN ('Beta', 'Gamma')", ["Beta", "Gamma"]),
        ("Name NOT IN ('Beta', 'Gamma')", ["alpha", "O'Neil", "100%"]),
        ("Hub_Key__c >= 'A-3' OR (Name = 'Beta' AND IsDeleted = false)", ["Beta", "O'Neil", "100%"]),
        ("NOT (Name = 'Beta' OR Name = 'alpha')", ["Gamma", "O'Neil", "100%"]),
        ("AccountNumber = null AND Name = 'Beta'", ["Beta"]),
        ("AccountNumber != null", []),
        ("AccountNumber != 'x' AND Name = 'Beta'", ["Beta"]),
        ("CreatedDate = TODAY AND Name = 'Beta'", ["Beta"]),
        ("CreatedDate < LAST_N_DAYS:3", []),
        ("SystemModstamp > 2020-01-01T00:00:00Z AND Name = 'Beta'", ["Beta"]),
        ("SystemModstamp > 2100-01-01T00:00:00+02:00", []),
        ("Id IN (SELECT AccountId FROM Contract WHERE StartDate > 2026-06-30)", ["alpha"]),
    ],
)
def test_conditions(org: httpx.Client, condition: str, found: list[str]) -> None:
    assert names(org, condition) == found


def test_parents_order_and_limits(org: httpx.Client) -> None:
    soql = (
        "SELECT Line_Number__c, Contract__r.Hub_Key__c, Contract__r.Account.Name FROM Contract_Line__c"
        " WHERE Contract__r.Account.BillingCountry = 'US' ORDER BY Amount__c DESC, Id ASC LIMIT 2"
    )
    found = rows(org, soql)
    assert [row["Line_Number__c"] for row in found] == [3.0, 2.0]
    parent = found[0]["Contract__r"]
    assert isinstance(parent, dict)
    assert parent["attributes"]["type"] == "Contract"
    assert (parent["Hub_Key__c"], parent["Account"]["Name"]) == ("K-1", "Beta")
    (orphan,) = rows(org, "SELECT Opportunity__r.Name FROM Contract WHERE Hub_Key__c = 'K-1'")
    assert orphan["Opportunity__r"] is None


def test_numbers_and_dates_compare_by_value(org: httpx.Client) -> None:
    assert len(rows(org, "SELECT Id FROM Contract_Line__c WHERE Amount__c > 9.5 AND Amount__c <= 20")) == 2
    assert len(rows(org, "SELECT Id FROM Contract WHERE StartDate = 2026-01-01 AND PO_Amount__c = 100.5")) == 1


def test_counting(org: httpx.Client) -> None:
    answer = org.get("/query", params={"q": "SELECT COUNT() FROM Contract_Line__c"}).json()
    assert answer == {"totalSize": 3, "done": True, "records": []}


def test_all_fields_come_with_fields_all(org: httpx.Client) -> None:
    (record, *_) = rows(org, "SELECT FIELDS(ALL) FROM Contract LIMIT 1")
    assert {"Hub_Key__c", "StatusCode", "SystemModstamp", "EndDate"} <= record.keys()


def test_pages_follow_a_locator_over_a_fixed_result(land: Landscape, org: httpx.Client) -> None:
    land.settings(salesforce={"page_size": 2})
    soql = {"q": "SELECT Name FROM Account ORDER BY Hub_Key__c"}
    page = org.get("/query", params=soql, headers={"Sforce-Query-Options": "batchSize=500"}).json()
    assert (page["totalSize"], page["done"], len(page["records"])) == (5, False, 2)
    seen = [row["Name"] for row in page["records"]]
    org.post("/sobjects/Account", json={"Name": "Latecomer", "Hub_Key__c": "A-0a"})
    while not page["done"]:
        page = org.get(str(org.base_url.join(page["nextRecordsUrl"]))).json()
        seen += [row["Name"] for row in page["records"]]
    assert seen == ["Beta", "alpha", "Gamma", "O'Neil", "100%"]
    assert "nextRecordsUrl" not in page
    lost = org.get("/query/0r8nonsense-2").json()
    assert lost[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_delta_by_system_modstamp_finds_exactly_what_changed(org: httpx.Client) -> None:
    (last,) = rows(org, "SELECT SystemModstamp FROM Account ORDER BY SystemModstamp DESC LIMIT 1")
    stamp = str(last["SystemModstamp"])
    assert datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo
    org.patch("/sobjects/Account/Hub_Key__c/A-2", json={"Name": "Changed"})
    moved = rows(org, f"SELECT Name FROM Account WHERE SystemModstamp > {stamp} ORDER BY SystemModstamp ASC")
    assert [row["Name"] for row in moved] == ["Changed"]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Name FROM Nope", "INVALID_TYPE"),
        ("SELECT Name, Name FROM Account", "MALFORMED_QUERY"),
        ("SELECT Owner.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE IsDeleted = 'true'", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE Name > null", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account GROUP BY Name", "MALFORMED_QUERY"),
        ("UPDATE Account SET Name = 'x'", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account; DROP TABLE calls", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_what_the_org_would_refuse_is_refused(salesforce: httpx.Client, soql: str, code: str) -> None:
    answer = salesforce.get("/query", params={"q": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
