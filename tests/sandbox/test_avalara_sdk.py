"""An independent voice: Avalara's own client talks to the simulated tax engine."""

from __future__ import annotations

from typing import Any

import pytest
from avalara import AvataxClient
from avalara.transaction_builder import TransactionBuilder

from integration_hub.sandbox import Landscape, accounts

pytestmark = pytest.mark.landscape

ADDRESS = {"line1": "123 Main Street", "city": "Irvine", "region": "CA", "country": "US", "postalCode": "92615"}


@pytest.fixture
def sdk(land: Landscape, monkeypatch: pytest.MonkeyPatch) -> AvataxClient:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = AvataxClient("Throughline", "1.0", "test", land.avatax)
    return client.add_credentials(accounts.AVATAX_ACCOUNT_ID, accounts.AVATAX_LICENSE_KEY)


def document(code: str, **values: object) -> dict[str, Any]:
    return {
        "companyCode": "DEFAULT",
        "type": "SalesInvoice",
        "code": code,
        "customerCode": "ABC",
        "date": "2026-04-12",
        "addresses": {"SingleLocation": ADDRESS},
        "lines": [{"number": "1", "amount": 100, "quantity": 1, "itemCode": "Y0001", "taxCode": "PS081282"}],
    } | values


def test_signing_in(land: Landscape, sdk: AvataxClient) -> None:
    assert sdk.ping().json()["authenticated"] is True
    bearer = AvataxClient("Throughline", "1.0", "test", land.avatax)
    bearer.add_credentials(accounts.AVATAX_BEARER_TOKEN, "")
    assert bearer.ping().json()["authenticated"] is True


def test_create_commit_void(sdk: AvataxClient) -> None:
    created = sdk.create_transaction(document("S-1"), {"$include": "Lines"})
    assert created.status_code == 201
    assert (created.json()["status"], created.json()["totalTax"]) == ("Saved", 7.25)
    assert sdk.commit_transaction("DEFAULT", "S-1", {"commit": True}).json()["status"] == "Committed"
    assert sdk.get_transaction_by_code("DEFAULT", "S-1").json()["status"] == "Committed"
    assert sdk.get_transaction_by_code_and_type("DEFAULT", "S-1", "SalesInvoice").json()["code"] == "S-1"
    assert sdk.get_transaction_by_id(created.json()["id"]).json()["code"] == "S-1"
    assert sdk.void_transaction("DEFAULT", "S-1", {"code": "DocVoided"}).json()["status"] == "Cancelled"


def test_adjust_refund_verify_lock(sdk: AvataxClient) -> None:
    sdk.create_transaction(document("S-1", commit=True))
    change = {"adjustmentReason": "PriceAdjusted", "newTransaction": document("S-1", lines=[{"amount": 200}])}
    assert sdk.adjust_transaction("DEFAULT", "S-1", change).json()["totalTax"] == 14.5
    assert sdk.verify_transaction("DEFAULT", "S-1", {"verifyTotalTax": 14.5}).status_code == 200
    refund = {"refundTransactionCode": "S-2", "refundDate": "2026-05-01", "refundType": "Full"}
    assert sdk.refund_transaction("DEFAULT", "S-1", refund).json()["totalTax"] == -14.5
    assert sdk.lock_transaction("DEFAULT", "S-1", {"isLocked": True}).json()["locked"] is True
    refused = sdk.create_or_adjust_transaction({"createTransactionModel": document("S-1")})
    assert refused.json()["error"]["code"] == "CannotModifyLockedTransaction"
    listed = sdk.list_transactions_by_company("DEFAULT", {"$filter": "type eq 'SalesInvoice'"}).json()
    assert [row["code"] for row in listed["value"]] == ["S-1"]


def test_the_transaction_builder(sdk: AvataxClient) -> None:
    builder = TransactionBuilder(sdk, "DEFAULT", "SalesInvoice", "ABC")
    builder.with_transaction_code("B-1").with_commit().with_address("SingleLocation", ADDRESS)
    builder.with_line(100.0, 1, "Y0001", "PS081282")
    body = builder.create({"$include": "Lines"}).json()
    assert (body["status"], body["totalTax"]) == ("Committed", 7.25)
