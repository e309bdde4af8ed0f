"""Prices that change for the past, as agreed: credited and billed anew, the difference billed, or left alone (R8)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from billing import simulation
from billing.actions import decisions, sending, work
from billing.explain import explain
from billing.models import Candidate, Decision, Invoice, Piece
from billing.papers.figures import document
from contracts.actions import configuration, standard_prices
from contracts.actions.standard_prices import StandardPriceIn
from contracts.models import Amendment, Cap, RateRow
from integration_hub.kernel.errors import BadInput
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, totals
from tests import deals, factories, money, vendors
from tests.screens import browser, page
from tests.worlds import shared

APRIL = date(2026, 4, 30)


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-9", rate="150", cap="9000")


@pytest.fixture
def invoice(landscape, contract):
    """22 h at 150 in March, posted."""
    return money.posted_in(landscape, money.ready_in(landscape, contract, hours="22"))


def amend(landscape, rate, *, number="1", **more):
    since = date(2026, 3, 1)
    landscape.arrive("crm", deals.amendment(number, of="C-9", new_rate=rate, effective_on=since, **more))
    drain_once()


def sums():
    rows = Piece.objects.filter(is_current=True).order_by("pk")
    return [(row.state, row.amount, row.adjusts_id is not None) for row in rows]


def test_the_difference_is_one_line_over_the_original_taxed_as_it_was(landscape, contract, invoice):
    amend(landscape, 165, retro_mode="delta")
    assert sums() == [("posted", 3300, False), ("billable", 330, True)]
    [candidate] = money.run_in(landscape, through=APRIL).candidates.all()
    [line] = candidate.lines.all()
    assert (candidate.kind, candidate.status) == ("invoice", "ready")
    assert (line.net, line.tax, line.hours, line.adjusts.invoice, line.adjusts.number) == (330, 33, None, invoice, 1)
    assert line.description.startswith(f"{invoice.number} line 1: new price, 165 instead of 150 per hour.")
    sent: dict[str, Any] = dict(sending.payload_of(candidate))
    assert sent["lines"][0]["adjusts"] == f"{invoice.number} line 1"
    assert document(candidate)["adds_to"] == [f"{invoice.number} of 31 Mar 2026"]
    assert f"{invoice.number} line 1: new price" in page(
        browser(factories.user()), f"/billing/candidates/{candidate.pk}/"
    )
    money.posted_in(landscape, candidate)
    cap = Cap.objects.get()
    assert (cap.reserved, cap.committed) == (0, 3630)
    assert not money.run_in(landscape, through=APRIL).candidates.exists()
    amend(landscape, 160, number="2", retro_mode="delta")
    run = money.run_in(landscape, through=APRIL)
    assert {row.kind: row.net for row in run.candidates.all()} == {"credit_memo": -3630, "invoice": 3520}


def test_a_difference_in_a_candidate_is_not_billed_twice(landscape, contract, invoice):
    amend(landscape, 165, retro_mode="delta")
    [candidate] = money.run_in(landscape, through=APRIL).candidates.all()
    factories.candidate_approved(candidate)
    amend(landscape, 165, number="2", retro_mode="delta")
    assert sums() == [("posted", 3300, False), ("billable", 330, True)], "the amendment took it out of the candidate"
    [again] = money.run_in(landscape, through=APRIL).candidates.all()
    factories.candidate_approved(again)
    work.decide_soon([(contract.pk, None)], caused_by="test")
    drain_once()
    assert sums() == [("posted", 3300, False), ("reserved", 330, True)]


def test_posted_work_keeps_its_price_and_its_claim_is_told(landscape, contract, invoice):
    amend(landscape, 165, retro_mode="prospective")
    assert sums() == [("posted", 3300, False), ("non_billable", 330, True)]
    factories.time_entry(contract, hours="1", on=date(2026, 3, 9))
    assert Piece.objects.get(state="billable").amount == 165
    told = explain(Decision.objects.get(event=Piece.objects.get(state="posted").event, is_current=True), [])
    assert told.corrected == [
        "Short of its price of 165.00 USD: 330.00 USD. What is posted keeps its price, the difference is not billed."
    ]
    amend(landscape, 170, number="2", retro_mode="reverse_and_rebill")
    run = money.run_in(landscape, through=APRIL)
    assert {row.kind: row.net for row in run.candidates.all()} == {"credit_memo": -3300, "invoice": 3910}


def test_the_way_is_frozen_with_the_price_when_the_amendment_is_applied(landscape, contract, invoice):
    entity = contract.legal_entity
    entity.policy = {"retro_mode": "delta"}
    configuration.save_legal_entity(row=entity, by=factories.user(Role.INTEGRATION_ADMIN))
    assert "The difference is billed" in page(browser(factories.user()), f"/contracts/{contract.pk}/")
    amend(landscape, 165)
    assert RateRow.objects.get(rate=165).retro_mode == "delta"
    entity.policy = {}
    configuration.save_legal_entity(row=entity, by=factories.user(Role.INTEGRATION_ADMIN))
    drain_once()
    assert sums() == [("posted", 3300, False), ("billable", 330, True)]
    row = Amendment.objects.get()
    assert row.status == "applied"


def test_a_policy_of_a_legal_entity_must_be_one(landscape, contract):
    entity, admin = contract.legal_entity, factories.user(Role.INTEGRATION_ADMIN)
    for policy in ({"retro_mode": "sometimes"}, {"moon": 1}, {"late_policy": "time_bar"}):
        entity.policy = policy
        with pytest.raises(BadInput):
            configuration.save_legal_entity(row=entity, by=admin)


@pytest.mark.parametrize("mode", ["delta", "prospective", "reverse_and_rebill"])
def test_what_was_simulated_is_what_comes(landscape, contract, invoice, mode):
    amend(landscape, 165, status="draft", retro_mode=mode)
    [found] = simulation.of_amendment(Amendment.objects.get())
    amend(landscape, 165, retro_mode=mode)
    run = money.run_in(landscape, through=date(2026, 12, 31))
    made = sorted((row.kind, row.net) for row in run.candidates.all())
    assert sorted((row.kind, row.net) for row in found.with_it.documents) == made
    assert found.with_it.states == {
        row.state: sum(other.amount for other in Piece.objects.filter(is_current=True, state=row.state))
        for row in Piece.objects.filter(is_current=True)
    }


@pytest.mark.parametrize("mode", ["delta", "prospective"])
def test_decisions_on_differences_are_made_again_to_the_byte(landscape, contract, invoice, mode):
    amend(landscape, 165, retro_mode=mode)
    if mode == "delta":
        money.posted_in(landscape, Candidate.objects.get(run=money.run_in(landscape, through=APRIL)))
    amend(landscape, 140, number="2")
    call_command("replay_decisions")


def test_the_database_refuses_a_difference_with_time_of_its_own(landscape, contract, invoice):
    amend(landscape, 165, retro_mode="delta")
    with pytest.raises(IntegrityError, match="piece_adjustment_has_no_time"), transaction.atomic():
        Piece.objects.filter(adjusts__isnull=False).update(minutes=60)
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("mode", "made"),
    [
        ("delta", {"invoice": 330}),
        ("prospective", {}),
        ("reverse_and_rebill", {"credit_memo": -3300, "invoice": 3630}),
    ],
)
def test_an_amendment_reaches_an_invoice_that_was_on_its_way_once_it_is_posted(landscape, contract, mode, made):
    money.post(factories.candidate_approved(money.ready_in(landscape, contract, hours="22")))
    amended = deals.amendment(of="C-9", new_rate=165, effective_on=date(2026, 3, 1), retro_mode=mode)
    landscape.arrive("crm", amended)
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    assert sums() == [("reserved", 3300, False)], "what is on its way stays as it was approved"
    drain_once()
    assert Invoice.objects.get().net == 3300
    run = money.run_in(landscape, through=APRIL)
    assert {row.kind: row.net for row in run.candidates.all()} == made
    assert Piece.objects.filter(is_current=True, state="non_billable").exists() is (mode == "prospective")


def test_a_difference_counts_as_billed_and_its_hours_are_measured_once(landscape, contract, invoice):
    price = StandardPriceIn(currency="USD", rate=Decimal(200), valid_from=date(2026, 1, 1), source="test")
    standard_prices.record(legal_entity=contract.legal_entity, given=price, by=factories.BY)
    amend(landscape, 165, retro_mode="delta")
    money.posted_in(landscape, Candidate.objects.get(run=money.run_in(landscape, through=APRIL)))
    found: dict[str, dict[str, Any]] = {}
    for slug in ("realisation", "leakage"):
        measure = MEASURES[slug]
        sums = totals(measure.lines(Asked(factories.user(everything=True), date(2026, 3, 1), date(2026, 3, 31))))["USD"]
        found[slug] = {figure.name: figure.of(sums) for figure in measure.figures}
    realised, leaked = found["realisation"], found["leakage"]
    assert (realised["hours"], realised["standard_value"], realised["billed"]) == (22, 4400, 3630)
    assert (leaked["standard_value"], leaked["charged"], leaked["below"]) == (4400, 3630, 770)
