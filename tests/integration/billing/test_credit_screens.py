"""Crediting on screen and by program: what is left is seen first, the figures next, then it is asked for."""

from decimal import Decimal

import pytest

from billing.models import Candidate, Invoice
from tests import factories
from tests.integration.api.conftest import call, fields, problem
from tests.integration.billing.screens import nobody, outsider, signed_in, text
from tests.worlds import shared

__all__ = ["call"]

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]

WHY = {"reason": "GOODWILL", "then": "keep", "note": "Agreed by phone"}


@shared
def invoice() -> Invoice:
    return factories.invoice_posted(factories.candidate_ready(factories.contract_active("C-I")), number="INV-7")


def page(invoice, *, confirm="", **query):
    path = f"/billing/invoices/{invoice.pk}/credit/{'confirm/' if confirm else ''}"
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}" if query else path


def words(html: str) -> str:
    return " ".join(html.split())


def test_what_each_line_has_left_is_shown_before_it_is_asked(invoice):
    browser = signed_in()
    assert page(invoice) in text(browser.get(f"/billing/invoices/{invoice.pk}/"))
    html = words(text(browser.get(page(invoice))))
    assert "Left in all" in html
    assert html.count("1,200.00") >= 3


def test_the_figures_come_before_the_decision_and_a_form_alone_does_it(invoice):
    browser = signed_in()
    preview = page(invoice, confirm="yes", how="lines", line_1="100.10")
    html = words(text(browser.get(preview)))
    for figure in ("100.10", "10.01", "110.11"):
        assert figure in html
    assert not Candidate.objects.filter(kind="credit_memo").exists(), "nothing is done yet"
    answer = browser.post(preview, {**WHY, "version": invoice.version, "net": "100.10"})
    credit = Candidate.objects.get(kind="credit_memo")
    assert answer["Location"] == f"/billing/candidates/{credit.pk}/"
    assert (credit.net, credit.tax) == (Decimal("-100.10"), Decimal("-10.01"))
    assert (credit.prepared_by, credit.credit_order.note) == (browser.person, "Agreed by phone")
    shown = words(text(browser.get(f"/billing/candidates/{credit.pk}/")))
    for told in ("Goodwill", "Concession: the price falls", "Agreed by phone"):
        assert told in shown
    shown = words(text(browser.get(f"/billing/invoices/{invoice.pk}/")))
    assert "Credits over its lines" in shown
    assert credit.number in shown
    assert credit.number in text(browser.get(f"/contracts/{invoice.contract_id}/?tab=billing"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"how": "lines"}, "Choose a line, or state its amount."),
        ({"how": "amount"}, "State the amount."),
        ({"how": "share"}, "State the share."),
        ({"how": "amount", "amount": "1200.01"}, "1,200.00 USD of the lines are left"),
        ({"how": "lines", "line_1": "many"}, "Enter a number."),
    ],
)
def test_what_cannot_be_credited_is_said_beside_the_lines(invoice, query, said):
    assert said in text(signed_in().get(page(invoice, confirm="yes", **query)), 422)


def test_what_moved_meanwhile_is_not_credited(invoice):
    browser = signed_in()
    preview = page(invoice, confirm="yes", how="whole")
    text(browser.post(preview, {**WHY, "version": invoice.version + 1, "net": "1200.00"}), 409)
    text(browser.post(preview, {**WHY, "version": invoice.version, "net": "1000.00"}), 409)
    text(browser.post(preview, {**WHY, "then": "", "version": invoice.version, "net": "1200.00"}), 422)
    assert not Candidate.objects.filter(kind="credit_memo").exists()


def test_who_may_not_reads_why_and_others_do_not_find_it(invoice):
    assert "Only billing analysts and finance can ask for credits." in text(signed_in("auditor").get(page(invoice)))
    answer = signed_in("auditor").post(
        page(invoice, confirm="yes", how="whole"), {**WHY, "version": invoice.version, "net": "1200.00"}
    )
    assert answer.status_code == 403
    text(outsider().get(page(invoice)), 404)
    text(nobody().get(page(invoice)), 403)


BODY = {"reason": "RATE_ERROR", "rebillable": False, "note": "Wrong price"}


def test_a_program_asks_once(call, invoice):
    program, path = call(), f"invoices/{invoice.pk}/credit/"
    body = {**BODY, "version": invoice.version, "lines": [{"line": 1, "amount": "66.67"}]}
    key = {"Idempotency-Key": "credit-1"}
    first, again = program.post(path, body, **key), program.post(path, body, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first.json()["kind"], first.json()["net"], first.json()["tax"]) == ("credit_memo", "-66.67", "-6.67")
    [line] = program.get(f"invoices/{invoice.pk}/").json()["lines"]
    assert (line["net"], line["credited"]) == ("1200.00", "66.67")


def test_a_program_hears_why_not(call, invoice):
    path = f"invoices/{invoice.pk}/credit/"
    over = {**BODY, "version": invoice.version, "amount": "1200.01"}
    assert "1,200.00 USD of the lines are left" in problem(call().post(path, over), 422)["detail"]
    problem(call().post(path, {**over, "version": 99, "amount": "1"}), 409)
    problem(call("auditor").post(path, {**over, "amount": "1"}), 403)
    problem(call("finance", "billing:read").post(path, {**over, "amount": "1"}), 403)
    assert "reason" in fields(call().post(path, {**over, "reason": "WEATHER"}), 400)
