"""Chargebee: what is peculiar to it, over its simulator."""

from dataclasses import replace
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors import credentials
from integration_hub.connectors.chargebee.client import Client
from integration_hub.connectors.chargebee.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.billing import Platform, contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.erp import invoice_write

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("chargebee")


@pytest.fixture
def client(chargebee: Connection, landscape: Landscape) -> Client:
    landscape.load("chargebee", "customers", [{"id": "C-100", "company": "Tidewater"}])
    return Client(chargebee)


def invoice(reference: str = "US01-CAND-0007", **more: Any) -> Write:
    return replace(invoice_write(reference, legal_entity_id="US01", **more), effect_type=INVOICE_POST)


def credit(*numbers: str, reference: str = "US01-CRED-1", amount: str = "100", tax: str = "6") -> Write:
    """A credit note that takes something back of the first line of each of these invoices."""
    line = {"description": "Back", "amount": amount, "tax": tax, "quantity": "1", "rate": amount}
    lines = [{**line, "reference": f"{reference}-{n}", "corrects": f"{name} line 1"} for n, name in enumerate(numbers)]
    net, taxed = float(amount) * len(lines), float(tax) * len(lines)
    sums = {"net": f"{net:.2f}", "tax_total": f"{taxed:.2f}", "gross": f"{net + taxed:.2f}"}
    return replace(invoice(reference, lines=lines, **sums), effect_type=CREDIT_POST)


def posted(connection: Connection, write: Write) -> Any:
    CONNECTOR.send(connection, write)
    found = CONNECTOR.find(connection, write)
    assert found is not None
    return found


def refusal(connection: Connection, write: Write) -> Failed:
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(connection, write)
    return caught.value


def test_a_key_that_may_not_write_and_a_list_that_cannot_be_sorted_are_told(
    chargebee: Connection, landscape: Landscape
) -> None:
    assert CONNECTOR.check(chargebee) == "Signed in to Chargebee; test site landscape-test."
    landscape.settings(chargebee={"sorts": False})
    with pytest.raises(Failed, match="sort_by"):
        CONNECTOR.check(chargebee)
    landscape.settings(chargebee={"sorts": True})
    chargebee.sealed_credentials = credentials.sealed(chargebee.code, {"api_key": accounts.CHARGEBEE_READ_KEY})
    with pytest.raises(Failed, match="may read and not write") as caught:
        CONNECTOR.check(chargebee)
    assert caught.value.kind == FailureClass.AUTH


def test_after_the_life_of_its_keys_a_write_is_still_done_once(client: Client, landscape: Landscape) -> None:
    customer = Write(CUSTOMER_UPSERT, "key", "N-1", {"customer_code": "N-1", "name": "Harbour", "email": ""})
    first = [CONNECTOR.send(client.connection, write).remote_id for write in (customer, invoice())]
    assert first == ["N-1", "US01-CAND-0007"]
    landscape.load("chargebee", "keys", [])
    assert [CONNECTOR.send(client.connection, write).remote_id for write in (customer, invoice())] == first
    found = posted(client.connection, invoice())
    assert (found.facts["issued_on"], found.facts["due_on"]) == ("2026-05-31", "2026-06-30")
    client.post("invoices/US01-CAND-0007/void", "invoice", {}, key="void")
    assert CONNECTOR.find(client.connection, invoice()) is None
    failure = refusal(client.connection, invoice(memo="Once more"))
    assert (failure.kind, failure.field) == (FailureClass.REJECTED, "id"), "a voided invoice keeps its number"


def test_a_customer_is_found_by_the_field_the_site_has_for_it(client: Client) -> None:
    client.connection.settings["customer_field"] = "cf_throughline"
    assert refusal(client.connection, invoice()).field == "customer_code"
    made = {"customer_code": "C-100", "name": "Tidewater Yards", "email": ""}
    found = posted(client.connection, Write(CUSTOMER_UPSERT, "key", "C-100", made))
    assert found.remote_id.startswith("cus")
    assert posted(client.connection, invoice()).facts["gross"] == "1806.36"
    codes = {item.record.code for item in canonical(*_read(client, "customer_account")).values()}
    assert codes == {"C-100"}


def _read(client: Client, entity: str) -> tuple[Connection, str, Any]:
    return client.connection, entity, pages(client.connection, entity)


def test_what_chargebee_cannot_take_is_refused_by_name(client: Client, landscape: Landscape) -> None:
    stranger = replace(invoice(), payload={**invoice().payload, "legal_entity_id": "GB01"})
    assert refusal(client.connection, stranger).field == "legal_entity_id"
    assert refusal(client.connection, invoice(payment_terms="Whenever")).field == "payment_terms"
    assert refusal(client.connection, invoice(gross="1806.37")).field == "total"
    less = [{**invoice().payload["lines"][0], "amount": "-1", "tax": "0"}]
    assert refusal(client.connection, invoice(lines=less, tax_total="0")).kind == FailureClass.DATA
    assert landscape.records("chargebee", "invoices") == []


def test_credit_notes(client: Client, landscape: Landscape) -> None:
    first, second = (posted(client.connection, invoice(f"US01-{n}")) for n in (1, 2))
    failure = refusal(client.connection, credit(first.number, second.number))
    assert (failure.kind, failure.field) == (FailureClass.REJECTED, "apply")
    note = posted(client.connection, credit(first.number))
    assert (note.facts["net"], note.facts["tax"], note.facts["gross"]) == ("100", "6", "106")
    too_much = credit(first.number, reference="US01-CRED-2", amount="1400", tax="84")
    assert "more than what is left" in refusal(client.connection, too_much).message
    paid = {"transaction": {"amount": 180_636, "payment_method": "bank_transfer"}}
    client.post(f"invoices/{second.remote_id}/record_payment", "invoice", paid, key="paid")
    posted(client.connection, credit(second.number, reference="US01-CRED-3"))
    kinds = [(row["type"], row["amount_available"]) for row in landscape.records("chargebee", "credit_notes")]
    assert kinds == [("adjustment", 0), ("refundable", 10_600)]
    first_read = pages(client.connection, "credit_memo")
    read = canonical(client.connection, "credit_memo", first_read)
    assert sorted(len(item.record.applications) for item in read.values()) == [0, 1]
    client.post("credit_notes/US01-CRED-1/void", "credit_note", {}, key="void")
    gone = records(pages(client.connection, "credit_memo", first_read[-1].cursor))["US01-CRED-1"]
    assert gone.deleted


def test_payments_and_what_an_invoice_got(client: Client) -> None:
    posted(client.connection, invoice())
    told = {"amount": 80_636, "payment_method": "bank_transfer", "reference_number": "LB-1", "date": 1_780_000_000}
    client.post("invoices/US01-CAND-0007/record_payment", "invoice", {"transaction": told}, key="part")
    (payment,) = canonical(*_read(client, "payment")).values()
    assert isinstance(payment.record, language.Payment)
    assert (payment.record.number, payment.record.amount) == ("LB-1", payment.record.applications[0].amount)
    (item,) = canonical(*_read(client, "invoice")).values()
    assert isinstance(item.record, language.Invoice)
    assert (str(item.record.paid), item.record.status, item.record.external_ref) == ("806.36", "open", "US01-CAND-0007")


class ChargebeePlatform(Platform):
    vendor = "chargebee"
    invoice_path = r"/import_invoice$"
    credit_path = r"/import_credit_note$"
    settings = {"site": accounts.CHARGEBEE_SITE, "legal_entity": "US01", "currency": "USD", "country": "US"}
    credentials = {"api_key": accounts.CHARGEBEE_KEY}

    def customer(self, code: str) -> dict[str, Any]:
        return {"id": code, "company": f"Client {code}"}

    def pay(self, connection: Connection, invoice: str, subunits: int) -> None:
        told = {"amount": subunits, "payment_method": "bank_transfer"}
        Client(connection).post(f"invoices/{invoice}/record_payment", "invoice", {"transaction": told}, key="half")


def test_contract_to_cash_with_chargebee_in_the_place_of_the_erp(landscape: Landscape) -> None:
    made, credited = contract_to_cash(landscape, ChargebeePlatform())
    assert made.number == made.remote_id
    (note,) = landscape.records("chargebee", "credit_notes")
    assert note["id"] == credited
    assert note["amount_allocated"] * 2 == note["total"], "one half was still asked for, the other is refundable"
