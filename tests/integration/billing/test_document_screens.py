"""An invoice's page: figures, lines, cash, tax, the effect that made it, and who was told."""

from io import StringIO

import pytest
from django.core.management import call_command

from billing.models import Invoice, TaxDetermination
from contracts.actions import references
from contracts.models import Route
from tests import factories
from tests.integration.billing.screens import nobody, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def invoice() -> Invoice:
    return factories.invoice_posted(factories.candidate_ready(factories.contract_active("C-I")), number="INV-7")


def page(invoice) -> str:
    return f"/billing/invoices/{invoice.pk}/"


def test_figures_lines_and_proof(invoice):
    html = " ".join(text(signed_in().get(page(invoice))).split())
    for words in ("INV-7", "1,200.00", "120.00", "1,320.00", "R-INV-7", invoice.candidate.number, "Nothing paid yet"):
        assert words in html, words
    assert "confirmed by a read, key and content untouched" in html
    assert "No CRM or PSA knows this contract" in html


def test_payments_and_credits_reduce_what_is_open(invoice):
    factories.payment(invoice, amount="1000", number="PAY-1")
    factories.credit_memo(invoice, net="20", number="CM-1")
    html = text(signed_in().get(page(invoice)))
    for words in ("PAY-1", "1,000.00", "CM-1", "20.00", "300.00", "Partly paid"):
        assert words in html, words


def test_who_was_told(invoice):
    crm = factories.connection("salesforce", code="crm")
    Route.objects.create(role="crm", connection=crm)
    references.note(connection=crm, entity="contract", source_id="800X", row=invoice.contract)
    factories.payment(invoice, amount="1320")
    html = text(signed_in().get(page(invoice)))
    assert "1,320.00 USD paid of 1,320.00 USD, last INV-7" in html
    assert "Planned" in html


def test_tax_is_shown_with_what_was_asked(invoice):
    tax = TaxDetermination.objects.get(candidate=invoice.candidate)
    html = text(signed_in().get(page(invoice)))
    assert tax.get_status_display() in html
    assert "As it was asked and answered (JSON)" in html


def test_others_do_not_find_it(invoice):
    text(outsider().get(page(invoice)), 404)
    text(nobody().get(page(invoice)), 403)


def test_the_trace_of_a_document_tells_what_happened_to_it(invoice):
    payment = factories.payment(invoice, amount="1000")
    browser = signed_in()
    for kind, key, told in (
        ("invoice", invoice.pk, "INV-7"),
        ("candidate", invoice.candidate_id, invoice.candidate.number),
        ("payment", payment.pk, payment.number),
        ("contract", invoice.contract_id, "C-I"),
    ):
        html = text(browser.get(f"/trace/{kind}/{key}/"))
        assert "Nothing has happened yet" not in html, kind
        assert told in html


def test_the_trace_says_the_price_in_words(invoice):
    out = StringIO()
    call_command("trace", invoice.number, stdout=out)
    assert "Rate row: 150 USD per hour for default, agreed for the contract, from 2026-01-01" in out.getvalue()
