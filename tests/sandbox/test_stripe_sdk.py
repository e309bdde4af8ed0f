"""Stripe's own client against the simulator: an independent voice, and the vices it has to live with."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest
import stripe

from integration_hub.sandbox import Landscape, accounts
from integration_hub.sandbox.stripe.signing import headers as signed

from .conftest import client as http_client
from .test_malformed import JUNK

pytestmark = pytest.mark.landscape
TAX = {"display_name": "VAT", "percentage": 8, "inclusive": False}


def client(land: Landscape, key: str = accounts.STRIPE_KEY) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": land.stripe}, max_network_retries=0)


@pytest.fixture
def v1(land: Landscape) -> Any:
    return client(land).v1


def invoice(v1: Any, customer: str, amount: int = 10_000, tax: int = 800, **more: Any) -> Any:
    """A finalised invoice of one line."""
    values = {"customer": customer, "auto_advance": False, "collection_method": "send_invoice", "days_until_due": 30}
    draft = v1.invoices.create({**values, "currency": "usd", **more})
    taxed = [{"amount": tax, "taxable_amount": amount, "tax_rate_data": TAX}]
    v1.invoices.add_lines(draft.id, {"lines": [{"amount": amount, "description": "May", "tax_amounts": taxed}]})
    return v1.invoices.finalize_invoice(draft.id)


def test_an_invoice_from_draft_to_paid(v1: Any) -> None:
    customer = v1.customers.create({"name": "Tidewater"})
    v1.invoice_items.create({"customer": customer.id, "amount": 500, "currency": "usd"})
    made = invoice(v1, customer.id)
    assert (made.status, made.total, made.total_excluding_tax) == ("open", 10_800, 10_000)
    assert made.number.endswith("-0001"), "the waiting item is on no invoice that excludes it"
    with pytest.raises(stripe.InvalidRequestError, match="no longer editable") as caught:
        v1.invoice_items.create({"customer": customer.id, "invoice": made.id, "amount": 1, "currency": "usd"})
    assert caught.value.code == "invoice_not_editable"
    with pytest.raises(stripe.CardError):
        v1.invoices.pay(made.id, {"payment_method": "pm_card_chargeDeclined"})
    part = v1.payment_intents.create({"amount": 800, "currency": "usd", "customer": customer.id, "confirm": True})
    assert v1.invoices.attach_payment(made.id, {"payment_intent": part.id}).amount_remaining == 10_000
    assert v1.invoices.pay(made.id).status == "paid"
    assert [row.amount_paid for row in v1.invoice_payments.list({"invoice": made.id}).data] == [10_000, 800]
    told = [event.type for event in v1.events.list({"types": ["invoice.paid", "invoice.finalized"]}).data]
    assert told == ["invoice.paid", "invoice.finalized"]


def test_a_credit_note_never_takes_back_more_than_there_is(v1: Any) -> None:
    customer = v1.customers.create({"name": "Tidewater"})
    made = invoice(v1, customer.id)
    (line,) = made.lines.data
    taken = {"type": "invoice_line_item", "invoice_line_item": line.id, "amount": 6_000}
    first = v1.credit_notes.create({"invoice": made.id, "lines": [taken]})
    assert (first.total, first.pre_payment_amount, first.number) == (6_000, 6_000, f"{made.number}-CN-01")
    with pytest.raises(stripe.InvalidRequestError, match="larger than what is left"):
        v1.credit_notes.create({"invoice": made.id, "lines": [taken]})
    v1.invoices.pay(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="must be what is credited beyond"):
        v1.credit_notes.create({"invoice": made.id, "amount": 1_000})
    back = v1.credit_notes.create({"invoice": made.id, "amount": 1_000, "credit_amount": 600, "refund_amount": 400})
    assert (back.type, back.post_payment_amount) == ("post_payment", 1_000)
    assert v1.customers.retrieve(customer.id).balance == -600
    assert invoice(v1, customer.id).amount_due == 10_200, "the balance pays the next invoice by itself"
    with pytest.raises(stripe.InvalidRequestError, match="cannot exceed the invoice total"):
        v1.credit_notes.create({"invoice": made.id, "amount": 9_000, "credit_amount": 9_000})


def test_a_key_is_answered_once_for_a_day(land: Landscape, v1: Any) -> None:
    once = {"idempotency_key": "once"}
    first = v1.customers.create({"name": "Tidewater"}, once)
    again = v1.customers.create({"name": "Tidewater"}, once)
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        v1.customers.create({"name": "Harbour"}, once)
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.create({"email": "nobody"}, {"idempotency_key": "corrected"})
    assert v1.customers.create({"email": "ap@a.example"}, {"idempotency_key": "corrected"}).id
    land.settings(landscape={"clock_offset_seconds": 86_401})
    assert v1.customers.create({"name": "Tidewater"}, once).id != first.id


def test_lists_run_from_the_newest_by_cursor(land: Landscape, v1: Any) -> None:
    keys = land.load("stripe", "customers", [{"name": f"N{n}"} for n in range(5)])
    assert [row.id for row in v1.customers.list({"limit": 2}).auto_paging_iter()] == keys[::-1]
    newer = v1.customers.list({"limit": 2, "ending_before": keys[0]})
    assert [row.id for row in newer.data] == [keys[2], keys[1]]
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.list({"limit": 101})


def test_a_search_learns_late_and_events_are_forgotten(land: Landscape, v1: Any) -> None:
    v1.customers.create({"name": "Tidewater", "metadata": {"code": "C'1"}})
    query = {"query": "metadata['code']:'C\\'1'"}
    assert v1.customers.search(query).data == []
    land.settings(landscape={"clock_offset_seconds": 61})
    assert [row.name for row in v1.customers.search(query).data] == ["Tidewater"]
    assert len(v1.events.list().data) == 1
    land.settings(landscape={"clock_offset_seconds": 31 * 86_400})
    assert v1.events.list().data == []


def test_a_draft_that_advances_is_finalised_after_an_hour(land: Landscape, v1: Any) -> None:
    customer = v1.customers.create({"name": "Tidewater"})
    draft = v1.invoices.create({"customer": customer.id, "currency": "jpy"})
    v1.invoice_items.create({"customer": customer.id, "invoice": draft.id, "amount": 1_999, "currency": "jpy"})
    land.settings(landscape={"clock_offset_seconds": 3_601})
    assert (v1.invoices.retrieve(draft.id).status, v1.invoices.retrieve(draft.id).total) == ("open", 1_999)
    v1.invoices.void_invoice(draft.id)
    with pytest.raises(stripe.InvalidRequestError, match="this one is void"):
        v1.invoices.mark_uncollectible(draft.id)


def test_test_data_and_live_data_are_apart_and_keys_may_do_what_they_may(land: Landscape, v1: Any) -> None:
    made = v1.customers.create({"name": "Tidewater"})
    with pytest.raises(stripe.InvalidRequestError, match="a similar object exists in test mode"):
        client(land, accounts.STRIPE_LIVE_KEY).v1.customers.retrieve(made.id)
    land.settings(stripe={"restricted_lacks": ["rak_invoice_write"]})
    restricted = client(land, accounts.STRIPE_RESTRICTED_KEY).v1
    assert restricted.customers.retrieve(made.id).id == made.id
    with pytest.raises(stripe.PermissionError, match="'rak_invoice_write' permission"):
        restricted.invoices.create({"customer": made.id})
    with pytest.raises(stripe.AuthenticationError):
        client(land, "sk_test_nobody").v1.customers.list()


def test_limits_locks_and_an_error_after_the_commit(land: Landscape, v1: Any) -> None:
    land.fault("stripe", "rate_limit", count=1)
    with pytest.raises(stripe.RateLimitError):
        v1.customers.list()
    land.fault("stripe", "status", count=1, params={"status": 409})
    with pytest.raises(stripe.StripeError) as caught:
        v1.customers.list()
    assert (caught.value.error.code, (caught.value.headers or {})["stripe-should-retry"]) == ("lock_timeout", "true")
    land.fault("stripe", "status_after_commit", count=1, params={"status": 500})
    with pytest.raises(stripe.APIError):
        v1.customers.create({"name": "Once"}, {"idempotency_key": "k"})
    assert v1.customers.create({"name": "Once"}, {"idempotency_key": "k"}).id == v1.customers.list().data[0].id
    patient = stripe.StripeClient(accounts.STRIPE_KEY, base_addresses={"api": land.stripe}, max_network_retries=2)
    land.fault("stripe", "commit_then_timeout", count=1, params={"close": True})
    patient.v1.customers.create({"name": "Patience"})
    assert len(v1.customers.list().data) == 2, "the client tries again under its key, and it is there once"


def test_a_webhook_is_signed_as_its_client_expects() -> None:
    body = '{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{}}}'
    proof = signed("whsec_new whsec_old", 1_000, body)["stripe-signature"]
    for secret in ("whsec_new", "whsec_old"):
        assert stripe.WebhookSignature.verify_header(body, proof, secret, tolerance=None)
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.Webhook.construct_event(body, proof, "whsec_new")
    with pytest.raises(stripe.SignatureVerificationError, match="No signatures found matching"):
        stripe.Webhook.construct_event(body + " ", proof, "whsec_new")


def test_nothing_breaks_it(land: Landscape) -> None:
    dice = random.Random(11)
    with http_client(land.stripe, f"Bearer {accounts.STRIPE_KEY}") as http:
        for path in ("customers", "invoices", "invoiceitems", "credit_notes", "payment_intents", "tax_rates"):
            for _ in range(8):
                names = dice.sample(
                    ["customer", "invoice", "amount", "lines[0][amount]", "metadata", "lines[a]", "[", ""], 3
                )
                answer = http.post(f"/v1/{path}", data={name: str(dice.choice(JUNK))[:60] for name in names})
                assert answer.status_code < 500, (path, names, answer.text)
        assert http.get("/v1/nothing").status_code == 404
        wrong: httpx.Response = http.get("/v1/customers", headers={"Stripe-Version": "yesterday"})
        assert wrong.json()["error"]["message"] == "Invalid Stripe API version: yesterday"
