"""The simulated org: sign-in, records, errors, collections, limits."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integration_hub.sandbox import Landscape, accounts

from .conftest import client, salesforce_token

pytestmark = pytest.mark.landscape


def account(http: httpx.Client, **values: object) -> str:
    answer = http.post("/sobjects/Account", json={"Name": "Acme"} | values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def codes(answer: httpx.Response) -> list[str]:
    return [error["errorCode"] for error in answer.json()]


# -- sign-in ------------------------------------------------------------------------------------------------------


def test_client_credentials_in_a_basic_header_give_a_session_without_expiry(land: Landscape) -> None:
    answer = httpx.post(
        f"{land.salesforce}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(accounts.SALESFORCE_CONSUMER_KEY, accounts.SALESFORCE_CONSUMER_SECRET),
    ).json()
    assert answer["instance_url"] == land.salesforce
    assert answer["issued_at"].isdigit()
    assert "expires_in" not in answer


def test_jwt_bearer_flow_checks_signature_audience_and_subject(land: Landscape) -> None:
    def sign_in(**changes: object) -> httpx.Response:
        claims = {
            "iss": accounts.SALESFORCE_CONSUMER_KEY,
            "sub": accounts.SALESFORCE_USERNAME,
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 180,
        } | changes
        key = RSAKey.import_key(accounts.rsa_private_key())
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        form = {"grant_type": grant, "assertion": jwt.encode({"alg": "RS256"}, claims, key)}
        return httpx.post(f"{land.salesforce}/services/oauth2/token", data=form)

    assert sign_in().json()["access_token"]
    assert sign_in(aud="https://elsewhere.example").json()["error"] == "invalid_grant"
    assert sign_in(sub="nobody@example.com").json()["error_description"] == "user hasn't approved this consumer"
    assert sign_in(exp=int(time.time()) - 1).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused(land: Landscape, form: dict[str, str], error: str) -> None:
    answer = httpx.post(f"{land.salesforce}/services/oauth2/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_call_without_a_valid_session_is_401_invalid_session(land: Landscape) -> None:
    answer = httpx.get(f"{land.salesforce}/services/data/v62.0/limits", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_versions_are_listed_without_a_session(land: Landscape) -> None:
    versions = httpx.get(f"{land.salesforce}/services/data").json()
    assert {"label", "url", "version"} == set(versions[0])
    assert versions[-1]["version"] == "68.0"


# -- records ------------------------------------------------------------------------------------------------------


def test_ids_have_the_prefix_of_their_object_and_survive_case_blind_systems(salesforce: httpx.Client) -> None:
    first, second = account(salesforce), account(salesforce)
    assert first.startswith("001")
    assert len(first) == 18
    assert first.lower() != second.lower()
    assert salesforce.get(f"/sobjects/Account/{first[:15]}").json()["Id"] == first


def test_stamps_rise_with_every_write(salesforce: httpx.Client) -> None:
    key = account(salesforce)
    seen = []
    for name in "abc":
        assert salesforce.patch(f"/sobjects/Account/{key}", json={"Name": name}).status_code == 204
        seen.append(salesforce.get(f"/sobjects/Account/{key}").json()["SystemModstamp"])
    assert seen == sorted(set(seen))
    assert seen[0].endswith("+0000")
    assert len(seen[0]) == len("2026-05-01T07:25:37.000+0000")


@pytest.mark.parametrize(
    ("object_name", "body", "code"),
    [
        ("Account", {"Name": "A", "Nmae": "B"}, "INVALID_FIELD"),
        ("Account", {"AccountNumber": "1"}, "REQUIRED_FIELD_MISSING"),
        ("Account", {"Name": "A", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account", {"Name": "A", "ParentId": "nonsense"}, "MALFORMED_ID"),
        ("Account", {"Name": "A" * 256}, "STRING_TOO_LONG"),
        ("Account", {"Name": 5}, "JSON_PARSER_ERROR"),
        ("Account", {"Name": "A", "CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Opportunity", {"Name": "A", "StageName": "X", "CloseDate": "soon"}, "JSON_PARSER_ERROR"),
        ("Contract_Line__c", {"Amount__c": "much"}, "JSON_PARSER_ERROR"),
        ("Contract", {"AccountId": "0015e0000000099999"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)  # fmt: skip
def test_bad_records_are_refused_with_the_documented_code(
    salesforce: httpx.Client, object_name: str, body: dict[str, object], code: str
) -> None:
    if code == "INVALID_CROSS_REFERENCE_KEY":
        body = {"AccountId": account(salesforce)[:12] + "zzz"}
    answer = salesforce.post(f"/sobjects/{object_name}", json=body)
    assert (answer.status_code, codes(answer)) == (400, [code])


def test_derived_fields_follow_what_they_derive_from(salesforce: httpx.Client) -> None:
    key = account(salesforce)
    won = {"Name": "Deal", "AccountId": key, "StageName": "Closed Won", "CloseDate": "2026-05-01", "Amount": "1000"}
    deal = salesforce.post("/sobjects/Opportunity", json=won).json()["id"]
    body = salesforce.get(f"/sobjects/Opportunity/{deal}").json()
    assert (body["IsClosed"], body["IsWon"], body["Amount"]) == (True, True, 1000.0)
    salesforce.patch(f"/sobjects/Opportunity/{deal}", json={"StageName": "Closed Lost"})
    body = salesforce.get(f"/sobjects/Opportunity/{deal}").json()
    assert (body["IsClosed"], body["IsWon"]) == (True, False)
    terms = {"AccountId": key, "StartDate": "2026-01-31", "ContractTerm": 1}
    contract = salesforce.post("/sobjects/Contract", json=terms).json()["id"]
    assert salesforce.get(f"/sobjects/Contract/{contract}").json()["EndDate"] == "2026-02-27"


def test_a_derived_end_date_may_be_made_read_only(land: Landscape, salesforce: httpx.Client) -> None:
    land.settings(salesforce={"contract_end_date": "derived"})
    answer = salesforce.post("/sobjects/Contract", json={"AccountId": account(salesforce), "EndDate": "2026-12-31"})
    assert codes(answer) == ["INVALID_FIELD_FOR_INSERT_UPDATE"]


def test_deleted_records_are_gone_for_query_and_present_for_query_all(salesforce: httpx.Client) -> None:
    key = account(salesforce)
    assert salesforce.delete(f"/sobjects/Account/{key}").status_code == 204
    assert codes(salesforce.get(f"/sobjects/Account/{key}")) == ["ENTITY_IS_DELETED"]
    soql = {"q": f"SELECT Id, IsDeleted FROM Account WHERE Id = '{key}'"}
    assert salesforce.get("/query", params=soql).json()["totalSize"] == 0
    (record,) = salesforce.get("/queryAll", params=soql).json()["records"]
    assert record["IsDeleted"] is True
    span = {"start": "2020-01-01T00:00:00+00:00", "end": "2100-01-01T00:00:00+00:00"}
    deleted = salesforce.get("/sobjects/Account/deleted", params=span).json()["deletedRecords"]
    assert key in [row["id"] for row in deleted]


def test_accounts_merge_as_in_the_browser(land: Landscape, salesforce: httpx.Client) -> None:
    master, merged = account(salesforce), account(salesforce)
    contract = salesforce.post("/sobjects/Contract", json={"AccountId": merged}).json()["id"]
    land.post("/merge", {"master": master, "merged": merged})
    assert salesforce.get(f"/sobjects/Contract/{contract}").json()["AccountId"] == master
    soql = {"q": f"SELECT MasterRecordId FROM Account WHERE Id = '{merged}'"}
    assert salesforce.get("/queryAll", params=soql).json()["records"][0]["MasterRecordId"] == master


def test_accounts_alone_honour_if_match(salesforce: httpx.Client) -> None:
    key = account(salesforce)
    etag = salesforce.get(f"/sobjects/Account/{key}").headers["etag"]
    patch: dict[str, Any] = {"json": {"Name": "New"}, "headers": {"If-Match": etag}}
    assert salesforce.patch(f"/sobjects/Account/{key}", **patch).status_code == 204
    assert salesforce.patch(f"/sobjects/Account/{key}", **patch).status_code == 412


# -- upsert by external id ----------------------------------------------------------------------------------------


def test_upsert_twice_makes_one_record(land: Landscape, salesforce: httpx.Client) -> None:
    place = "/sobjects/Account/Hub_Key__c/A%2F1"
    first, second = (salesforce.patch(place, json={"Name": "Acme"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert (first.json()["created"], second.json()["created"]) == (True, False)
    assert land.ledger("salesforce")["objects"]["Account"]["live"] == 1
    assert salesforce.get(place).json()["Hub_Key__c"] == "A/1"


def test_update_only_creates_nothing(salesforce: httpx.Client) -> None:
    answer = salesforce.patch("/sobjects/Account/Hub_Key__c/A-9", params={"updateOnly": "true"}, json={"Name": "A"})
    assert (answer.status_code, codes(answer)) == (404, ["NOT_FOUND"])


def test_a_key_that_fits_several_records_is_300_and_writes_nothing(salesforce: httpx.Client) -> None:
    keys = [account(salesforce, ERP_Customer__c="E-1") for _ in range(2)]
    answer = salesforce.patch("/sobjects/Account/ERP_Customer__c/E-1", json={"Name": "Changed"})
    assert answer.status_code == 300
    assert {url.rpartition("/")[2] for url in answer.json()} == set(keys)
    assert salesforce.get(f"/sobjects/Account/{keys[0]}").json()["Name"] == "Acme"


def test_a_unique_key_cannot_be_given_twice(salesforce: httpx.Client) -> None:
    account(salesforce, Hub_Key__c="A-1")
    answer = salesforce.post("/sobjects/Account", json={"Name": "B", "Hub_Key__c": "A-1"})
    assert codes(answer) == ["DUPLICATE_VALUE"]


def test_the_key_does_not_belong_in_the_body_and_must_be_an_external_id(salesforce: httpx.Client) -> None:
    answer = salesforce.patch("/sobjects/Account/Hub_Key__c/A-1", json={"Name": "A", "Hub_Key__c": "A-1"})
    assert codes(answer) == ["INVALID_FIELD"]
    assert salesforce.patch("/sobjects/Account/Name/Acme", json={}).status_code == 404


def test_parents_can_be_named_by_their_external_id(salesforce: httpx.Client) -> None:
    key = account(salesforce, Hub_Key__c="A-1")
    body = {"Account": {"Hub_Key__c": "A-1"}}
    contract = salesforce.patch("/sobjects/Contract/Hub_Key__c/K-1", json=body).json()["id"]
    assert salesforce.get(f"/sobjects/Contract/{contract}").json()["AccountId"] == key


# -- collections --------------------------------------------------------------------------------------------------


def collection(*records: dict[str, Any], every: bool = False) -> dict[str, Any]:
    typed = [{"attributes": {"type": "Account"}} | record for record in records]
    return {"allOrNone": every, "records": typed}


def test_collections_answer_200_with_failing_rows_in_order(salesforce: httpx.Client) -> None:
    body = collection(
        {"Name": "A", "Hub_Key__c": "1"}, {"Nope": 1, "Hub_Key__c": "2"}, {"Name": "C", "Hub_Key__c": "3"}
    )
    answer = salesforce.patch("/composite/sobjects/Account/Hub_Key__c", json=body)
    assert answer.status_code == 200
    assert [row["success"] for row in answer.json()] == [True, False, True]
    assert answer.json()[1]["errors"][0]["statusCode"] == "INVALID_FIELD"
    again = salesforce.patch("/composite/sobjects/Account/Hub_Key__c", json=body).json()
    assert [row.get("created") for row in again] == [False, None, False]


def test_all_or_none_keeps_nothing_when_one_row_fails(land: Landscape, salesforce: httpx.Client) -> None:
    body = collection({"Name": "A"}, {"Name": None}, every=True)
    rows = salesforce.post("/composite/sobjects", json=body).json()
    statuses = [row["errors"][0]["statusCode"] for row in rows]
    assert statuses == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert land.ledger("salesforce")["objects"]["Account"]["live"] == 0


def test_collections_take_two_hundred(salesforce: httpx.Client) -> None:
    full = salesforce.post("/composite/sobjects", json=collection(*({"Name": str(n)} for n in range(200))))
    assert all(row["success"] for row in full.json())
    more = salesforce.post("/composite/sobjects", json=collection(*({"Name": str(n)} for n in range(201))))
    assert more.status_code == 400
    ids = ",".join(row["id"] for row in full.json()[:3])
    gone = salesforce.delete("/composite/sobjects", params={"ids": ids, "allOrNone": "true"})
    assert [row["success"] for row in gone.json()] == [True, True, True]


# -- limits -------------------------------------------------------------------------------------------------------


def test_every_answer_tells_the_usage_and_the_quota_ends_in_403(land: Landscape, salesforce: httpx.Client) -> None:
    usage = salesforce.get("/limits").headers["sforce-limit-info"]
    used, _, maximum = usage.removeprefix("api-usage=").partition("/")
    assert maximum == "15000"
    land.settings(salesforce={"daily_limit": int(used) + 1})
    assert salesforce.get("/limits").json()["DailyApiRequests"] == {"Max": int(used) + 1, "Remaining": 0}
    answer = salesforce.get("/limits")
    assert (answer.status_code, codes(answer)) == (403, ["REQUEST_LIMIT_EXCEEDED"])


def test_unknown_objects_versions_and_methods(salesforce: httpx.Client, land: Landscape) -> None:
    assert codes(salesforce.get("/sobjects/Invoice/describe")) == ["NOT_FOUND"]
    assert codes(salesforce.put("/sobjects/Account", json={})) == ["METHOD_NOT_ALLOWED"]
    with client(f"{land.salesforce}/services/data/v12.0", salesforce.headers["authorization"]) as old:
        assert old.get("/limits").status_code == 404


def test_describe_tells_what_a_mapping_needs(salesforce: httpx.Client) -> None:
    described = salesforce.get("/sobjects/Contract_Line__c/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["Contract__c"]["referenceTo"] == ["Contract"]
    assert (fields["Hub_Key__c"]["externalId"], fields["Hub_Key__c"]["unique"]) == (True, True)
    assert fields["Amount__c"]["type"] == "currency"
    listed = salesforce.get("/sobjects").json()["sobjects"]
    assert {"Account", "Contract", "Contract_Amendment__c"} <= {entry["name"] for entry in listed}


def test_sessions_end(land: Landscape) -> None:
    land.settings(salesforce={"session_minutes": 0})
    with client(f"{land.salesforce}/services/data/v62.0", f"Bearer {salesforce_token(land)}") as http:
        assert codes(http.get("/limits")) == ["INVALID_SESSION_ID"]
