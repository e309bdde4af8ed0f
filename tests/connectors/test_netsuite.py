"""NetSuite over HTTP: whole lists, changes by stamp, invoices posted once, closed periods, concurrency."""

from datetime import date
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.netsuite import periods
from integration_hub.connectors.netsuite.client import Client, external_key
from integration_hub.connectors.netsuite.manifest import CREDIT_POST, INVOICE_POST, JOB_INACTIVATE, JOB_UPSERT
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape
from tests.connectors.conftest import canonical, pages
from tests.connectors.erp import invoice_write

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("netsuite")


def _job(**more: Any) -> Write:
    payload = {
        "reference": "00000101",
        "name": "Yard systems",
        "customer_code": "C-100",
        "legal_entity_id": "1",
        "currency": "USD",
        "starts_on": "2026-05-01",
        "ends_on": "2027-04-30",
        "version_note": "Contract version 1: signed",
        **more,
    }
    return Write(JOB_UPSERT, "key", "00000101", payload)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_job_is_made_changed_and_made_inactive(netsuite: Connection, customer: str) -> None:
    assert CONNECTOR.find(netsuite, _job()) is None
    made = CONNECTOR.send(netsuite, _job()).remote_id
    found = CONNECTOR.find(netsuite, _job())
    assert found is not None
    assert found.remote_id == made
    amended = _job(version_note="Contract version 2: rate")
    assert CONNECTOR.find(netsuite, amended) is None
    assert CONNECTOR.send(netsuite, amended).remote_id == made
    assert CONNECTOR.find(netsuite, amended) is not None
    undo = Write(JOB_INACTIVATE, "key", "00000101", {"reference": "00000101", "remote_id": made})
    assert CONNECTOR.find(netsuite, undo) is None
    CONNECTOR.send(netsuite, undo)
    assert CONNECTOR.find(netsuite, undo) is not None
    assert CONNECTOR.find(netsuite, amended) is None


def test_job_of_an_unknown_customer_is_refused(netsuite: Connection, landscape: Landscape) -> None:
    with pytest.raises(Failed, match="parent") as caught:
        CONNECTOR.send(netsuite, _job())
    assert (caught.value.kind, caught.value.field) == (FailureClass.REJECTED, "parent")


def test_invoice_is_posted_and_read_back(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    CONNECTOR.send(netsuite, _job())
    write = invoice_write(job_reference="00000101")
    assert CONNECTOR.find(netsuite, write) is None
    sent = CONNECTOR.send(netsuite, write)
    found = CONNECTOR.find(netsuite, write)
    assert found is not None
    assert (found.remote_id, found.number) == (sent.remote_id, "INV-US-000001")
    assert found.facts == {
        "net": "1721.67",
        "tax": "84.69",
        "gross": "1806.36",
        "currency": "USD",
        "issued_on": "2026-05-31",
        "due_on": "2026-06-30",
        "status": "Open",
        "period": "May 2026",
        "posted": True,
    }
    read = canonical(netsuite, "invoice", pages(netsuite, "invoice"))[sent.remote_id].record
    assert isinstance(read, language.Invoice)
    assert (read.external_ref, read.number, str(read.gross), read.status) == (
        "US01-CAND-0007",
        "INV-US-000001",
        "1806.36",
        "open",
    )


def test_a_line_names_its_item_and_department_where_they_are_mapped(netsuite: Connection, customer: str) -> None:
    write = invoice_write()
    first, second = write.payload["lines"]
    netsuite.settings = {**netsuite.settings, "items": {"passed_on": "3"}}
    first |= {"account": "2", "department": "7"}
    second["kind"] = "passed_on"
    sent = CONNECTOR.send(netsuite, write)
    found = Client(netsuite).record("invoice", sent.remote_id, whole=True)
    assert found is not None
    lines = found["item"]["items"]
    assert [line["item"]["id"] for line in lines] == ["2", "3"]
    assert [(line.get("department") or {}).get("id") for line in lines] == ["7", None]


@pytest.mark.parametrize("subsidiary", [None, "US"])
def test_closed_period_is_told_by_code(
    landscape: Landscape, netsuite: Connection, customer: str, subsidiary: str | None
) -> None:
    landscape.period("May 2026", ar_locked=True, **({"subsidiary": subsidiary} if subsidiary else {}))
    with pytest.raises(Failed, match="PERIOD_CLOSED") as caught:
        CONNECTOR.send(netsuite, invoice_write())
    assert (caught.value.kind, caught.value.field) == (FailureClass.REJECTED, "postingPeriod")
    assert CONNECTOR.find(netsuite, invoice_write()) is None
    landscape.period("May 2026", ar_locked=False, **({"subsidiary": subsidiary} if subsidiary else {}))
    CONNECTOR.send(netsuite, invoice_write())
    assert CONNECTOR.find(netsuite, invoice_write()) is not None


def test_the_accounting_date_says_the_period_not_the_date_of_the_document(
    landscape: Landscape, netsuite: Connection, customer: str
) -> None:
    landscape.period("May 2026", ar_locked=True)
    CONNECTOR.send(netsuite, invoice_write(accounting_date="2026-06-01"))
    found = CONNECTOR.find(netsuite, invoice_write())
    assert found is not None
    assert (found.facts["issued_on"], found.facts["period"]) == ("2026-05-31", "Jun 2026")


def test_the_period_of_the_accounting_date_must_be_open(
    landscape: Landscape, netsuite: Connection, customer: str
) -> None:
    landscape.period("Apr 2026", ar_locked=True)
    with pytest.raises(Failed, match="PERIOD_CLOSED") as caught:
        CONNECTOR.send(netsuite, invoice_write(accounting_date="2026-04-30"))
    assert caught.value.field == "postingPeriod"
    with pytest.raises(Failed, match="no posting period for 2099-01-01"):
        CONNECTOR.send(netsuite, invoice_write(accounting_date="2099-01-01"))
    assert CONNECTOR.find(netsuite, invoice_write()) is None


def test_tax_that_does_not_add_up_is_never_sent(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    with pytest.raises(Failed, match="tax of the lines is") as caught:
        CONNECTOR.send(netsuite, invoice_write(tax_total="90"))
    assert caught.value.kind == FailureClass.DATA
    assert not [call for call in landscape.calls("netsuite") if call["method"] == "PUT"]


@pytest.mark.parametrize(
    ("change", "says"), [({"currency": "XAU"}, "no currency XAU"), ({"payment_terms": "Net 7"}, "no payment terms")]
)
def test_master_data_that_is_missing_is_named(
    netsuite: Connection, customer: str, change: dict[str, str], says: str
) -> None:
    with pytest.raises(Failed, match=says) as caught:
        CONNECTOR.send(netsuite, invoice_write(**change))
    assert caught.value.kind == FailureClass.REJECTED


def test_credit_memo_is_posted_once_and_settles_its_invoice(
    landscape: Landscape, netsuite: Connection, customer: str
) -> None:
    invoice = CONNECTOR.send(netsuite, invoice_write())
    before = pages(netsuite, "credit_memo")
    one = {"invoice_id": invoice.remote_id, "invoice": "INV", "amount": "1100"}
    base = invoice_write("US01-CAND-0007-C1")
    credit = Write(CREDIT_POST, "key", base.business_key, {**base.payload, "apply": [one]})
    sent = CONNECTOR.send(netsuite, credit)
    assert CONNECTOR.send(netsuite, credit).remote_id == sent.remote_id
    found = CONNECTOR.find(netsuite, credit)
    assert found is not None
    assert {name: found.facts[name] for name in ("net", "tax", "gross")} == {
        name: base.payload[field] for name, field in (("net", "net"), ("tax", "tax_total"), ("gross", "gross"))
    }
    cursor = before[-1].cursor if before else {}
    read = canonical(netsuite, "credit_memo", pages(netsuite, "credit_memo", cursor))[sent.remote_id].record
    assert isinstance(read, language.CreditMemo)
    assert [(item.invoice_id, str(item.amount)) for item in read.applications] == [(invoice.remote_id, "1100")]


def test_invoice_that_waits_for_approval_is_not_posted(
    landscape: Landscape, netsuite: Connection, customer: str
) -> None:
    landscape.settings(netsuite={"invoice_approval": "1"})
    CONNECTOR.send(netsuite, invoice_write())
    found = CONNECTOR.find(netsuite, invoice_write())
    assert found is not None
    assert found.facts["posted"] is False


def test_cash_comes_back_with_its_applications(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    posted = CONNECTOR.send(netsuite, invoice_write()).remote_id
    before = pages(netsuite, "invoice")
    (payment,) = landscape.load(
        "netsuite",
        "customerPayment",
        [
            {
                "customer": {"id": customer},
                "payment": 1000,
                "tranDate": "2026-06-20",
                "apply": {"items": [{"doc": {"id": posted}, "amount": 1000, "apply": True}]},
            }
        ],
    )
    (credit,) = landscape.load(
        "netsuite",
        "creditMemo",
        [
            {
                "entity": {"id": customer},
                "tranDate": "2026-06-21",
                "externalId": "US01-CR-1",
                "item": {"items": [{"item": {"id": "1"}, "quantity": 1, "rate": 100}]},
                "apply": {"items": [{"doc": {"id": posted}, "amount": 100, "apply": True}]},
            }
        ],
    )
    paid = canonical(netsuite, "payment", pages(netsuite, "payment"))[payment].record
    assert isinstance(paid, language.Payment)
    assert [(item.invoice_id, str(item.amount)) for item in paid.applications] == [(posted, "1000")]
    assert (str(paid.amount), paid.currency, str(paid.received_on)) == ("1000", "USD", "2026-06-20")
    memo = canonical(netsuite, "credit_memo", pages(netsuite, "credit_memo"))[credit].record
    assert isinstance(memo, language.CreditMemo)
    assert (str(memo.gross), memo.external_ref, str(memo.applications[0].amount)) == ("100", "US01-CR-1", "100")
    after = pages(netsuite, "invoice", before[-1].cursor)
    invoice = canonical(netsuite, "invoice", after)[posted].record
    assert isinstance(invoice, language.Invoice)
    assert (str(invoice.paid), invoice.status) == ("1100", "open")


def test_external_keys_keep_to_what_netsuite_allows() -> None:
    assert external_key("US01-CAND-0007") == "US01-CAND-0007"
    assert external_key("A/1") != external_key("A|1")
    assert external_key("A/1").startswith("A_1-")


def test_a_period_is_asked_about_before_posting(landscape: Landscape, netsuite: Connection) -> None:
    may = date(2026, 5, 15)
    assert periods.closed(netsuite, may, INVOICE_POST) == ""
    landscape.period("May 2026", ar_locked=True)
    assert "May 2026 is locked for accounts receivable" in periods.closed(netsuite, may, INVOICE_POST)
    landscape.period("May 2026", ar_locked=False, closed=True)
    assert "May 2026 is closed" in periods.closed(netsuite, may, INVOICE_POST)
    assert periods.closed(netsuite, date(2026, 6, 1), INVOICE_POST) == ""
    assert "no accounting period" in periods.closed(netsuite, date(1999, 6, 1), INVOICE_POST)
    calls = Call.objects.count()
    assert periods.closed(netsuite, may, JOB_UPSERT) == "", "jobs are no postings"
    assert Call.objects.count() == calls
