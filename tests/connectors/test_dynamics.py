"""What is peculiar to Dynamics: companies, drafts and change sets, jobs that post, names and periods left open."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.manifest import CREDIT_POST, INVOICE_POST, JOB_UPSERT, JOURNAL_POST
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, PREFLIGHTS, Window, Write
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import Landscape
from tests.connectors.benches.dynamics import customer
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.erp import invoice_write, journal_payload

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("dynamics")
NUMBER = "US01-CAND-0007"


@pytest.fixture(autouse=True)
def tidewater(landscape: Landscape) -> None:
    rows = [customer("C-100", "Tidewater Yards"), customer("C-100", "Tidewater Ltd", dataAreaId="gb01")]
    landscape.load("dynamics", "CustomersV3", rows)


def invoice(effect_type: str = INVOICE_POST, number: str = NUMBER, **more: Any) -> Write:
    payload = invoice_write(number, legal_entity_id="US01", **more).payload
    return Write(effect_type, f"key-{number}", number, payload)


def posted(connection: Connection, write: Write) -> str:
    CONNECTOR.send(connection, write)
    found = CONNECTOR.find(connection, write)
    assert found is not None
    return found.remote_id


def refused(connection: Connection, write: Write) -> Failed:
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(connection, write)
    return caught.value


def headers(landscape: Landscape, kind: str = "FreeTextInvoiceHeaders") -> list[tuple[str, str]]:
    key = "CustomerReference" if kind == "FreeTextInvoiceHeaders" else "IntegrationKey"
    return [(row[key], row["IsPosted"]) for row in landscape.records("dynamics", kind)]


def test_from_the_project_to_the_credit(landscape: Landscape, dynamics: Connection) -> None:
    job = {"name": "Yard systems", "customer_code": "C-100", "legal_entity_id": "US01", "starts_on": "2026-05-01"}
    job |= {"reference": "00000101", "currency": "USD"}
    assert posted(dynamics, Write(JOB_UPSERT, "key", "00000101", job)) == "us01|00000101"
    first = posted(dynamics, invoice(job_reference="00000101"))
    payment = {"company": "US01", "customer": "C-100", "invoice": first.partition("|")[2], "currency": "USD"}
    (paid,) = landscape.load("dynamics", "payments", [{**payment, "amount": 1000, "date": "2026-06-20"}])
    second = posted(dynamics, invoice(number="US01-CAND-0008"))
    applied = [{"invoice_id": second, "amount": "1806.36"}]
    credit = posted(dynamics, invoice(CREDIT_POST, "US01-CRN-0001", apply=applied))

    made = canonical(dynamics, "invoice", pages(dynamics, "invoice"))
    told = {
        key: (item.record.gross, item.record.tax, item.record.paid, item.record.status) for key, item in made.items()
    }
    amounts = (Decimal("1806.36"), Decimal("84.69"))
    assert told == {first: (*amounts, 1000, "open"), second: (*amounts, Decimal("1806.36"), "paid")}
    (memo,) = canonical(dynamics, "credit_memo", pages(dynamics, "credit_memo")).values()
    assert (memo.record.source_id, memo.record.gross, memo.record.external_ref) == (credit, amounts[0], "US01-CRN-0001")
    assert [(one.invoice_id, one.amount) for one in memo.record.applications] == [(second, amounts[0])]
    cash = canonical(dynamics, "payment", pages(dynamics, "payment"))[paid.replace("p-", "P-")].record
    assert (cash.amount, cash.customer_id, cash.applications[0].invoice_id) == (1000, "us01|C-100", first)
    assert landscape.ledger("dynamics")["trial_balance"]["balanced"]


def test_lines_say_account_and_department_and_all_companies_are_read(
    landscape: Landscape, dynamics: Connection
) -> None:
    line = {**invoice().payload["lines"][1], "account": "401200", "department": "HW-02", "kind": "passed_on"}
    amounts = {"net": "310.2", "tax_total": "0", "gross": "310.2"}
    posted(dynamics, invoice(lines=[line], **amounts))
    assert [row["AccountDisplayValue"] for row in landscape.records("dynamics", "FreeTextInvoiceLines")] == [
        "401200-HW\\-02"
    ]
    made = canonical(dynamics, "customer_account", pages(dynamics, "customer_account"))
    assert {(key, item.record.name) for key, item in made.items()} == {
        ("us01|C-100", "Tidewater Yards"),
        ("gb01|C-100", "Tidewater Ltd"),
    }


def test_a_change_set_that_fails_leaves_neither_lines_nor_a_draft(landscape: Landscape, dynamics: Connection) -> None:
    lines = [*invoice().payload["lines"][:1], {**invoice().payload["lines"][1], "account": "999999"}]
    failure = refused(dynamics, invoice(lines=lines))
    assert failure.kind == FailureClass.REJECTED
    assert "999999 is not valid for the account structure" in failure.message
    assert "Warning" not in failure.message
    assert (headers(landscape), landscape.records("dynamics", "FreeTextInvoiceLines")) == ([], [])


def test_a_job_that_posts_is_waited_for(landscape: Landscape, dynamics: Connection) -> None:
    landscape.settings(dynamics={"posting": "batch", "posting_ms": 60_000})
    assert CONNECTOR.send(dynamics, invoice()).remote_id == ""
    assert CONNECTOR.find(dynamics, invoice()) is None
    assert CONNECTOR.send(dynamics, invoice()).remote_id == "", "the same draft, and the job that waits for it"
    assert len(landscape.records("dynamics", "FreeTextInvoiceHeaders")) == 1
    landscape.settings(landscape={"clock_offset_seconds": 61})
    assert CONNECTOR.find(dynamics, invoice()) is not None
    assert CONNECTOR.send(dynamics, invoice()).body == {"already": True}
    assert headers(landscape) == [(NUMBER, "Yes")]


def test_a_draft_that_says_something_else_makes_place(landscape: Landscape, dynamics: Connection) -> None:
    landscape.fault("dynamics", "timeout_before", path_regex=r"\.post$", count=1, params={"close": True})
    assert refused(dynamics, invoice()).kind == FailureClass.UNKNOWN_OUTCOME
    posted(dynamics, invoice(memo="Corrected"))
    kept = landscape.records("dynamics", "FreeTextInvoiceHeaders")
    assert [(row["Description"], row["IsPosted"]) for row in kept] == [("Corrected", "Yes")]


def test_two_documents_under_one_reference_are_for_a_person(landscape: Landscape, dynamics: Connection) -> None:
    posted(dynamics, invoice())
    other = refused(dynamics, invoice(gross="2000.00"))
    assert other.kind == FailureClass.REJECTED
    assert f"posted under {NUMBER}" in other.message
    assert len(headers(landscape)) == 1


def test_a_row_changed_meanwhile_is_read_again(dynamics: Connection) -> None:
    client, key = Client(dynamics), {"dataAreaId": "us01", "CustomerAccount": "C-100"}
    seen = client.one("CustomersV3", key)
    assert seen is not None
    client.update("CustomersV3", key, {"OrganizationName": "Tidewater Inc"}, seen["@odata.etag"])
    with pytest.raises(Failed) as caught:
        client.update("CustomersV3", key, {"OrganizationName": "Other"}, seen["@odata.etag"])
    assert caught.value.kind == FailureClass.TRANSIENT


@pytest.mark.parametrize("checked", ["posting", "line"])
def test_closed_in_one_company_or_to_a_module(landscape: Landscape, dynamics: Connection, checked: str) -> None:
    landscape.settings(dynamics={"period_checked": checked})
    ask, day = PREFLIGHTS.get("dynamics"), date(2026, 5, 31)
    locked = {"company": "US01", "month": "2026-05", "module": "AccountsReceivable", "access": "None"}
    landscape.load("dynamics", "periods", [locked])
    assert ask(dynamics, day, INVOICE_POST) == "", "other companies are open"
    failure = refused(dynamics, invoice())
    assert failure.message.startswith("Dynamics refused it: PERIOD_CLOSED: Period for 2026-05-31 is not open")
    assert headers(landscape) == []
    dynamics.settings["companies"] = "US01"
    assert "closed to the module AccountsReceivable" in ask(dynamics, day, INVOICE_POST)
    assert ask(dynamics, day, JOURNAL_POST) == ""
    period = canonical(dynamics, "accounting_period", pages(dynamics, "accounting_period"))
    assert period["us01|Fiscal|2026|Period 5"].record.ar_locked
    assert not period["gb01|Fiscal|2026|Period 5"].record.ar_locked


def test_an_environment_with_names_of_its_own(landscape: Landscape, dynamics: Connection) -> None:
    names = {"FreeTextInvoiceHeaders": "CustFreeTextInvoices", "CustomerReference": "HubReference", "post": "postNow"}
    landscape.settings(dynamics={"names": names})
    dynamics.settings["names"] = {**names, "LineReference": "-"}
    remote_id = posted(dynamics, invoice(memo="about CustomerReference"))
    made = canonical(dynamics, "invoice", pages(dynamics, "invoice"))
    assert made[remote_id].record.external_ref == NUMBER
    assert [row["LineReference"] for row in landscape.records("dynamics", "FreeTextInvoiceLines")] == ["", "", ""]


def test_a_server_with_smaller_pages_than_asked_for(landscape: Landscape, dynamics: Connection) -> None:
    landscape.load("dynamics", "CustomersV3", [customer(f"K-{n}", f"Name {n}") for n in range(9)])
    landscape.settings(dynamics={"page_size": 2})
    assert len(records(pages(dynamics, "customer_account"))) == 11


def test_lists_without_a_stamp_are_read_whole(landscape: Landscape, dynamics: Connection) -> None:
    landscape.settings(dynamics={"modified": False, "page_size": 1})
    dynamics.settings["modified_field"] = "-"
    (first,) = pages(dynamics, "customer_account")
    assert first.complete
    Client(dynamics).update(
        "CustomersV3", {"dataAreaId": "gb01", "CustomerAccount": "C-100"}, {"OrganizationName": "Tidewater plc"}, ""
    )
    (second,) = pages(dynamics, "customer_account", first.cursor)
    known, found = records([first]), records([second])
    assert {key for key in found if found[key].version > known[key].version} == {"gb01|C-100"}
    window = Window(now() - timedelta(days=1), now())
    assert CONNECTOR.control(dynamics, "customer_account", window).expected == 2  # type: ignore[attr-defined]


def test_who_must_act_when_it_refuses(landscape: Landscape, dynamics: Connection) -> None:
    dynamics.settings["companies"] = "US01, XX99"
    with pytest.raises(Failed, match="no legal entity XX99"):
        CONNECTOR.check(dynamics)
    landscape.settings(dynamics={"mapped": False})
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(dynamics)
    assert "Map the client id to a user" in caught.value.remedy
    landscape.settings(dynamics={"mapped": True, "pressure": 2})
    failure = refused(dynamics, invoice())
    assert (failure.kind, failure.retry_after) == (FailureClass.RATE, timedelta(seconds=5))


def test_what_people_are_owed_is_booked_to_them(landscape: Landscape, dynamics: Connection) -> None:
    vendor = {"dataAreaId": "us01", "VendorAccountNumber": "V-7", "VendorName": "Ida Lund"}
    landscape.load("dynamics", "Vendors", [{**vendor, "PrimaryEmailAddress": "ida@firm.example"}])
    codes = ValueMap.objects.get(connection=dynamics.code, name="cost_account")
    ValueRow.objects.create(value_map=codes, theirs="602100", ours="expense")
    ValueRow.objects.create(value_map=codes, theirs="200100", ours="employee_payable")
    payee = {"code": "P-1", "name": "Ida Lund", "email": "ida@firm.example"}
    lines = [
        {"charge_code": "expense:Travel", "cost_centre": "12", "memo": "x" * 80, "amount": "80.5"},
        {"charge_code": "employee_payable", "amount": "-80.5", "payee": payee},
    ]
    payload = journal_payload("US01-EXP-1", "Expenses", legal_entity_id="US01", lines=lines)
    assert posted(dynamics, Write(JOURNAL_POST, "key", "US01-EXP-1", payload)).startswith("us01|J-")
    kept = landscape.records("dynamics", "LedgerJournalLines")
    assert [(row["AccountType"], row["AccountDisplayValue"]) for row in kept] == [
        ("Ledger", "602100-12"),
        ("Vend", "V\\-7"),
    ]
    assert {len(row["Text"]) for row in kept} == {60, 8}
