"""The simulated NetSuite account: sign-in, records, postings, periods, applications, limits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from integration_hub.sandbox import Landscape, accounts

from .conftest import client, netsuite_assertion, netsuite_customer, netsuite_invoice, netsuite_sign_in, netsuite_token

pytestmark = pytest.mark.landscape


def detail(answer: httpx.Response) -> dict[str, str]:
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"].startswith("https://www.w3.org/")
    (only,) = body["o:errorDetails"]
    found: dict[str, str] = only
    return found


# -- sign-in ------------------------------------------------------------------------------------------------------


def test_a_token_lasts_an_hour_and_comes_from_a_signed_assertion(land: Landscape) -> None:
    url = f"{land.netsuite}/services/rest/auth/oauth2/v1/token"
    for header in ({}, {"alg": "PS256", "kid": accounts.NETSUITE_RSA_CERTIFICATE_ID}):
        answer = netsuite_sign_in(url, netsuite_assertion(url, header=header))
        assert (answer.status_code, answer.json()["expires_in"]) == (200, "3600")


@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"alg": "RS256", "kid": accounts.NETSUITE_RSA_CERTIFICATE_ID}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": accounts.NETSUITE_RSA_CERTIFICATE_ID}},
        {"iss": "somebody"},
        {"aud": "https://elsewhere.example"},
        {"scope": "restlets"},
        {"exp": 1},
        {"exp": int(time.time()) + 7200},
        {"iat": None},
    ],
)
def test_assertions_that_do_not_hold_are_refused(land: Landscape, changes: dict[str, object]) -> None:
    url = f"{land.netsuite}/services/rest/auth/oauth2/v1/token"
    answer = netsuite_sign_in(url, netsuite_assertion(url, **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_customer_may_register_another_certificate(land: Landscape) -> None:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    land.post("/certificates", {"vendor": "netsuite", "id": "mine", "public_key": pem.decode()})
    url = f"{land.netsuite}/services/rest/auth/oauth2/v1/token"
    now = int(time.time())
    claims = {"iss": accounts.NETSUITE_CLIENT_ID, "scope": "rest_webservices", "aud": url, "iat": now, "exp": now + 60}
    key = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assertion = jwt.encode({"alg": "PS384", "kid": "mine"}, claims, RSAKey.import_key(key), algorithms=["PS384"])
    assert netsuite_sign_in(url, assertion).status_code == 200


def test_calls_without_a_token_are_401_in_netsuites_shape(land: Landscape) -> None:
    with client(land.netsuite, "Bearer wrong") as http:
        answer = http.get("/services/rest/record/v1/customer")
    assert (answer.status_code, detail(answer)["o:errorCode"]) == (401, "INVALID_LOGIN")
    assert "www-authenticate" in answer.headers


def test_tokens_run_out(land: Landscape) -> None:
    land.settings(netsuite={"token_seconds": 0})
    with client(land.netsuite, f"Bearer {netsuite_token(land)}") as http:
        assert http.get("/services/rest/record/v1/customer").status_code == 401


# -- records ------------------------------------------------------------------------------------------------------


def test_put_with_an_external_id_twice_makes_one_record(land: Landscape, netsuite: httpx.Client) -> None:
    first = netsuite_customer(netsuite, "CRM-1", companyName="Acme")
    second = netsuite_customer(netsuite, "CRM-1", companyName="Acme Renamed")
    assert first == second
    body = netsuite.get("/record/v1/customer/eid:CRM-1").json()
    assert (body["companyName"], body["externalId"], body["entityId"]) == ("Acme Renamed", "CRM-1", "Acme")
    assert body["subsidiary"]["refName"] == "Meridian Advisory Inc"
    assert land.ledger("netsuite")["records"]["customer"] == 1


def test_misspelled_fields_vanish_unless_the_header_asks_for_errors(netsuite: httpx.Client) -> None:
    body = {"companyName": "A", "subsidiary": {"id": "1"}, "compnyNmae": "x"}
    answer = netsuite.post("/record/v1/customer", json=body)
    assert (answer.status_code, detail(answer)["o:errorCode"]) == (400, "INVALID_CONTENT")
    assert detail(answer)["o:errorPath"] == "compnyNmae"
    headers = {"X-NetSuite-PropertyNameValidation": "Warning"}
    answer = netsuite.post("/record/v1/customer", json=body, headers=headers)
    assert answer.status_code == 204
    assert "compnyNmae" not in netsuite.get(answer.headers["location"]).json()


@pytest.mark.parametrize(
    ("record_type", "body", "code"),
    [
        ("customer", {"companyName": "A"}, "USER_ERROR"),
        ("customer", {"subsidiary": {"id": "1"}}, "USER_ERROR"),
        ("customer", {"companyName": "A", "subsidiary": {"id": "99"}}, "INVALID_CONTENT"),
        ("customer", {"companyName": "A", "subsidiary": {"id": "1"}, "isPerson": "yes"}, "INVALID_CONTENT"),
        ("customer", {"companyName": "A", "subsidiary": {"id": "1"}, "externalId": "a|b"}, "INVALID_CONTENT"),
        ("job", {"companyName": "P", "parent": {"id": "99999"}}, "INVALID_CONTENT"),
        ("job", {"companyName": "P", "parent": {"id": "99999"}, "customer": {"id": "1"}}, "INVALID_CONTENT"),
        ("account", {"acctName": "Mine"}, "USER_ERROR"),
    ],
)
def test_bad_records_are_refused(netsuite: httpx.Client, record_type: str, body: dict[str, object], code: str) -> None:
    answer = netsuite.post(f"/record/v1/{record_type}", json=body)
    assert (answer.status_code, detail(answer)["o:errorCode"]) == (400, code)


def test_external_ids_and_entity_names_are_unique(netsuite: httpx.Client) -> None:
    netsuite_customer(netsuite, "CRM-1", companyName="Acme", entityId="ACME")
    body = {"companyName": "B", "subsidiary": {"id": "1"}, "externalId": "CRM-1"}
    assert "already exists" in detail(netsuite.post("/record/v1/customer", json=body))["detail"]
    body = {"companyName": "B", "subsidiary": {"id": "1"}, "entityId": "acme"}
    assert "already exists" in detail(netsuite.post("/record/v1/customer", json=body))["detail"]


def test_projects_inherit_from_their_customer_and_refer_by_external_id(netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite, "CRM-1")
    body = {"companyName": "Rollout", "parent": {"externalId": "CRM-1"}, "jobBillingType": {"id": "2"}}
    assert netsuite.put("/record/v1/job/eid:PRJ-1", json=body).status_code == 204
    job = netsuite.get("/record/v1/job/eid:PRJ-1").json()
    assert (job["parent"]["id"], job["subsidiary"]["id"], job["jobBillingType"]) == (customer, "1", {"id": "2"})
    invoice = netsuite_invoice(netsuite, job["id"], "INV-1")
    assert netsuite.get(f"/record/v1/invoice/{invoice}").json()["entity"]["id"] == job["id"]


def test_missing_records_types_and_methods(netsuite: httpx.Client) -> None:
    assert detail(netsuite.get("/record/v1/customer/eid:NOPE"))["o:errorCode"] == "NONEXISTENT_ID"
    assert netsuite.get("/record/v1/nonsense/1").status_code == 404
    assert netsuite.put("/record/v1/customer/17", json={}).status_code == 400
    assert netsuite.request("PUT", "/record/v1/customer", json={}).status_code == 405
    assert detail(netsuite.post("/record/v1/customer", content=b"{"))["o:errorCode"] == "INVALID_CONTENT"


def test_collections_list_ids_page_by_page_and_filter(netsuite: httpx.Client) -> None:
    keys = [netsuite_customer(netsuite, f"C-{n}", companyName=f"Company {n}") for n in range(5)]
    page = netsuite.get("/record/v1/customer", params={"limit": 2, "offset": 2}).json()
    assert (page["count"], page["hasMore"], page["totalResults"], page["offset"]) == (2, True, 5, 2)
    assert [item["id"] for item in page["items"]] == keys[2:4]
    assert {link["rel"] for link in page["links"]} == {"self", "next"}
    assert set(page["items"][0]) == {"links", "id"}
    assert netsuite.get("/record/v1/customer", params={"limit": 2, "offset": 1}).status_code == 400
    assert netsuite.get("/record/v1/customer", params={"limit": 1001}).status_code == 400
    whole = netsuite.get("/record/v1/customer", params={"expandRecords": "true"}).json()["items"]
    assert whole[0]["companyName"] == "Company 0"

    def found(expression: str) -> list[str]:
        answer = netsuite.get("/record/v1/customer", params={"q": expression})
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert found('companyName IS "company 3"') == [keys[3]]
    assert found(f'companyName START_WITH "Company" AND (id ANY_OF [{keys[0]}, {keys[4]}])') == [keys[0], keys[4]]
    assert found('externalId EMPTY OR companyName END_WITH "1"') == [keys[1]]
    assert found('lastModifiedDate ON_OR_AFTER "2020-01-01" AND subsidiary EQUAL "1"') == keys
    assert found('lastModifiedDate AFTER "2100-01-01"') == []
    assert netsuite.get("/record/v1/customer", params={"q": 'nonsense IS "x"'}).status_code == 400


# -- invoices -----------------------------------------------------------------------------------------------------


def test_document_numbers_are_sequential_per_subsidiary_without_gaps(netsuite: httpx.Client) -> None:
    us, gb = netsuite_customer(netsuite), netsuite_customer(netsuite, subsidiary={"id": "2"}, currency={"id": "3"})
    numbers = []
    for n, customer in enumerate([us, gb, us]):
        assert netsuite.post("/record/v1/invoice", json={"entity": {"id": customer}}).status_code == 400
        invoice = netsuite_invoice(netsuite, customer, f"I-{n}")
        numbers.append(netsuite.get(f"/record/v1/invoice/{invoice}").json()["tranId"])
    assert numbers == ["INV-US-000001", "INV-GB-000001", "INV-US-000002"]


def test_totals_defaults_and_sublists(netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite, terms={"id": "1"})
    lines = [
        {"item": {"id": "1"}, "quantity": 7.5, "rate": 210.0, "description": "Architect", "custcol_hub_line": "L1"},
        {"item": {"id": "7"}, "amount": 33.335, "custcol_hub_line": "L2"},
    ]
    netsuite_invoice(netsuite, customer, "I-1", item={"items": lines})
    plain = netsuite.get("/record/v1/invoice/eid:I-1").json()
    assert (plain["subtotal"], plain["taxTotal"], plain["total"]) == (1608.34, 0.0, 1608.34)
    assert (plain["dueDate"], plain["currency"]["refName"]) == ("2026-06-14", "USD")
    assert list(plain["item"]) == ["links"]
    whole = netsuite.get("/record/v1/invoice/eid:I-1", params={"expandSubResources": "true"}).json()
    assert [line["custcol_hub_line"] for line in whole["item"]["items"]] == ["L1", "L2"]
    sublist = netsuite.get(f"/record/v1/invoice/{plain['id']}/item").json()
    assert [line["line"] for line in sublist["items"]] == [1, 2]
    assert sublist["items"][0]["amount"] == 1575.0


def test_patch_merges_lines_unless_the_sublist_is_replaced(netsuite: httpx.Client) -> None:
    netsuite_invoice(netsuite, netsuite_customer(netsuite), "I-1")
    extra = {"item": {"items": [{"item": {"id": "2"}, "amount": 50}]}}
    netsuite.patch("/record/v1/invoice/eid:I-1", json=extra)
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["total"] == 1050.0
    netsuite.patch("/record/v1/invoice/eid:I-1", json={"item": {"items": [{"line": 1, "rate": 10}]}})
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["total"] == 60.0
    netsuite.patch("/record/v1/invoice/eid:I-1", params={"replace": "item"}, json=extra)
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["total"] == 50.0


def test_tax_details_count_only_with_the_override_and_must_refer_to_a_line(netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    details: dict[str, Any] = {"taxDetails": {"items": [{"taxDetailsReference": "T1", "taxAmount": 19.0}]}}
    netsuite_invoice(netsuite, customer, "I-1", **details)
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["taxTotal"] == 0.0
    netsuite_invoice(netsuite, customer, "I-2", taxDetailsOverride=True, **details)
    assert netsuite.get("/record/v1/invoice/eid:I-2").json()["total"] == 1019.0
    line = {"item": {"items": [{"item": {"id": "1"}, "amount": 10, "taxDetailsReference": "OTHER"}]}}
    body = {"entity": {"id": customer}, "taxDetailsOverride": True} | details | line
    assert "matches no line" in detail(netsuite.post("/record/v1/invoice", json=body))["detail"]


def test_an_invoice_that_waits_for_approval_is_not_in_the_books(land: Landscape, netsuite: httpx.Client) -> None:
    netsuite_invoice(netsuite, netsuite_customer(netsuite), "I-1", approvalStatus={"id": "1"})
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["status"]["id"] == "pendingApproval"
    assert land.ledger("netsuite")["totals"] == []
    netsuite.patch("/record/v1/invoice/eid:I-1", json={"approvalStatus": {"id": "2"}})
    assert land.ledger("netsuite")["totals"][0]["gross"] == "1000.00"


# -- payments and credits -----------------------------------------------------------------------------------------


def payment(customer: str, invoice: str, amount: float, **values: object) -> dict[str, object]:
    apply = {"items": [{"doc": {"id": invoice}, "amount": amount}]}
    return {"customer": {"id": customer}, "tranDate": "2026-05-20", "apply": apply} | values


def test_payments_reduce_what_remains_and_cannot_overpay(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    invoice = netsuite_invoice(netsuite, customer, "I-1")
    assert netsuite.post("/record/v1/customerPayment", json=payment(customer, invoice, 400)).status_code == 204
    body = netsuite.get("/record/v1/invoice/eid:I-1").json()
    assert (body["amountPaid"], body["amountRemaining"], body["status"]["id"]) == (400.0, 600.0, "open")
    too_much = netsuite.post("/record/v1/customerPayment", json=payment(customer, invoice, 600.01))
    assert "exceeds the amount remaining" in detail(too_much)["detail"]
    more_than_held = netsuite.post("/record/v1/customerPayment", json=payment(customer, invoice, 600, payment=500))
    assert "exceeds the amount of the transaction" in detail(more_than_held)["detail"]
    answer = netsuite.post("/record/v1/customerPayment", json=payment(customer, invoice, 600, payment=650))
    left = netsuite.get(answer.headers["location"]).json()
    assert (left["applied"], left["unapplied"], left["tranId"]) == (600.0, 50.0, "PAY-US-000002")
    (total,) = land.ledger("netsuite")["totals"]
    assert (total["payments"], total["paid"], total["open"]) == (2, "1050.00", "0.00")
    assert netsuite.delete("/record/v1/invoice/eid:I-1").status_code == 400
    assert netsuite.delete(answer.headers["location"]).status_code == 204
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["amountRemaining"] == 600.0


def test_credit_memos_apply_like_payments_and_reverse_income(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    invoice = netsuite_invoice(netsuite, customer, "I-1")
    credit = {
        "entity": {"id": customer},
        "tranDate": "2026-05-25",
        "item": {"items": [{"item": {"id": "1"}, "amount": 250}]},
        "apply": {"items": [{"doc": {"id": invoice}, "amount": 250}]},
    }
    assert netsuite.put("/record/v1/creditMemo/eid:CM-1", json=credit).status_code == 204
    body = netsuite.get("/record/v1/creditMemo/eid:CM-1").json()
    assert (body["tranId"], body["status"]["id"], body["unapplied"]) == ("CM-US-000001", "fullyApplied", 0.0)
    assert netsuite.get("/record/v1/invoice/eid:I-1").json()["amountRemaining"] == 750.0
    books = land.ledger("netsuite")
    assert books["totals"][0]["credit_gross"] == "250.00"
    accounts_ = {row["account"]: row for row in books["trial_balance"]["accounts"]}
    assert (accounts_["Service Income"]["credit"], accounts_["Service Income"]["debit"]) == ("1000.00", "250.00")
    assert books["trial_balance"]["balanced"]


def test_journals_must_balance(land: Landscape, netsuite: httpx.Client) -> None:
    lines = [{"account": {"id": "4"}, "debit": 100}, {"account": {"id": "5"}, "credit": 100}]
    body = {"subsidiary": {"id": "3"}, "tranDate": "2026-05-31", "line": {"items": lines}}
    answer = netsuite.post("/record/v1/journalEntry", json=body)
    assert netsuite.get(answer.headers["location"]).json()["tranId"] == "JE-DE-000001"
    lines[1]["credit"] = 99
    assert "must balance" in detail(netsuite.post("/record/v1/journalEntry", json=body))["detail"]
    assert land.ledger("netsuite")["trial_balance"]["balanced"]


# -- periods ------------------------------------------------------------------------------------------------------


def invoice_body(customer: str, day: str) -> dict[str, object]:
    return {"entity": {"id": customer}, "tranDate": day, "item": {"items": [{"item": {"id": "1"}, "amount": 10}]}}


def test_a_closed_period_refuses_in_words(land: Landscape, netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    posted = netsuite_invoice(netsuite, customer, "I-1")
    land.period("May 2026", closed=True)
    answer = netsuite.post("/record/v1/invoice", json=invoice_body(customer, "2026-05-31"))
    assert (answer.status_code, detail(answer)["o:errorCode"]) == (400, "USER_ERROR")
    assert "TRAN_PERIOD_CLOSED" in detail(answer)["detail"]
    assert netsuite.patch(f"/record/v1/invoice/{posted}", json={"memo": "x"}).status_code == 400
    assert netsuite.delete(f"/record/v1/invoice/{posted}").status_code == 400
    assert netsuite.post("/record/v1/invoice", json=invoice_body(customer, "2026-06-01")).status_code == 204
    query = {"q": 'periodName IS "May 2026"', "expandRecords": "true"}
    (period,) = netsuite.get("/record/v1/accountingPeriod", params=query).json()["items"]
    assert (period["closed"], period["isPosting"]) == (True, True)
    land.period("May 2026", closed=False)
    assert netsuite.post("/record/v1/invoice", json=invoice_body(customer, "2026-05-31")).status_code == 204


def test_a_lock_of_one_subsidiary_does_not_show_on_the_period(land: Landscape, netsuite: httpx.Client) -> None:
    us, gb = netsuite_customer(netsuite), netsuite_customer(netsuite, subsidiary={"id": "2"}, currency={"id": "3"})
    listed = land.period("May 2026", subsidiary="GB", ar_locked=True)
    assert listed["subsidiaries"] == {"2": {"ar_locked": True}}
    assert netsuite.post("/record/v1/invoice", json=invoice_body(gb, "2026-05-31")).status_code == 400
    assert netsuite.post("/record/v1/invoice", json=invoice_body(us, "2026-05-31")).status_code == 204
    period = netsuite.get(f"/record/v1/accountingPeriod/{listed['id']}").json()
    assert period["arLocked"] is False


def test_the_account_may_prefer_the_next_open_period(land: Landscape, netsuite: httpx.Client) -> None:
    land.settings(netsuite={"closed_period": "next_open"})
    land.period("May 2026", closed=True)
    land.period("Jun 2026", ar_locked=True)
    answer = netsuite.post("/record/v1/invoice", json=invoice_body(netsuite_customer(netsuite), "2026-05-31"))
    body = netsuite.get(answer.headers["location"]).json()
    assert (body["tranDate"], body["postingPeriod"]["refName"]) == ("2026-05-31", "Jul 2026")


# -- limits -------------------------------------------------------------------------------------------------------


def test_too_many_calls_at_once_are_429(land: Landscape, netsuite: httpx.Client) -> None:
    land.settings(netsuite={"concurrency": 3, "work_ms": 1000})
    assert netsuite.get("/system/v1/governanceLimits").json()["accountConcurrencyLimit"] == 3
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: netsuite.get("/record/v1/term"), range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 3 + [429] * 5
    blocked = next(answer for answer in answers if answer.status_code == 429)
    assert detail(blocked)["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
