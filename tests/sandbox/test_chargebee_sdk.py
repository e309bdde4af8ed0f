"""Chargebee's own client against the simulator: an independent voice, and the vices it has to live with."""

from __future__ import annotations

import random
from base64 import b64encode
from typing import Any

import pytest
from chargebee import APIError, Chargebee, InvalidRequestError

from integration_hub.sandbox import Landscape, accounts

from .conftest import client as http_client
from .test_malformed import JUNK

pytestmark = pytest.mark.landscape


def client(land: Landscape, key: str = accounts.CHARGEBEE_KEY) -> Any:
    made = Chargebee(key, accounts.CHARGEBEE_SITE, protocol="http")
    made.env.api_endpoint = f"{land.chargebee}/api/v2"  # its own is a host of the site's name
    return made


@pytest.fixture
def site(land: Landscape, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Chargebee, "verify_ca_certs", False)
    made = client(land)
    made.Customer.create({"id": "C-1", "company": "Tidewater"})
    return made


def invoice(site: Any, key: str = "INV-1", **more: Any) -> Any:
    """An imported invoice of one taxed line."""
    line = {"description": "May", "amount": 10_000, "unit_amount": 10_000, "tax1_name": "VAT 8%", "tax1_amount": 800}
    values = {"id": key, "customer_id": "C-1", "currency_code": "USD", "date": 1_780_000_000, "total": 10_800}
    taxes = [{"name": "VAT 8%", "rate": 8, "amount": 800}]
    values |= {"status": "payment_due", "line_items": [line], "taxes": taxes, **more}
    return site.Invoice.import_invoice(values).invoice


def test_an_invoice_from_import_to_paid(site: Any) -> None:
    made = invoice(site)
    assert (made.id, made.status, made.amount_due, made.line_item_taxes[0].tax_amount) == (
        "INV-1", "payment_due", 10_800, 800,
    )  # fmt: skip
    with pytest.raises(InvalidRequestError) as caught:
        invoice(site)
    assert (caught.value.api_error_code, caught.value.param) == ("duplicate_entry", "id")
    with pytest.raises(InvalidRequestError, match="the sum of lines and taxes"):
        invoice(site, "INV-2", total=10_801)
    told = {"amount": 10_800, "payment_method": "bank_transfer", "reference_number": "LB-1"}
    paid = site.Invoice.record_payment("INV-1", {"transaction": told}).invoice
    assert (paid.status, paid.amount_paid) == ("paid", 10_800)
    assert paid.resource_version > made.resource_version
    (payment,) = site.Transaction.list({"type": {"is": "payment"}}).list
    assert payment.transaction.linked_invoices[0].invoice_id == "INV-1"
    heard = [entry.event.event_type for entry in site.Event.list({"sort_by": {"asc": "occurred_at"}}).list]
    assert heard == ["customer_created", "invoice_generated", "payment_succeeded", "invoice_updated"]


def test_consolidated_charges_wait_for_a_close(land: Landscape, site: Any) -> None:
    land.settings(chargebee={"consolidates": True})
    charges = [{"amount": 500, "description": "Setup"}]
    values = {"customer_id": "C-1", "currency_code": "USD", "charges": charges}
    made = site.Invoice.create_for_charge_items_and_charges(values).invoice
    assert (made.status, made.total) == ("pending", 500)
    assert site.Invoice.close(made.id).invoice.status == "payment_due"
    with pytest.raises(APIError, match="Only pending") as caught:
        site.Invoice.close(made.id)
    assert caught.value.http_code == 409


def test_a_key_is_answered_once(land: Landscape, site: Any) -> None:
    once = {"chargebee-idempotency-key": "once"}
    first = site.Customer.create({"company": "Harbour"}, once)
    again = site.Customer.create({"company": "Harbour"}, once)
    assert (again.customer.id, again.is_idempotency_replayed) == (first.customer.id, True)
    with pytest.raises(InvalidRequestError, match="used for another request"):
        site.Customer.create({"company": "Another"}, once)
    land.settings(landscape={"clock_offset_seconds": 86_401})
    assert site.Customer.create({"company": "Harbour"}, once).customer.id != first.customer.id


def test_lists_by_offset_and_what_was_deleted(land: Landscape, site: Any) -> None:
    land.load("chargebee", "customers", [{"id": f"N-{n}"} for n in range(3)])
    asked = {"limit": 2, "sort_by": {"asc": "updated_at"}, "id": {"is_not": "C-1"}}
    page = site.Customer.list(asked)
    rest = site.Customer.list({**asked, "offset": page.next_offset})
    assert [entry.customer.id for entry in (*page.list, *rest.list)] == ["N-0", "N-1", "N-2"]
    assert rest.next_offset is None
    site.Customer.delete("N-1")
    gone = site.Customer.list({**asked, "limit": 9, "include_deleted": True}).list
    assert [(entry.customer.id, entry.customer.deleted) for entry in gone][-1] == ("N-1", True)
    with pytest.raises(InvalidRequestError, match="next_offset"):
        site.Customer.list({"offset": "2"})
    with pytest.raises(InvalidRequestError):
        site.Customer.list({"limit": 101})


def test_rights_and_limits(land: Landscape, site: Any) -> None:
    reader = client(land, accounts.CHARGEBEE_READ_KEY)
    assert reader.Customer.retrieve("C-1").customer.company == "Tidewater"
    for key, status in ((accounts.CHARGEBEE_READ_KEY, 403), ("nobody", 401)):
        with pytest.raises(APIError) as caught:
            client(land, key).Customer.create({"company": "No"})
        assert caught.value.http_code == status
    land.settings(chargebee={"calls_per_minute": 0})
    with pytest.raises(APIError) as caught:
        site.Customer.list()
    assert (caught.value.http_code, caught.value.api_error_code) == (429, "api_request_limit_exceeded")


def test_nothing_breaks_it(land: Landscape, site: Any) -> None:
    dice = random.Random(11)
    names = ["id", "customer_id", "total", "line_items[amount][0]", "line_items[amount]", "line_items[a]", "[", ""]
    basic = f"Basic {b64encode(f'{accounts.CHARGEBEE_KEY}:'.encode()).decode()}"
    with http_client(land.chargebee, basic) as http:
        for path in ("customers", "invoices/import_invoice", "credit_notes/import_credit_note", "customers/C-1"):
            for _ in range(8):
                told = {name: str(dice.choice(JUNK))[:60] for name in dice.sample(names, 3)}
                answer = http.post(f"/api/v2/{path}", data=told)
                assert answer.status_code < 500, (path, told, answer.text)
        assert http.get("/api/v2/nothing").status_code == 404
        assert http.get("/api/v2/customers?updated_at[after]=soon").json()["param"] == "updated_at[after]"
