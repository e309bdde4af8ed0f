"""The control port: reset, settings, loading, the call log, and refusals in words."""

from __future__ import annotations

import httpx
import pytest

from integration_hub.sandbox import Landscape

pytestmark = pytest.mark.landscape


def test_reset_forgets_records_settings_and_calls_but_not_sessions(
    land: Landscape, salesforce: httpx.Client, kantata: httpx.Client
) -> None:
    salesforce.post("/sobjects/Account", json={"Name": "Acme"})
    kantata.post("/roles", json={"role": {"name": "Architect"}})
    land.settings(salesforce={"page_size": 5})
    land.reset(vendor="kantata")
    assert land.ledger("kantata")["counts"]["roles"] == 0
    assert land.ledger("salesforce")["objects"]["Account"]["live"] == 1
    land.reset()
    assert land.ledger("salesforce")["objects"]["Account"]["live"] == 0
    assert salesforce.get("/limits").headers["sforce-limit-info"] == "api-usage=1/15000"
    land.reset()
    assert land.settings()["salesforce"]["page_size"] == 2000
    assert land.calls() == []
    assert salesforce.get("/limits").status_code == 200
    land.reset(tokens=True)
    assert salesforce.get("/limits").status_code == 401
    assert kantata.get("/roles").status_code == 200, "default credentials come back"


def test_ids_are_not_reused_after_a_reset(land: Landscape, salesforce: httpx.Client) -> None:
    first = salesforce.post("/sobjects/Account", json={"Name": "Acme"}).json()["id"]
    land.reset()
    assert salesforce.post("/sobjects/Account", json={"Name": "Acme"}).json()["id"] != first


def test_loading_goes_through_the_vendors_own_validation(land: Landscape) -> None:
    (workspace,) = land.load("kantata", "workspaces", [{"title": "A", "creator_role": "maven"}])
    entry = {"workspace_id": workspace, "date_performed": "2026-09-01", "time_in_minutes": 30}
    assert len(land.load("kantata", "time_entries", [entry] * 500)) == 500
    with pytest.raises(ValueError, match="time worked"):
        land.load("kantata", "time_entries", [entry, {**entry, "time_in_minutes": None}])
    assert land.ledger("kantata")["counts"]["time_entries"] == 500
    assert len(land.load("netsuite", "customer", [{"companyName": "A", "subsidiary": {"id": "1"}}])) == 1
    with pytest.raises(ValueError, match="REQUIRED_FIELD_MISSING"):
        land.load("salesforce", "Account", [{}])
    document = {
        "type": "SalesInvoice", "customerCode": "C", "date": "2026-05-01",
        "addresses": {"shipTo": {"country": "GB"}}, "lines": [{"amount": 1}],
    }  # fmt: skip
    assert len(land.load("avatax", "transactions", [document, document])) == 2


def test_the_call_log_proves_what_was_called(land: Landscape, salesforce: httpx.Client) -> None:
    salesforce.get("/limits")
    salesforce.post("/sobjects/Account", json={})
    salesforce.get("/query", params={"q": "SELECT Id FROM Account"})
    calls = land.calls("salesforce")
    assert [(call["method"], call["status"]) for call in calls[-3:]] == [("GET", 200), ("POST", 400), ("GET", 200)]
    assert calls[-1]["query"] == "q=SELECT Id FROM Account"
    assert land.calls("salesforce", path="/sobjects/")[0]["path"].endswith("/sobjects/Account")
    assert land.calls("salesforce", after=calls[-2]["n"], method="GET") == [calls[-1]]
    assert land.health()["calls"]["salesforce"] == len(calls)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"nobody": {}}, "no settings for 'nobody'"),
        ({"kantata": {"nonsense": 1}}, "has no setting 'nonsense'"),
        ({"kantata": {"allow_negative_time": "no"}}, "must be of type bool"),
        ({"netsuite": {"concurrency": True}}, "must be of type int"),
    ],
)
def test_settings_are_checked(land: Landscape, values: dict[str, dict[str, object]], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        land.settings(**values)


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/periods", {"name": "Smarch 2026", "closed": True}, "no posting period"),
        ("/periods", {"name": "May 2026", "subsidiary": "Mars"}, "no subsidiary"),
        ("/periods", {}, "missing 'name'"),
        ("/load", {"vendor": "nobody", "entity": "x", "rows": []}, "unknown vendor"),
        ("/load", {"vendor": "kantata", "entity": "x", "rows": []}, "no collection"),
        ("/relay", {"vendor": "nobody"}, "unknown vendor"),
    ],
)
def test_requests_that_make_no_sense_are_refused_in_words(
    land: Landscape, path: str, body: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        land.post(path, body)


def test_periods_are_listed_with_their_locks(land: Landscape) -> None:
    land.period("May 2026", subsidiary="US", closed=True)
    with httpx.Client(base_url=land.control) as http:
        periods = {entry["name"]: entry for entry in http.get("/_control/periods").json()["periods"]}
    assert periods["May 2026"]["subsidiaries"] == {"1": {"closed": True}}
    assert (periods["Jun 2026"]["start"], periods["Jun 2026"]["end"]) == ("2026-06-01", "2026-06-30")
