"""The simulated AvaTax account: rates, statuses, identity, refunds, locks, errors."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from integration_hub.sandbox import Landscape, accounts

from .conftest import client

pytestmark = pytest.mark.landscape

NEW_YORK = {"line1": "1 Main St", "city": "New York", "region": "NY", "country": "US", "postalCode": "10001"}


def model(code: str = "I-1", *amounts: float, to: dict[str, str] | None = None, **values: object) -> dict[str, Any]:
    return {
        "type": "SalesInvoice",
        "companyCode": "DEFAULT",
        "code": code,
        "customerCode": "C1",
        "date": "2026-05-15",
        "currencyCode": "USD",
        "addresses": {"shipTo": to or NEW_YORK},
        "lines": [{"number": str(n), "amount": amount} for n, amount in enumerate(amounts or (100.0,), 1)],
    } | values


def create(http: httpx.Client, sent: dict[str, Any], endpoint: str = "create") -> dict[str, Any]:
    answer = http.post(f"/transactions/{endpoint}", json=sent, params={"$include": "Lines,Details,Summary"})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def act(http: httpx.Client, document: str, verb: str, /, **body: object) -> httpx.Response:
    return http.post(f"/companies/DEFAULT/transactions/{document}/{verb}", json=body)


def error(answer: httpx.Response) -> str:
    body = answer.json()["error"]
    assert body["details"][0]["code"] == body["code"]
    assert {"number", "faultCode", "severity", "helpLink"} <= body["details"][0].keys()
    return str(body["code"])


# -- access -------------------------------------------------------------------------------------------------------


def test_basic_and_bearer_are_checked_and_ping_is_open(land: Landscape, avatax: httpx.Client) -> None:
    assert avatax.get("/utilities/ping").json()["authenticated"] is True
    with client(f"{land.avatax}/api/v2", f"Bearer {accounts.AVATAX_BEARER_TOKEN}") as http:
        assert http.get("/companies/DEFAULT/transactions").status_code == 200
    with client(f"{land.avatax}/api/v2", "Basic bm86bm8=") as http:
        assert http.get("/utilities/ping").json()["authenticated"] is False
        answer = http.get("/companies/DEFAULT/transactions")
    assert (answer.status_code, error(answer)) == (401, "AuthenticationException")


# -- rates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "region", "tax"),
    [
        ("US", "NY", 8.88),
        ("USA", "new york", 8.88),
        ("US", "CA", 7.25),
        ("US", "OR", 0.0),
        ("GB", "", 20.0),
        ("Germany", "", 19.0),
        ("FR", "", 20.0),
        ("NL", "NH", 21.0),
        ("CA", "QC", 14.98),
        ("CH", "", 8.1),
    ],
)
def test_the_destination_decides(avatax: httpx.Client, country: str, region: str, tax: float) -> None:
    body = create(avatax, model(to={"country": country, "region": region}))
    assert (body["totalAmount"], body["totalTax"]) == (100.0, tax)


def test_lines_are_rounded_and_details_add_up_to_them(avatax: httpx.Client) -> None:
    body = create(avatax, model("I-1", 33.33, 0.07, 1999.99, -10.0))
    assert [line["tax"] for line in body["lines"]] == [2.96, 0.01, 177.5, -0.89]
    for line in body["lines"]:
        assert round(sum(detail["tax"] for detail in line["details"]), 2) == line["tax"]
    assert body["totalTax"] == round(sum(entry["tax"] for entry in body["summary"]), 2) == 179.58
    assert {detail["jurisType"] for detail in body["lines"][0]["details"]} == {"State", "City", "Special"}


def test_exempt_customers_and_codes_pay_nothing(avatax: httpx.Client) -> None:
    exempt = create(avatax, model(exemptionNo="X-1"))
    assert (exempt["totalTax"], exempt["totalExempt"], exempt["totalTaxable"]) == (0.0, 100.0, 0.0)
    sent = model("I-2", 100.0, 50.0)
    sent["lines"][1]["taxCode"] = "NT"
    assert create(avatax, sent)["totalTax"] == 8.88


def test_cross_border_business_is_reverse_charged(avatax: httpx.Client) -> None:
    def tax(code: str, origin: str, destination: str, **values: object) -> float:
        addresses = {"shipFrom": {"country": origin}, "shipTo": {"country": destination}}
        return float(create(avatax, model(code) | {"addresses": addresses} | values)["totalTax"])

    assert tax("A", "DE", "DE") == 19.0
    assert tax("B", "DE", "FR", businessIdentificationNo="FR123") == 0.0
    assert tax("C", "DE", "FR") == 20.0, "a consumer in another member state"
    assert tax("D", "US", "DE") == 0.0
    assert tax("E", "GB", "NL") == 0.0


def test_tax_included_and_tax_overrides(avatax: httpx.Client) -> None:
    sent = model("I-1", 120.0, to={"country": "GB"})
    sent["lines"][0]["taxIncluded"] = True
    included = create(avatax, sent)
    assert (included["totalAmount"], included["totalTax"]) == (100.0, 20.0)
    override = {"type": "TaxAmount", "taxAmount": 1.01, "reason": "Fallback rate"}
    overridden = create(avatax, model("I-2", 10.0, 20.0, taxOverride=override))
    assert (overridden["totalTax"], overridden["totalTaxCalculated"]) == (1.01, 2.67)
    assert [line["tax"] for line in overridden["lines"]] == [0.34, 0.67]


# -- life ---------------------------------------------------------------------------------------------------------


def test_without_a_type_it_is_an_estimate_and_not_recorded(land: Landscape, avatax: httpx.Client) -> None:
    sent = model()
    del sent["type"]
    body = create(avatax, sent)
    assert (body["type"], body["status"], body["id"]) == ("SalesOrder", "Temporary", 0)
    assert avatax.get("/companies/DEFAULT/transactions/I-1").status_code == 404
    assert land.ledger("avatax")["documents"] == []


def test_a_committed_code_cannot_be_created_again_but_adjusted(avatax: httpx.Client) -> None:
    create(avatax, model("I-1", 100.0))
    assert create(avatax, model("I-1", 200.0))["totalAmount"] == 200.0, "uncommitted: overwritten"
    act(avatax, "I-1", "commit", commit=True)
    answer = avatax.post("/transactions/create", json=model("I-1"))
    assert (answer.status_code, error(answer)) == (400, "TransactionAlreadyExists")
    assert answer.json()["error"]["details"][0]["number"] == 1303
    adjusted = create(avatax, {"createTransactionModel": model("I-1", 300.0)}, "createoradjust")
    assert (adjusted["status"], adjusted["totalAmount"], adjusted["version"]) == ("Committed", 300.0, 3)
    by_hand = {"adjustmentReason": "PriceAdjusted", "newTransaction": model("ignored", 50.0)}
    again = act(avatax, "I-1", "adjust", **by_hand).json()
    assert (again["code"], again["totalAmount"], again["adjustmentReason"]) == ("I-1", 50.0, "PriceAdjusted")


def test_create_or_adjust_is_idempotent(land: Landscape, avatax: httpx.Client) -> None:
    for _ in range(3):
        create(avatax, model("I-1", commit=True), "createoradjust")
    (total,) = land.ledger("avatax")["totals"]
    assert (total["count"], total["status"], total["totalTax"]) == (1, "Committed", "8.88")


def test_voided_reads_back_as_cancelled_and_may_be_used_again(avatax: httpx.Client) -> None:
    create(avatax, model(commit=True))
    assert act(avatax, "I-1", "void", code="DocVoided").json()["status"] == "Cancelled"
    assert error(act(avatax, "I-1", "void", code="DocVoided")) == "TransactionAlreadyCancelled"
    assert error(act(avatax, "I-1", "commit", commit=True)) == "TransactionAlreadyCancelled"
    assert act(avatax, "I-1", "unvoid").json()["status"] == "Saved"
    act(avatax, "I-1", "void", code="DocVoided")
    assert create(avatax, model(commit=True))["status"] == "Committed"


def test_a_filed_transaction_is_locked(avatax: httpx.Client) -> None:
    create(avatax, model())
    assert error(act(avatax, "I-1", "lock", isLocked=True)) == "DocumentCodeConflict"
    act(avatax, "I-1", "commit", commit=True)
    assert act(avatax, "I-1", "lock", isLocked=True).json()["locked"] is True
    for verb, body in (("void", {"code": "DocVoided"}), ("uncommit", {}), ("changecode", {"newCode": "I-2"})):
        assert error(act(avatax, "I-1", verb, **body)) == "CannotModifyLockedTransaction"
    answer = avatax.post("/transactions/createoradjust", json=model())
    assert error(answer) == "CannotModifyLockedTransaction"


def test_committing_twice_is_a_setting(land: Landscape, avatax: httpx.Client) -> None:
    create(avatax, model(commit=True))
    assert act(avatax, "I-1", "commit", commit=True).status_code == 200
    land.settings(avatax={"commit_twice": "error"})
    assert error(act(avatax, "I-1", "commit", commit=True)) == "TransactionIsCommitted"


def test_verify_settle_and_change_code(avatax: httpx.Client) -> None:
    create(avatax, model())
    assert act(avatax, "I-1", "verify", verifyTotalAmount=100, verifyTotalTax=8.88).status_code == 200
    assert error(act(avatax, "I-1", "verify", verifyTotalTax=8.87)) == "DocumentVerificationError"
    settled = act(
        avatax,
        "I-1",
        "settle",
        verify={"verifyTotalTax": 8.88},
        changeCode={"newCode": "I-2"},
        commit={"commit": True},
    )
    assert (settled.json()["code"], settled.json()["status"]) == ("I-2", "Committed")
    assert avatax.get("/companies/DEFAULT/transactions/I-1").status_code == 404


@pytest.mark.parametrize(
    ("request_", "amount", "tax"),
    [
        ({"refundType": "Full"}, -150.0, -13.32),
        ({"refundType": "Partial", "refundLines": ["2"]}, -50.0, -4.44),
        ({"refundType": "TaxOnly"}, 0.0, -13.32),
        ({"refundType": "Percentage", "refundPercentage": 50}, -75.0, -6.66),
    ],
)
def test_refunds_give_back_exactly_the_original_tax(
    avatax: httpx.Client, request_: dict[str, object], amount: float, tax: float
) -> None:
    create(avatax, model("I-1", 100.0, 50.0, commit=True))
    answer = act(avatax, "I-1", "refund", refundTransactionCode="CM-1", refundDate="2026-06-01", **request_)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["type"], body["status"], body["totalAmount"], body["totalTax"]) == (
        "ReturnInvoice", "Committed", amount, tax,
    )  # fmt: skip
    query = {"documentType": "ReturnInvoice"}
    assert avatax.get("/companies/DEFAULT/transactions/CM-1", params=query).json()["referenceCode"] == "I-1"


def test_codes_with_special_characters_are_encoded(avatax: httpx.Client) -> None:
    create(avatax, model("HUB/1+2"))
    assert avatax.get("/companies/DEFAULT/transactions/HUB_-ava2f-_1_-ava2b-_2").json()["code"] == "HUB/1+2"


def test_include_decides_what_comes_back(land: Landscape, avatax: httpx.Client) -> None:
    whole = avatax.post("/transactions/create", json=model()).json()
    assert whole["lines"][0]["details"]
    assert whole["summary"]
    place = "/companies/DEFAULT/transactions/I-1"
    assert "lines" not in avatax.get(place).json()
    assert "details" not in avatax.get(place, params={"$include": "LinesOnly"}).json()["lines"][0]
    assert "lines" not in avatax.get(place, params={"$include": "SummaryOnly"}).json()
    assert avatax.get(place, params={"$include": "Lines"}).json()["lines"][0]["details"]
    land.settings(avatax={"read_default_include": "Details"})
    assert avatax.get(place).json()["lines"][0]["details"]


def test_lists_filter_and_page(avatax: httpx.Client) -> None:
    for n in range(5):
        create(avatax, model(f"I-{n}", commit=n % 2 == 0))
    query: dict[str, Any] = {
        "$filter": "status eq 'Committed' and modifiedDate gt '2020-01-01'",
        "$top": 2,
        "$orderBy": "code desc",
    }
    page = avatax.get("/companies/DEFAULT/transactions", params=query).json()
    assert page["@recordsetCount"] == 3
    assert [row["code"] for row in page["value"]] == ["I-4", "I-2"]
    assert "$skip=2" in page["@nextLink"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": []}, "ValueRequiredError"),
        ({"customerCode": ""}, "ValueRequiredError"),
        ({"addresses": {}}, "ValueRequiredError"),
        ({"type": "Guess"}, "ModelStateInvalid"),
        ({"date": "soon"}, "ModelStateInvalid"),
        ({"lines": [{"amount": "much"}]}, "ModelStateInvalid"),
        ({"companyCode": "NOPE"}, "CompanyNotFoundError"),
        ({"addresses": {"shipTo": {"country": "Atlantis"}}}, "InvalidAddress"),
        ({"addresses": {"shipTo": {"country": "US", "region": "ZZ"}}}, "InvalidAddress"),
    ],
)
def test_bad_transactions_are_refused(avatax: httpx.Client, changes: dict[str, object], code: str) -> None:
    answer = avatax.post("/transactions/create", json=model() | changes)
    assert (answer.status_code, error(answer)) == (400, code)


# -- vices --------------------------------------------------------------------------------------------------------


def test_the_committed_tax_may_differ_from_the_quoted(land: Landscape, avatax: httpx.Client) -> None:
    land.settings(avatax={"tax_variance": {"DEFAULT": "0.02"}})
    assert create(avatax, model())["totalTax"] == 8.88
    assert act(avatax, "I-1", "commit", commit=True).json()["totalTax"] == 8.9
    assert land.ledger("avatax")["documents"][0]["totalTax"] == "8.90"


def test_force_timeout_delays_and_fails(land: Landscape, avatax: httpx.Client) -> None:
    land.settings(avatax={"force_timeout_seconds": 0})
    started = time.monotonic()
    answer = avatax.post("/transactions/create", json=model(), params={"$include": "ForceTimeout"})
    assert (answer.status_code, error(answer)) == (504, "TimeoutError")
    assert time.monotonic() - started < 5
    assert land.ledger("avatax")["documents"] == []
    land.settings(avatax={"force_timeout_commits": True})
    avatax.post("/transactions/create", json=model(), params={"$include": "ForceTimeout"})
    assert land.ledger("avatax")["documents"][0]["code"] == "I-1"
