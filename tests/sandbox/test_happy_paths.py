"""One walk through each vendor: what a connector does on its best day."""

from __future__ import annotations

import httpx
import pytest

from integration_hub.sandbox import Landscape

from .conftest import netsuite_customer, netsuite_invoice

pytestmark = pytest.mark.landscape


def test_salesforce_creates_upserts_and_queries(salesforce: httpx.Client) -> None:
    created = salesforce.post("/sobjects/Account", json={"Name": "Acme", "Hub_Key__c": "A-1"})
    assert created.status_code == 201
    account = created.json()["id"]
    upsert = salesforce.patch(
        "/sobjects/Contract/Hub_Key__c/K-1", json={"AccountId": account, "Status": "Draft", "Legal_Entity__c": "US"}
    )
    assert (upsert.status_code, upsert.json()["created"]) == (201, True)
    again = salesforce.patch("/sobjects/Contract/Hub_Key__c/K-1", json={"Status": "Activated"})
    assert (again.status_code, again.json()["created"]) == (200, False)
    soql = "SELECT Id, StatusCode, Account.Name, ContractNumber FROM Contract WHERE Hub_Key__c = 'K-1'"
    (record,) = salesforce.get("/query", params={"q": soql}).json()["records"]
    assert record["StatusCode"] == "Activated"
    assert record["Account"]["Name"] == "Acme"
    assert record["ContractNumber"].isdigit()


def test_kantata_takes_time_and_approves_it(kantata: httpx.Client) -> None:
    workspace = kantata.post("/workspaces.json", json={"workspace": {"title": "ERP rollout", "creator_role": "maven"}})
    assert workspace.status_code == 200
    workspace_id = workspace.json()["results"][0]["id"]
    entry = {"workspace_id": workspace_id, "date_performed": "2026-09-01", "time_in_minutes": 90}
    answer = kantata.post("/time_entries.json", json={"time_entry": entry}).json()
    entry_id = answer["results"][0]["id"]
    assert answer["time_entries"][entry_id]["approved"] is False
    submission = {"title": "Week 36", "workspace_id": workspace_id, "line_item_ids": [entry_id]}
    submitted = kantata.post("/timesheet_submissions", json={"timesheet_submission": submission}).json()
    submission_id = submitted["results"][0]["id"]
    approved = kantata.put(f"/timesheet_submissions/{submission_id}/approve.json", json={"resolution": {}})
    assert approved.json()["timesheet_submissions"][submission_id]["status"] == "approved"
    listed = kantata.get("/time_entries.json", params={"only": entry_id, "include": "workspace,user"}).json()
    assert listed["time_entries"][entry_id]["approved"] is True
    assert listed["workspaces"][workspace_id]["title"] == "ERP rollout"


def test_netsuite_posts_an_invoice_and_is_paid(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite, "CRM-1")
    tax = {"taxDetailsOverride": True, "taxDetails": {"items": [{"taxDetailsReference": "T1", "taxAmount": 88.75}]}}
    invoice = netsuite_invoice(netsuite, customer, "HUB-INV-1", 1000.0, **tax)
    body = netsuite.get(f"/record/v1/invoice/{invoice}").json()
    assert (body["tranId"], body["total"], body["status"]["id"]) == ("INV-US-000001", 1088.75, "open")
    assert body["postingPeriod"]["refName"] == "May 2026"
    payment = {
        "customer": {"id": customer},
        "tranDate": "2026-05-20",
        "payment": 1088.75,
        "apply": {"items": [{"doc": {"id": invoice}, "amount": 1088.75}]},
    }
    assert netsuite.post("/record/v1/customerPayment", json=payment).status_code == 204
    body = netsuite.get("/record/v1/invoice/eid:HUB-INV-1").json()
    assert (body["amountRemaining"], body["status"]["id"]) == (0, "paidInFull")
    query = "SELECT id, tranid, foreigntotal FROM transaction WHERE type = 'CustInvc' ORDER BY id"
    rows = netsuite.post("/query/v1/suiteql", json={"q": query}).json()
    assert rows["items"] == [{"links": [], "id": invoice, "tranid": "INV-US-000001", "foreigntotal": "1088.75"}]
    books = land.ledger("netsuite")
    assert books["trial_balance"]["balanced"]
    (total,) = books["totals"]
    assert (total["invoices"], total["net"], total["tax"], total["gross"], total["paid"], total["open"]) == (
        1, "1000.00", "88.75", "1088.75", "1088.75", "0.00",
    )  # fmt: skip


def test_avatax_quotes_commits_and_voids(land: Landscape, avatax: httpx.Client) -> None:
    model = {
        "type": "SalesInvoice",
        "companyCode": "DEFAULT",
        "code": "HUB-INV-1",
        "customerCode": "C1",
        "date": "2026-05-15",
        "addresses": {"shipTo": {"line1": "1 Main St", "city": "New York", "region": "NY", "country": "US"}},
        "lines": [{"number": "1", "amount": 1000, "taxCode": "P0000000"}],
    }
    quoted = avatax.post("/transactions/create", json=model, params={"$include": "Lines,Details"})
    assert quoted.status_code == 201
    assert (quoted.json()["status"], quoted.json()["totalTax"]) == ("Saved", 88.75)
    details = quoted.json()["lines"][0]["details"]
    assert [detail["tax"] for detail in details] == [40.0, 45.0, 3.75]
    place = "/companies/DEFAULT/transactions/HUB-INV-1"
    assert avatax.post(f"{place}/commit", json={"commit": True}).json()["status"] == "Committed"
    assert avatax.post(f"{place}/void", json={"code": "DocVoided"}).json()["status"] == "Cancelled"
    assert avatax.get(place).json()["status"] == "Cancelled"
    assert land.ledger("avatax")["documents"][0]["status"] == "Cancelled"


def test_everything_is_healthy_and_called_upon(land: Landscape, kantata: httpx.Client) -> None:
    kantata.get("/users/me.json")
    health = land.health()
    assert (health["status"], health["seed"]) == ("ok", 7)
    (call,) = land.calls("kantata")
    assert (call["method"], call["path"], call["status"]) == ("GET", "/api/v1/users/me.json", 200)
