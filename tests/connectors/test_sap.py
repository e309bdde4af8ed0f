"""What is peculiar to SAP: CSRF and ETags, messages without an answer, errors in a header, periods by account type."""

from datetime import timedelta
from decimal import Decimal

import pytest

from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST, JOB_UPSERT, JOURNAL_POST
from integration_hub.connectors.sap.naming import PARTNERS
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import Landscape
from tests.connectors.benches.sap import ABSORBED, LABOUR, customer
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.erp import invoice_write, journal_payload

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("sap")
NUMBER = "US01-CAND-0007"
PARTNER = {"BusinessPartner": "C-100"}


@pytest.fixture(autouse=True)
def tidewater(landscape: Landscape) -> None:
    landscape.load(
        "sap", "A_BusinessPartner", [customer("C-100", "Tidewater Yards"), customer("C-1", "Two", "US01", "GB01")]
    )


def invoice(effect_type: str = INVOICE_POST, number: str = NUMBER, **more: object) -> Write:
    payload = invoice_write(number, legal_entity_id="US01", **more).payload
    return Write(effect_type, f"key-{number}", number, payload)


def journal(connection: Connection) -> Write:
    codes = ValueMap.objects.get(connection=connection.code, name="cost_account")
    for theirs, ours in ((LABOUR, "labour"), (ABSORBED, "labour_absorbed")):
        ValueRow.objects.get_or_create(value_map=codes, theirs=theirs, defaults={"ours": ours})
    return Write(JOURNAL_POST, "key", "US01-JNL-1", journal_payload("US01-JNL-1", "May", legal_entity_id="US01"))


def posted(connection: Connection, write: Write) -> str:
    CONNECTOR.send(connection, write)
    found = CONNECTOR.find(connection, write)
    assert found is not None
    return found.remote_id


def refused(connection: Connection, write: Write) -> Failed:
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(connection, write)
    return caught.value


def billed(landscape: Landscape) -> list[str]:
    return [row["AssignmentReference"] for row in landscape.records("sap", "A_BillingDocument")]


def test_from_the_invoice_to_the_credit(landscape: Landscape, sap: Connection) -> None:
    first, second = posted(sap, invoice()), posted(sap, invoice(number="US01-CAND-0008"))
    row = {"company": "US01", "customer": "C-100", "invoice": "0090000001", "currency": "USD", "date": "2026-06-20"}
    documents = {
        one["AssignmentReference"]: one["BillingDocument"] for one in landscape.records("sap", "A_BillingDocument")
    }
    (paid,) = landscape.load("sap", "payments", [{**row, "invoice": documents[NUMBER], "amount": 1000}])
    applied = [{"invoice_id": second, "amount": "1806.36"}]
    credit = posted(sap, invoice(CREDIT_POST, "US01-CRN-0001", apply=applied))

    made = canonical(sap, "invoice", pages(sap, "invoice"))
    told = {key: (one.record.gross, one.record.tax, one.record.paid, one.record.status) for key, one in made.items()}
    amounts = (Decimal("1806.36"), Decimal("84.69"))
    assert told == {first: (*amounts, 0, "open"), second: (*amounts, Decimal("1806.36"), "paid")}
    (memo,) = canonical(sap, "credit_memo", pages(sap, "credit_memo")).values()
    assert (memo.record.source_id, memo.record.gross, memo.record.external_ref) == (credit, amounts[0], "US01-CRN-0001")
    assert [(one.invoice_id, one.amount) for one in memo.record.applications] == [(second, amounts[0])]
    cash = canonical(sap, "payment", pages(sap, "payment"))[paid].record
    assert (cash.amount, cash.customer_id, cash.applications[0].invoice_id) == (1000, "C-100", first)
    assert landscape.ledger("sap")["trial_balance"]["balanced"]


def test_a_customer_has_the_company_it_is_of_where_that_is_one(landscape: Landscape, sap: Connection) -> None:
    landscape.settings(sap={"page_size": 1})
    made = canonical(sap, "customer_account", pages(sap, "customer_account"))
    told = {key: (one.record.legal_entity_id, one.record.currency) for key, one in made.items()}
    assert told == {"C-100": ("US01", "USD"), "C-1": (None, "USD")}


def test_a_session_that_ran_out_and_a_row_changed_meanwhile(landscape: Landscape, sap: Connection) -> None:
    client = Client(sap)
    seen = client.one(PARTNERS, "A_BusinessPartner", PARTNER)
    assert seen is not None
    client.update(PARTNERS, "A_BusinessPartner", PARTNER, {"OrganizationBPName1": "Inc"}, seen["@etag"])
    landscape.load("sap", "sessions", [])
    client.update(PARTNERS, "A_BusinessPartner", PARTNER, {"OrganizationBPName1": "Ltd"}, "*")
    assert Call.objects.filter(connection=sap, status=403).count() == 1
    with pytest.raises(Failed) as caught:
        client.update(PARTNERS, "A_BusinessPartner", PARTNER, {"OrganizationBPName1": "plc"}, seen["@etag"])
    assert caught.value.kind == FailureClass.TRANSIENT
    with pytest.raises(Failed, match="If-Match is missing"):
        client.update(PARTNERS, "A_BusinessPartner", PARTNER, {"OrganizationBPName1": "plc"}, "")


def test_what_was_taken_is_not_sent_again_while_it_may_wait(landscape: Landscape, sap: Connection) -> None:
    landscape.settings(sap={"message_ms": 60_000})
    assert CONNECTOR.send(sap, invoice()).remote_id == ""
    assert CONNECTOR.find(sap, invoice()) is None
    failure = refused(sap, invoice(memo="Corrected"))
    assert failure.kind == FailureClass.UNKNOWN_OUTCOME
    assert "message monitor" in failure.remedy
    assert failure.retry_after is not None
    assert failure.retry_after > timedelta(minutes=58)
    landscape.settings(landscape={"clock_offset_seconds": 61})
    assert CONNECTOR.find(sap, invoice()) is not None
    assert CONNECTOR.send(sap, invoice()).body == {"already": True}
    assert billed(landscape) == [NUMBER]


def test_a_request_that_waits_to_be_billed(landscape: Landscape, sap: Connection) -> None:
    landscape.settings(sap={"billing": "run"})
    sap.settings["message_minutes"] = "0"
    assert CONNECTOR.send(sap, invoice()).remote_id == ""
    assert CONNECTOR.send(sap, invoice()).body["waits_as"], "no second request"
    landscape.load("sap", "billing", [])
    assert CONNECTOR.find(sap, invoice()) is not None
    assert len(landscape.records("sap", "A_BillingDocumentRequest")) == 1


def test_two_documents_under_one_reference_are_for_a_person(landscape: Landscape, sap: Connection) -> None:
    posted(sap, invoice())
    other = refused(sap, invoice(gross="2000.00"))
    assert other.kind == FailureClass.REJECTED
    assert f"posted under {NUMBER}" in other.message
    assert len(billed(landscape)) == 1


@pytest.mark.parametrize("service", ["confirmed", "bulk"])
def test_journals_and_a_ledger_that_is_closed(landscape: Landscape, sap: Connection, service: str) -> None:
    sap.settings |= {"journal_service": service, "message_minutes": "0"}
    write = journal(sap)
    closed = {"company": "US01", "month": "2026-05", "account_type": "S", "open": False}
    landscape.load("sap", "periods", [closed])
    if service == "confirmed":
        failure = refused(sap, write)
        assert failure.message.startswith("SAP refused it: PERIOD_CLOSED: Posting period 005 2026 is not open")
    else:
        assert CONNECTOR.send(sap, write).remote_id == "", "the reason is in the monitor only"
        assert CONNECTOR.find(sap, write) is None
    landscape.load("sap", "periods", [{**closed, "open": True}])
    assert posted(sap, write).startswith("US01|2026|")
    items = landscape.records("sap", "A_JournalEntryItemBasic")
    assert [(row["GLAccount"], row["CostCenter"]) for row in items] == [(LABOUR, "12"), (ABSORBED, "12")]


def test_an_error_in_the_header_of_a_success(landscape: Landscape, sap: Connection) -> None:
    landscape.settings(sap={"errors_in_header": True})
    job = {"reference": "00000101", "name": "Yard systems", "legal_entity_id": "XX99", "currency": "USD"}
    failure = refused(sap, Write(JOB_UPSERT, "key", "00000101", job))
    assert failure.kind == FailureClass.REJECTED
    assert "Company code XX99 does not exist" in failure.message


def test_services_and_fields_with_other_names(landscape: Landscape, sap: Connection) -> None:
    sap.settings["names"] = {"BusinessPartnerIDByExtSystem": "-", "API_COMPANYCODE_SRV": "API_COMPANYCODE_SRV_0002"}
    new = {"customer_code": "N-1", "legal_entity_id": "US01", "name": "Harbour", "currency": "USD"}
    posted(sap, Write(CUSTOMER_UPSERT, "key", "N-1", new))
    kept = {row["BusinessPartner"]: row for row in landscape.records("sap", "A_BusinessPartner")}
    assert kept["N-1"]["BusinessPartnerIDByExtSystem"] == ""
    assert set(records(pages(sap, "customer_account"))) == {"C-1", "C-100", "N-1"}
    with pytest.raises(Failed):
        CONNECTOR.check(sap)


def test_who_must_act_when_it_refuses(landscape: Landscape, sap: Connection) -> None:
    sap.settings["companies"] = "US01, XX99"
    with pytest.raises(Failed, match="no company code XX99"):
        CONNECTOR.check(sap)
    sap.settings |= {"companies": "", "names": {"API_BILLING_DOCUMENT_SRV": "API_BILLING_DOCUMENT_SRV_9"}}
    with pytest.raises(Failed, match="opens the service API_BILLING_DOCUMENT_SRV_9"):
        CONNECTOR.check(sap)
    landscape.settings(sap={"dialog_user": True})
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(sap)
    assert "sign-in page" in caught.value.remedy
