"""Why, for every cent: one story of a decision, from the facts to the ERP's document, by whatever reference."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing import asked, telling
from billing.models import BillableEvent, Invoice, Piece
from contracts.models import Contract
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db


@shared
def invoice() -> Invoice:
    contract = factories.contract_active(cap="1000", rate="150")
    factories.price(contract, "99", role="Partner")
    factories.time_entry(contract, hours="1", key="test:time_entry:first")
    return factories.invoice_posted(factories.candidate_ready(contract, hours="8"))


def told(reference):
    out = StringIO()
    call_command("explain", reference, stdout=out)
    return out.getvalue()


def facts(reference):
    out = StringIO()
    call_command("explain", reference, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_from_the_facts_to_the_document(invoice):
    piece = Piece.objects.get(state="posted", minutes__gt=60)
    text = told(f"piece:{piece.pk}")
    approver = invoice.candidate.approvals.earliest("pk").by.label
    for words in (
        "Worked                    8.00 h",
        "Version                   v1",
        "Known since",
        "+ 1. Line 1: takes time",
        "+ default, 150.00 USD per hour",
        "1. Line 1 (hard) 1,000.00 USD: 150.00 USD + 850.00 USD = 1,000.00 USD, reached",
        "Rounding: half up, once, at the printed line",
        "Printed as",
        f"{approver}, ",
        f"Invoice {invoice.number} line 1 of",
        invoice.remote_id,
    ):
        assert words in text, words


def test_refused_prices_carry_their_reason():
    contract = factories.contract_signed(rate="150", rate_role="Consultant")
    factories.price(contract, "120")
    drain_once()
    entry = factories.time_entry(contract)
    text = told(entry.work_key)
    assert "+ Consultant, 150.00 USD per hour" in text
    assert "- default, 120.00 USD per hour" in text
    assert "a more specific row applies" in text


def test_every_form_of_reference_finds_the_same_decision(invoice):
    piece = Piece.objects.get(state="posted", minutes=60)
    line = piece.candidate_line.number
    document, ours = invoice.number, invoice.candidate.number
    for reference in (f"{document}/{line}", f"{ours.lower()}/{line}", document, ours):
        assert piece.pk in [pk for row in facts(reference) for pk in row["pieces"]], reference
    for reference in (f"event:{piece.event_id}", "test:time_entry:first", f"piece:{piece.pk}"):
        assert [row["decision"] for row in facts(reference)] == [piece.decision_id], reference


def test_a_line_names_only_its_own_pieces(invoice):
    line = invoice.lines.get(number=1)
    rows = facts(f"{invoice.number}/1")
    assert {pk for row in rows for pk in row["pieces"]} == set(line.candidate_line.pieces.values_list("pk", flat=True))


def test_the_source_id_finds_the_entry():
    contract = factories.contract_active()
    there = factories.connection("kantata")
    version = factories._source_version(there, "time_entry", "T9")
    entry = factories.time_entry(contract, source_version_id=version.pk)
    for reference in ("T9", "kantata/time_entry/T9"):
        assert [row["event"] for row in facts(reference)] == [entry.pk]


def test_json_carries_the_stored_trace_and_what_identifies_it(invoice):
    decision = Piece.objects.filter(state="posted").earliest("pk").decision
    (row,) = facts(f"event:{decision.event_id}")
    assert row["trace"] == decision.trace
    assert row["content_hash"] == decision.content_hash
    assert row["story"]["documents"]
    assert row["contract_version"] == 1


def test_the_screen_tells_the_same(invoice):
    from tests.integration.billing.screens import signed_in, text

    event = BillableEvent.objects.get(work_key="test:time_entry:first")
    html = " ".join(text(signed_in().get(f"/billing/work/{event.pk}/")).split())
    (one,) = asked.decisions(event.work_key)
    story = telling.as_facts(one)["story"]
    for words in (*story["printed"], *story["approved"], *(which for _, which in story["documents"])):
        assert " ".join(words.split()) in html


def test_nothing_known_names_the_forms():
    with pytest.raises(CommandError, match="an invoice or candidate number"):
        told("nothing")


def test_work_without_a_contract_is_explained_too(invoice):
    contract = Contract.objects.get(pk=invoice.contract_id)
    entry = factories.time_entry(contract, approval="rejected")
    assert "REJECTED" in told(entry.work_key)
