"""Costs paid in the client's name: passed on as they are, no supply and no revenue of ours (R14)."""

from datetime import date
from decimal import Decimal

import pytest

from billing import simulation
from billing.actions import crediting, recognition, sending
from billing.actions.crediting import Wanted
from billing.models import CandidateLine, Invoice, TaxDetermination
from billing.papers.figures import document
from tests import factories, money, vendors
from tests.worlds import shared

RULES = [{"category": "fee", "method": "disbursement"}, {"category": "", "method": "at_cost"}]


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-1", method="expense", line_terms={"prices": {"expenses": RULES}})


@pytest.fixture
def candidate(landscape, contract):
    factories.expense(contract, amount="83.30", category="fee", description="Court fee")
    factories.expense(contract, amount="100", category="hotel", description="Hotel")
    return money.ready_in(landscape, contract, hours="")


def test_only_our_own_supply_is_taxed(landscape, candidate):
    lines = {line.description: (line.kind, line.net, line.tax) for line in candidate.lines.all()}
    assert lines == {
        "Court fee": ("passed_on", Decimal("83.30"), 0),
        "Hotel": ("expense", 100, 10),
    }
    asked = TaxDetermination.objects.get(candidate=candidate)
    assert [line["description"] for line in asked.request["lines"]] == ["Hotel"]
    assert (candidate.tax, candidate.gross) == (10, Decimal("193.30"))


def test_the_erp_learns_what_is_no_revenue_and_the_client_reads_it(candidate):
    kinds = {line["description"]: line.get("kind") for line in sending.payload_of(candidate)["lines"]}
    assert kinds == {"Court fee": "passed_on", "Hotel": None}
    assert [(row["rate"], row["net"], row["tax"]) for row in document(candidate)["taxes"]] == [
        ("10 %", "100.00", "10.00"),
        ("Passed on", "83.30", "0.00"),
    ]


def test_it_is_no_revenue(landscape, contract, candidate):
    [found] = simulation.of_candidate(candidate)
    assert found.with_it.recognised == {date(2026, 3, 1): 100}
    money.posted_in(landscape, candidate)
    obligation = contract.obligations.create(code="O", price=500, currency="USD", line=contract.lines.get())
    assert recognition._invoiced(obligation, date(2026, 3, 1)) == 100


def test_a_credit_takes_it_back_untaxed(landscape, candidate):
    invoice = money.posted_in(landscape, candidate)
    credit = crediting.ask(
        invoice_id=invoice.pk, by=factories.user(), seen_version=Invoice.objects.get(pk=invoice.pk).version,
        wanted=Wanted(), reason="CANCELLED", rebillable=False, note="Withdrawn",
    )  # fmt: skip
    lines = CandidateLine.objects.filter(candidate=credit).order_by("-kind")
    assert [(line.kind, line.net, line.tax) for line in lines] == [
        ("passed_on", Decimal("-83.30"), 0),
        ("expense", -100, -10),
    ]


def test_where_all_is_passed_on_nobody_is_asked_for_tax(landscape, contract):
    factories.expense(contract, amount="20", category="fee")
    candidate = money.ready_in(landscape, contract, hours="")
    invoice = money.posted_in(landscape, candidate)
    assert (invoice.tax, invoice.gross) == (0, 20)
    assert not landscape.tax.writes("invoice.commit")
