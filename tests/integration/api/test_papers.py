"""Documents by program: the file, or how far it is."""

import pytest

from billing.actions import papers
from billing.papers import backup
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.pdf import Pdf

pytestmark = pytest.mark.django_db


def test_the_document_of_a_candidate_and_of_its_invoice(call):
    invoice = factories.invoice_posted(number="INV-99")
    finance = call()
    for path in (f"invoices/{invoice.pk}/document/", f"candidates/{invoice.candidate_id}/document/"):
        answer = finance.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer["Content-Disposition"] == 'attachment; filename="INV-99.pdf"'
        assert "INV-99" in Pdf(answer.content).text
    asked = finance.client.get(f"/api/v1/invoices/{invoice.pk}/document/", headers={"Accept": "application/pdf"})
    assert asked.status_code == 200
    backed = finance.get(f"invoices/{invoice.pk}/backup/")
    assert "Time and expenses" in Pdf(backed.content).text


def test_a_long_one_is_asked_for_and_fetched(call, monkeypatch):
    monkeypatch.setattr(papers, "AT_ONCE", 0)
    monkeypatch.setattr(backup, "PART", 1)
    candidate = factories.candidate_ready()
    finance, path = call(), f"candidates/{candidate.pk}/backup/"
    early = finance.client.get(f"/api/v1/{path}", headers={"Accept": "application/pdf"})
    assert (early.status_code, early["Content-Type"]) == (409, "application/problem+json")
    assert "is set by the workers" in early.json()["detail"]
    asked = finance.post(path)
    assert (asked.status_code, asked.json()["state"]) == (202, "making")
    drain_once()
    assert finance.post(path).json() | {"error": ""} == {
        "kind": "backup", "state": "ready", "entries": 1, "parts_total": 1, "parts_done": 1, "error": "",
    }  # fmt: skip
    assert finance.get(path)["Content-Type"] == "application/pdf"


def test_who_may_not_see_it_gets_nothing(call):
    candidate = factories.candidate_ready()
    elsewhere = call(entities=("DE01",))
    assert elsewhere.get(f"candidates/{candidate.pk}/document/").status_code == 404
    assert elsewhere.get(f"candidates/{candidate.pk}/backup/").status_code == 404


def test_the_work_behind_it_needs_its_own_right(call):
    candidate = factories.candidate_ready()
    finance = call(Role.FINANCE)
    group = finance.person.groups.get()
    group.permissions.remove(group.permissions.get(codename="view_piece"))
    assert finance.get(f"candidates/{candidate.pk}/document/").status_code == 200
    assert finance.get(f"candidates/{candidate.pk}/backup/").status_code == 403
