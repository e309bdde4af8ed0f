"""Every list of contracts and billing: page and partial, right, scope, file, and a budget of queries."""

import csv
import io
from datetime import date

import pytest

from billing import tables
from billing.models import Candidate
from contracts.models import Contract
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.billing.screens import both, nobody, outsider, queries, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]

LISTS = {
    "/contracts/": "C-LIST",
    "/contracts/projects/": "C-LIST",
    "/contracts/customers/": "Listed Customer",
    "/billing/work/": "C-LIST",
    "/billing/holds/": "C-LIST",
    "/billing/runs/": "US01",
    "/billing/candidates/?group=posted": "C-LIST",
    "/billing/invoices/": "INV-LIST",
    "/billing/payments/": "PAY-LIST",
    "/billing/credit-memos/": "CM-LIST",
}
QUERIES_OF_A_LIST = 2
"""Beyond those of the frame: the rows, and at most one sum above them."""


def one_of_everything(number: str = "C-LIST", suffix: str = "LIST") -> Contract:
    """A contract with an invoice, a payment, a credit memo and a hold."""
    client = factories.customer(name="Listed Customer")
    contract = factories.contract_active(number, client=client)
    invoice = factories.invoice_posted(factories.candidate_ready(contract), number=f"INV-{suffix}")
    factories.payment(invoice, amount="100", number=f"PAY-{suffix}")
    factories.credit_memo(invoice, number=f"CM-{suffix}", net="10")
    factories.hold(contract)
    return contract


@shared
def listed() -> Contract:
    return one_of_everything()


@pytest.mark.parametrize("url", LISTS)
def test_page_and_partial_show_the_row(url, listed):
    for html in both(signed_in(), url):
        assert LISTS[url] in html


@pytest.mark.parametrize("url", LISTS)
def test_rows_of_other_legal_entities_do_not_exist(url, listed):
    assert LISTS[url] not in text(outsider().get(url))


@pytest.mark.parametrize("url", LISTS)
def test_the_right_is_needed(url):
    assert "An administrator can grant it" in text(nobody().get(url), 403)


@pytest.mark.parametrize("url", LISTS)
def test_empty_lists_say_so(url):
    html = text(signed_in().get(url))
    assert 'class="blank ' in html
    assert "row-link" not in html


@pytest.mark.parametrize("url", LISTS)
def test_the_file_holds_the_same_rows_in_words(url, listed):
    client = signed_in()
    glue = "&" if "?" in url else "?"
    answer = client.get(f"{url}{glue}format=csv")
    body = b"".join(answer.streaming_content).decode()
    assert LISTS[url] in body
    assert "· rows: 0 ·" not in body
    assert "<" not in body, "markup in an export"
    assert Event.objects.filter(action="console.list.exported", actor=client.person.username).exists()


def test_the_number_of_queries_does_not_depend_on_the_rows(listed):
    client = signed_in()
    one = {url: queries(client, url) for url in LISTS}
    for number in range(3):
        one_of_everything(f"C-MORE-{number}", f"MORE-{number}")
    assert {url: queries(client, url) for url in LISTS} == one
    frame = queries(client, "/help/")
    assert {url: number for url, number in one.items() if number > frame + QUERIES_OF_A_LIST} == {}


@pytest.mark.parametrize(
    ("url", "wrong", "right"),
    [
        ("/contracts/", "status=draft", "status=active&q=c-list&method=tm"),
        ("/contracts/projects/", "without_contract=true", "customer=Listed"),
        ("/contracts/customers/", "status=merged", "q=listed"),
        ("/billing/work/", "code=RATE_MISSING", "contract=C-LIST&person=ann&kind=time&state=posted"),
        ("/billing/work/", "service_date_after=2027-01-01", "service_date_before=2026-12-31"),
        ("/billing/holds/", "code=LEGAL_HOLD", "status=open&contract=C-LIST"),
        ("/billing/runs/", "state=failed", "legal_entity=US01"),
        ("/billing/candidates/", "status=ready", "group=posted&customer=Listed"),
        ("/billing/invoices/", "status=written_off", "number=INV-LIST"),
        ("/billing/payments/", "is_reversed=true", "number=PAY-LIST"),
        ("/billing/credit-memos/", "linked=true", "number=CM-LIST"),
    ],
)
def test_filters(url, wrong, right, listed):
    client = signed_in()
    assert "Nothing matches these filters" in text(client.get(f"{url}?{wrong}"))
    assert "<tbody" in text(client.get(f"{url}?{right}"))


def test_a_wrong_filter_is_told_and_shows_nothing(listed):
    html = text(signed_in().get("/billing/work/?service_date_after=yesterday"))
    assert "Filter not applied." in html
    assert "row-link" not in html


def test_work_is_added_up_once_the_filter_is_narrow():
    contract = factories.contract_active("C-SUM")
    factories.time_entry(contract, hours="7.5")
    factories.time_entry(contract, hours="2", approval="submitted")
    client = signed_in()
    assert "tile-value" not in text(client.get("/billing/work/"))
    html = text(client.get("/billing/work/?contract=C-SUM"))
    assert "1,125.00" in html
    assert "1 piece, 7.50 h" in html
    assert "1 piece, 2.00 h" in html


def test_candidates_are_grouped_and_open_ones_come_first():
    posted = factories.invoice_posted(factories.candidate_ready(factories.contract_active("C-A")))
    ready = factories.candidate_ready(factories.contract_active("C-B"))
    client = signed_in()
    html = text(client.get("/billing/candidates/"))
    assert ready.number in html
    assert posted.candidate.number not in html
    assert posted.candidate.number in text(client.get("/billing/candidates/?group=posted"))
    group = html.split("Ready to approve</span>")[1].split("</a>")[0]
    assert "1,320.00" in group
    assert ">1<" in group
    assert Candidate.objects.count() == 2


def test_the_standing_filter_is_said_with_what_it_hides_and_can_be_taken_away():
    posted = factories.invoice_posted(factories.candidate_ready(factories.contract_active("C-A"))).candidate
    ready = factories.candidate_ready(factories.contract_active("C-B"))
    client = signed_in()
    bar = client.get("/billing/candidates/").context["bar"]
    assert (bar.standing.value, bar.left_out, bar.everything_url) == ("open", "1", "?everything=1")
    assert bar.sentence == "Status: open", "a file says it too"
    assert client.get(f"/billing/candidates/?number={ready.number}").context["bar"].left_out == ""

    answer = client.get("/billing/candidates/?everything=1")
    assert posted.number in text(answer)
    assert [(chip.value, chip.url) for chip in answer.context["bar"].chips] == [("all", "?")]
    assert client.get("/billing/candidates/?status=posted").context["bar"].standing is None


def test_what_stops_nothing_is_not_told_as_stopping():
    candidate = factories.candidate_ready(factories.contract_active("C-A"))
    columns = {column.name: column for column in tables.CandidateTable.columns}

    def told(**change):
        Candidate.objects.update(**change)
        row = Candidate.objects.get(pk=candidate.pk)
        return columns["stops"].value(row), columns["warnings"].value(row)

    assert told(warnings=["STRAGGLERS"]) == ("", "Stragglers")
    assert told(status="needs_attention", codes=["TAX_MISSING"]) == ("The tax engine is silent", "Stragglers")
    assert told(status="posting", codes=[]) == ("", "")


def test_overdue_holds_and_invoices_are_said_in_words():
    factories.invoice_posted(factories.candidate_ready(), due_on=date(2026, 4, 30))
    assert "Overdue" in text(signed_in().get("/billing/invoices/"))


HOSTILE = '=HYPERLINK("javascript:x")<script>x()</script>'


def test_what_a_vendor_wrote_is_neither_markup_nor_formula():
    client = factories.customer(name=HOSTILE)
    candidate = factories.candidate_ready(factories.contract_active("C-HOSTILE", client=client))
    browser = signed_in()
    for url in (
        "/",
        "/billing/candidates/",
        f"/billing/candidates/{candidate.pk}/",
        f"/trace/candidate/{candidate.pk}/",
    ):
        html = text(browser.get(url))
        assert "<script>x()" not in html
        assert 'href="javascript:' not in html
        assert '="=HYPERLINK' not in html
    rows = list(
        csv.reader(io.StringIO(b"".join(browser.get("/billing/candidates/?format=csv").streaming_content).decode()))
    )
    assert f"'{HOSTILE}" in rows[2]
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
