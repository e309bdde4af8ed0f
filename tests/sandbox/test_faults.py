"""Faults: each vendor misbehaves on demand, and the landscape's own books tell what really happened."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from integration_hub.sandbox import Landscape

from .conftest import netsuite_customer, netsuite_invoice

pytestmark = pytest.mark.landscape

ACCOUNT = {"Name": "Acme"}


def upsert(http: httpx.Client, key: str = "A-1", **options: Any) -> httpx.Response:
    return http.patch(f"/sobjects/Account/Hub_Key__c/{key}", json=ACCOUNT, **options)


def live_accounts(land: Landscape) -> int:
    count: int = land.ledger("salesforce")["objects"]["Account"]["live"]
    return count


# -- silence ------------------------------------------------------------------------------------------------------


def test_a_write_that_times_out_after_the_commit_is_found_by_a_probe(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    land.fault("netsuite", "commit_then_timeout", method="PUT", path_regex="/invoice/", count=1)
    body = {"entity": {"id": customer}, "item": {"items": [{"item": {"id": "1"}, "amount": 10}]}}
    with pytest.raises(httpx.ReadTimeout):
        netsuite.put("/record/v1/invoice/eid:I-1", json=body, timeout=1)
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["tranId"] == "INV-US-000001"
    assert netsuite.put("/record/v1/invoice/eid:I-1", json=body).status_code == 204
    assert len(land.ledger("netsuite")["documents"]) == 1
    silent, *_ = [call for call in land.calls("netsuite", method="PUT") if call["fault"]]
    assert (silent["fault"], silent["status"], silent["outcome"]) == ("commit_then_timeout", None, 204)


def test_a_create_without_a_key_is_duplicated_by_a_blind_retry(land: Landscape, kantata: httpx.Client) -> None:
    land.fault("kantata", "commit_then_timeout", count=1, params={"close": True})
    sent = {"workspace": {"title": "Twice", "creator_role": "maven"}}
    with pytest.raises(httpx.RemoteProtocolError):
        kantata.post("/workspaces", json=sent)
    kantata.post("/workspaces", json=sent)
    assert land.ledger("kantata")["counts"]["workspaces"] == 2


def test_a_timeout_before_the_work_leaves_nothing(land: Landscape, salesforce: httpx.Client) -> None:
    land.fault("salesforce", "timeout_before", method="PATCH", count=1)
    with pytest.raises(httpx.ReadTimeout):
        upsert(salesforce, timeout=0.5)
    assert live_accounts(land) == 0
    assert upsert(salesforce).status_code == 201


def test_held_connections_do_not_hold_up_others(land: Landscape, salesforce: httpx.Client) -> None:
    land.fault("salesforce", "timeout_before", path_regex="/limits", count=1)
    with pytest.raises(httpx.ReadTimeout):
        salesforce.get("/limits", timeout=0.5)
    started = time.monotonic()
    assert salesforce.get("/limits").status_code == 200
    assert time.monotonic() - started < 2


# -- wrong answers ------------------------------------------------------------------------------------------------


def test_a_gateway_error_after_the_commit(land: Landscape, avatax: httpx.Client) -> None:
    land.fault("avatax", "status_after_commit", count=1, params={"status": 502})
    sent = {
        "type": "SalesInvoice", "code": "I-1", "customerCode": "C", "date": "2026-05-01",
        "addresses": {"shipTo": {"country": "GB"}}, "lines": [{"amount": 100}],
    }  # fmt: skip
    answer = avatax.post("/transactions/create", json=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "ServerError")
    assert avatax.get("/companies/DEFAULT/transactions/I-1").json()["totalTax"] == 20.0


def test_a_status_before_the_work(land: Landscape, kantata: httpx.Client) -> None:
    land.fault("kantata", "status", count=1, params={"status": 503, "retry_after": 2})
    answer = kantata.get("/workspaces")
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (503, "system")
    assert answer.headers["retry-after"] == "2"
    land.fault("kantata", "status", count=1, params={"status": 500, "body": "<html>Sorry</html>"})
    assert kantata.get("/workspaces").text == "<html>Sorry</html>"


def test_a_lying_200_says_created_and_wrote_nothing(land: Landscape, salesforce: httpx.Client) -> None:
    land.fault("salesforce", "lying_200", count=1)
    lie = upsert(salesforce)
    assert (lie.status_code, lie.json()["success"]) == (201, True)
    assert salesforce.get(f"/sobjects/Account/{lie.json()['id']}").status_code == 404
    assert live_accounts(land) == 0
    truth = upsert(salesforce)
    assert truth.json()["id"] != lie.json()["id"], "an id that was told is never given to another record"


def test_a_lie_about_an_invoice_leaves_no_gap_in_the_numbers(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    land.fault("netsuite", "lying_200", path_regex="/invoice", count=1)
    invoice = netsuite_invoice(netsuite, customer, "I-1")
    assert netsuite.get(f"/record/v1/invoice/{invoice}").status_code == 404
    netsuite_invoice(netsuite, customer, "I-1")
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["tranId"] == "INV-US-000001"
    assert land.ledger("netsuite")["trial_balance"]["balanced"]


# -- throttling and access ----------------------------------------------------------------------------------------


def test_every_vendor_throttles_in_its_own_words(
    land: Landscape, salesforce: httpx.Client, kantata: httpx.Client, netsuite: httpx.Client, avatax: httpx.Client
) -> None:
    calls = {
        "salesforce": lambda: salesforce.get("/limits"),
        "kantata": lambda: kantata.get("/users"),
        "netsuite": lambda: netsuite.get("/record/v1/term"),
        "avatax": lambda: avatax.get("/companies/DEFAULT/transactions"),
    }
    answers = {}
    for vendor, call in calls.items():
        for kind in ("rate_limit", "quota_403"):
            land.fault(vendor, kind, count=1)
            answers[vendor, kind] = call()
    statuses = {key: answer.status_code for key, answer in answers.items()}
    assert statuses == {
        ("salesforce", "rate_limit"): 403, ("salesforce", "quota_403"): 403,
        ("kantata", "rate_limit"): 429, ("kantata", "quota_403"): 403,
        ("netsuite", "rate_limit"): 429, ("netsuite", "quota_403"): 403,
        ("avatax", "rate_limit"): 429, ("avatax", "quota_403"): 403,
    }  # fmt: skip
    assert answers["salesforce", "quota_403"].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    bare = answers["kantata", "rate_limit"]
    assert (bare.content, bare.headers.get("retry-after")) == (b"", None)
    land.fault("netsuite", "rate_limit", count=1, params={"retry_after": 3})
    assert calls["netsuite"]().headers["retry-after"] == "3"


def test_an_expired_session_stays_expired(land: Landscape, salesforce: httpx.Client) -> None:
    land.fault("salesforce", "auth_expired", after=1, count=1)
    statuses = [salesforce.get("/limits").status_code for _ in range(3)]
    assert statuses == [200, 401, 401]


def test_a_revoked_personal_token_needs_an_administrator(land: Landscape, kantata: httpx.Client) -> None:
    land.fault("kantata", "auth_expired", count=1)
    assert [kantata.get("/users").status_code for _ in range(2)] == [401, 401]
    land.post("/tokens", {"vendor": "kantata", "action": "restore"})
    assert kantata.get("/users").status_code == 200


def test_signing_in_is_spared_unless_it_is_named(land: Landscape) -> None:
    form = {"grant_type": "client_credentials"}
    place = f"{land.salesforce}/services/oauth2/token"
    land.fault("salesforce", "status", params={"status": 500})
    assert httpx.post(place, data=form).status_code == 400
    land.fault("salesforce", "status", path_regex="/oauth2/", params={"status": 503})
    assert httpx.post(place, data=form).status_code == 503


# -- bent answers -------------------------------------------------------------------------------------------------


def test_an_empty_page_denies_everything_and_a_short_page_loses_the_tail(
    land: Landscape, salesforce: httpx.Client, kantata: httpx.Client, netsuite: httpx.Client, avatax: httpx.Client
) -> None:
    for n in range(3):
        upsert(salesforce, f"A-{n}")
        kantata.post("/roles", json={"role": {"name": f"R{n}"}})
    query = {"q": "SELECT Id FROM Account"}
    land.fault("salesforce", "empty_page", count=1)
    assert salesforce.get("/query", params=query).json() == {"totalSize": 0, "done": True, "records": []}
    land.fault("salesforce", "short_page", count=1, params={"rows": 2})
    page = salesforce.get("/query", params=query).json()
    assert (len(page["records"]), page["totalSize"], page["done"]) == (2, 3, False)
    land.fault("kantata", "empty_page", count=1)
    assert kantata.get("/roles").json()["count"] == 0
    land.fault("kantata", "short_page", count=1)
    page = kantata.get("/roles").json()
    assert (len(page["results"]), page["count"]) == (1, 3)
    land.fault("netsuite", "empty_page", count=1)
    assert netsuite.post("/query/v1/suiteql", json={"q": "SELECT id FROM term"}).json()["items"] == []
    land.fault("avatax", "empty_page", count=1)
    assert avatax.get("/companies/DEFAULT/transactions").json() == {"@recordsetCount": 0, "value": []}


def test_fields_disappear_and_enums_gain_values(land: Landscape, kantata: httpx.Client) -> None:
    kantata.post("/workspaces", json={"workspace": {"title": "A", "creator_role": "maven"}})
    land.fault("kantata", "drop_field", count=1, params={"field": "currency"})
    land.fault("kantata", "new_enum", count=1, params={"field": "creator_role", "value": "consultant"})
    (bent,) = kantata.get("/workspaces").json()["workspaces"].values()
    assert ("currency" in bent, bent["creator_role"]) == (False, "consultant")
    (straight,) = kantata.get("/workspaces").json()["workspaces"].values()
    assert (straight["currency"], straight["creator_role"]) == ("USD", "maven")


def test_latency_and_another_fault_add_up(land: Landscape, avatax: httpx.Client) -> None:
    land.fault("avatax", "latency", count=1, params={"ms": 150})
    land.fault("avatax", "status", count=1)
    started = time.monotonic()
    assert avatax.get("/companies/DEFAULT/transactions").status_code == 500
    assert time.monotonic() - started >= 0.15


def test_duplicate_events_carry_the_same_id(land: Landscape, kantata: httpx.Client) -> None:
    land.fault("kantata", "duplicate_event", count=1)
    kantata.post("/roles", json={"role": {"name": "Architect"}})
    results = kantata.get("/subscribed_events", params={"event_types": "role:created"}).json()["results"]
    assert len(results) == 2
    assert results[0] == results[1]


# -- rules --------------------------------------------------------------------------------------------------------


def pattern(land: Landscape, http: httpx.Client, calls: int = 40) -> list[int]:
    return [http.get("/limits").status_code for _ in range(calls)]


def test_the_same_seed_strikes_the_same_calls(land: Landscape, salesforce: httpx.Client) -> None:
    rule = {"probability": 0.3, "path_regex": "/limits", "params": {"status": 500}}
    fault = land.fault("salesforce", "status", **rule)
    struck = pattern(land, salesforce)
    assert 3 <= struck.count(500) <= 25
    with Landscape() as twin:
        for _ in range(int(fault[1:]) - 1):
            twin.fault("avatax", "latency")
        assert twin.fault("salesforce", "status", **rule) == fault
        with httpx.Client(base_url=f"{twin.salesforce}/services/data/v62.0") as http:
            again = pattern(twin, http)
    assert [status == 500 for status in again] == [status == 500 for status in struck]


def test_count_after_method_and_removal(land: Landscape, salesforce: httpx.Client) -> None:
    fault = land.fault("salesforce", "status", method="get", after=2, count=2)
    assert [code // 100 for code in pattern(land, salesforce, 6)] == [2, 2, 5, 5, 2, 2]
    (rule,) = land.faults()
    assert (rule["seen"], rule["fired"]) == (6, 2)
    assert land.post("/faults", {"vendor": "*", "kind": "latency", "params": {"ms": 0}})["kind"] == "latency"
    with httpx.Client(base_url=land.control) as http:
        assert http.delete(f"/_control/faults/{fault}").json() == {"removed": 1}
        assert http.delete("/_control/faults", params={"vendor": "*"}).json() == {"removed": 1}
    assert land.faults() == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"kind": "gremlins"}, "unknown kind"),
        ({"kind": "status", "vendor": "nobody"}, "unknown vendor"),
        ({"kind": "status", "path_regex": "("}, "path_regex"),
        ({"kind": "status", "times": 3}, "unknown keys times"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(land: Landscape, rule: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        land.post("/faults", rule)
