"""Stripe: what is peculiar to it, over its simulator."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors import credentials
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.connectors.stripe.client import Client
from integration_hub.connectors.stripe.customers import CODE
from integration_hub.connectors.stripe.documents import REFERENCE
from integration_hub.connectors.stripe.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST
from integration_hub.connectors.versions import stamp_of
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.billing import Platform, contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.erp import invoice_write

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("stripe")


@pytest.fixture
def client(stripe: Connection, landscape: Landscape) -> Client:
    landscape.load("stripe", "customers", [{"name": "Tidewater", "metadata": {CODE: "C-100"}}])
    return Client(stripe)


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


# -- the connection ---------------------------------------------------------------------------------------------------


def test_a_restricted_key_is_told_what_it_lacks(stripe: Connection, landscape: Landscape) -> None:
    stripe.sealed_credentials = credentials.sealed(stripe.code, {"api_key": accounts.STRIPE_RESTRICTED_KEY})
    assert "account Landscape Inc. (USD)" in CONNECTOR.check(stripe)
    landscape.settings(stripe={"restricted_lacks": ["rak_event_read", "rak_credit_note_write"]})
    before = landscape.ledger("stripe")
    with pytest.raises(Failed, match="lacks rak_event_read, rak_credit_note_write") as caught:
        CONNECTOR.check(stripe)
    assert caught.value.kind == FailureClass.AUTH
    assert landscape.ledger("stripe") == before


def test_a_key_of_another_account_is_not_used(stripe: Connection) -> None:
    stripe.settings["account"] = "acct_other"
    with pytest.raises(Failed, match="opens account acct_1Landscape"):
        CONNECTOR.check(stripe)


@pytest.mark.parametrize(("status", "wait"), [(409, "lock_timeout"), (429, "Too many|rate_limit")])
def test_later_is_later(stripe: Connection, landscape: Landscape, status: int, wait: str) -> None:
    landscape.fault("stripe", "rate_limit" if status == 429 else "status", count=1, params={"status": status})
    with pytest.raises(Failed, match=wait) as caught:
        pages(stripe, "customer_account")
    assert caught.value.kind == FailureClass.RATE


# -- writing ----------------------------------------------------------------------------------------------------------


def test_after_the_life_of_its_keys_a_write_is_still_done_once(client: Client, landscape: Landscape) -> None:
    made = {"customer_code": "N-1", "name": "Harbour", "email": ""}
    customer = Write(CUSTOMER_UPSERT, "key", "N-1", made)
    first = [CONNECTOR.send(client.connection, write).remote_id for write in (customer, invoice())]
    landscape.load("stripe", "keys", [])
    assert [CONNECTOR.send(client.connection, write).remote_id for write in (customer, invoice())] == first
    renamed = replace(customer, payload={**made, "name": "Harbour & Sons"})
    assert CONNECTOR.find(client.connection, renamed) is None
    assert posted(client.connection, renamed).remote_id == first[0]


def test_a_corrected_payload_makes_a_draft_of_its_own(client: Client, landscape: Landscape) -> None:
    landscape.fault("stripe", "timeout_before", path_regex="/finalize$", count=1, params={"close": True})
    assert refusal(client.connection, invoice(memo="Wrong")).kind == FailureClass.UNKNOWN_OUTCOME
    found = posted(client.connection, invoice(memo="Right"))
    rows = [row for row in landscape.records("stripe", "invoices") if not row.get("deleted")]
    assert [(row["id"], row["description"], row["auto_advance"]) for row in rows] == [(found.remote_id, "Right", False)]
    assert (found.facts["issued_on"], found.facts["due_on"]) == ("2026-05-31", "2026-06-30")


def test_lines_that_are_there_are_not_added_again(client: Client, landscape: Landscape) -> None:
    landscape.fault("stripe", "commit_then_timeout", path_regex="/add_lines$", count=1, params={"close": True})
    refusal(client.connection, invoice())
    landscape.load("stripe", "keys", [])
    assert posted(client.connection, invoice()).facts["gross"] == "1806.36"
    assert len(landscape.records("stripe", "lines")) == 2


def test_a_sum_that_is_not_ours_is_not_finalised(client: Client, landscape: Landscape) -> None:
    failure = refusal(client.connection, invoice(gross="1806.37"))
    assert (failure.kind, failure.field) == (FailureClass.DATA, "gross")
    assert all(row.get("deleted") for row in landscape.records("stripe", "invoices"))


def test_a_currency_without_cents(client: Client) -> None:
    line = {"reference": "L", "description": "Design", "quantity": "1", "rate": "1999", "amount": "1999", "tax": "200"}
    yen = {"currency": "JPY", "lines": [line], "net": "1999", "tax_total": "200", "gross": "2199"}
    assert posted(client.connection, invoice(**yen)).facts["gross"] == "2199"
    line |= {"amount": "1999.5", "tax": "199.5"}
    assert refusal(client.connection, invoice("US01-2", **{**yen, "lines": [line]})).kind == FailureClass.DATA


def test_another_legal_entity_and_unknown_terms_are_refused(client: Client, landscape: Landscape) -> None:
    stranger = replace(invoice(), payload={**invoice().payload, "legal_entity_id": "GB01"})
    assert refusal(client.connection, stranger).field == "legal_entity_id"
    assert refusal(client.connection, invoice(payment_terms="Whenever")).field == "payment_terms"
    assert refusal(client.connection, invoice(customer_code="C-404")).field == "customer_code"
    assert landscape.records("stripe", "invoices") == []


def test_credit_notes(client: Client, landscape: Landscape) -> None:
    first, second = (posted(client.connection, invoice(f"US01-{n}")) for n in (1, 2))
    failure = refusal(client.connection, credit(first.number, second.number))
    assert (failure.kind, failure.field) == (FailureClass.REJECTED, "apply")
    note = posted(client.connection, credit(first.number))
    assert (note.facts["net"], note.facts["tax"], note.facts["gross"]) == ("100", "6", "106")
    too_much = credit(first.number, reference="US01-CRED-2", amount="1400", tax="84")
    assert "larger than what is left" in refusal(client.connection, too_much).message
    client.post(f"invoices/{second.remote_id}/pay", {"paid_out_of_band": True}, key="paid")
    posted(client.connection, credit(second.number, reference="US01-CRED-3"))
    assert [row["balance"] for row in landscape.records("stripe", "customers")] == [-10_600]
    read_ = canonical(client.connection, "credit_memo", pages(client.connection, "credit_memo"))
    applied = sorted(len(item.record.applications) for item in read_.values())
    assert applied == [0, 1], "what was paid already is on the customer's balance"


# -- reading ----------------------------------------------------------------------------------------------------------


def test_payments_and_what_an_invoice_got(client: Client, stripe: Connection) -> None:
    made = posted(stripe, invoice())
    part = client.post("payment_intents", {"amount": 80_636, "currency": "usd", "confirm": True}, key="part")
    client.post(f"invoices/{made.remote_id}/attach_payment", {"payment_intent": part["id"]}, key="attached")
    (payment,) = canonical(stripe, "payment", pages(stripe, "payment")).values()
    assert isinstance(payment.record, language.Payment)
    assert (payment.record.number, payment.record.amount) == (part["id"], payment.record.applications[0].amount)
    (item,) = canonical(stripe, "invoice", pages(stripe, "invoice")).values()
    assert isinstance(item.record, language.Invoice)
    assert (str(item.record.paid), item.record.status) == ("806.36", "open")
    assert item.record.external_ref == "US01-CAND-0007"
    client.post(f"invoices/{made.remote_id}/void", {}, key="void")
    (item,) = canonical(stripe, "invoice", pages(stripe, "invoice")).values()
    assert (item.record.status, item.record.paid) == ("voided", 0)


def test_a_voided_credit_note_is_gone(client: Client, stripe: Connection) -> None:
    note = posted(stripe, credit(posted(stripe, invoice()).number))
    first = pages(stripe, "credit_memo")
    client.post(f"credit_notes/{note.remote_id}/void", {}, key="void")
    gone = records(pages(stripe, "credit_memo", first[-1].cursor))[note.remote_id]
    assert gone.deleted
    assert gone.version > records(first)[note.remote_id].version


def test_what_events_have_forgotten_is_read_whole_and_counts_as_later(client: Client, stripe: Connection) -> None:
    first = pages(stripe, "customer_account")
    (key,) = records(first)
    client.post(f"customers/{key}", {"name": "Renamed unheard"}, key="rename")
    long_ago = stamp_of((datetime.now(UTC) - timedelta(days=31)).isoformat())  # noqa: TID251
    whole = pages(stripe, "customer_account", {**first[-1].cursor, "high": long_ago})
    assert whole[-1].complete
    assert records(whole)[key].version > records(first)[key].version
    assert whole[-1].cursor["high"] >= first[-1].cursor["high"]
    assert not pages(stripe, "customer_account", whole[-1].cursor)[-1].complete


def test_a_reading_whose_place_in_the_list_is_gone_begins_again(client: Client, stripe: Connection) -> None:
    cursor = {"onward": "cus_gone", "began": "2026-01-01T00:00:00.000Z"}
    assert len(records(pages(stripe, "customer_account", cursor))) == 1


def test_an_object_is_read_again_and_not_taken_from_its_event(client: Client, stripe: Connection) -> None:
    first = pages(stripe, "customer_account")
    (key,) = records(first)
    for name in ("One", "Two"):
        client.post(f"customers/{key}", {"name": name}, key=name)
    (raw,) = records(pages(stripe, "customer_account", first[-1].cursor)).values()
    assert raw.payload["name"] == "Two"


# -- from the contract to the cash ------------------------------------------------------------------------------------


class StripePlatform(Platform):
    vendor = "stripe"
    invoice_path = r"/finalize$"
    credit_path = r"/credit_notes$"
    settings = {"account": accounts.STRIPE_ACCOUNT_ID, "legal_entity": "US01"}
    credentials = {"api_key": accounts.STRIPE_KEY}

    def customer(self, code: str) -> dict[str, Any]:
        return {"name": f"Client {code}", "metadata": {CODE: code}}

    def pay(self, connection: Connection, invoice: str, subunits: int) -> None:
        client = Client(connection)
        part = client.post("payment_intents", {"amount": subunits, "currency": "usd", "confirm": True}, key="part")
        client.post(f"invoices/{invoice}/attach_payment", {"payment_intent": part["id"]}, key="half")


def test_contract_to_cash_with_stripe_in_the_place_of_the_erp(landscape: Landscape) -> None:
    made, credited = contract_to_cash(landscape, StripePlatform())
    assert made.number.endswith("-0001")
    (note,) = landscape.records("stripe", "credit_notes")
    assert note["metadata"][REFERENCE] == credited
    assert note["pre_payment_amount"] * 2 == note["total"], "one half was still asked for, the other is on the balance"
