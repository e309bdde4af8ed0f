"""Retention in the app: withheld by invoices, given back by credits, released by an invoice of its own (R18)."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing import policies, simulation
from billing.actions import candidates, crediting, recognition, retentions, sending
from billing.actions.crediting import Wanted
from billing.models import Candidate, Invoice, RetentionAccount
from billing.papers.figures import document
from contracts.models import Contract
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.proof import statement as proof
from reconciliation.proof import verifier
from reconciliation.totals import statement
from tests import factories, money, vendors
from tests.integration.billing.screens import signed_in, text
from tests.worlds import shared


@shared
def contract():
    with vendors.silent() as landscape:
        contract = money.contract_in(landscape, "C-1", rate="150")
        Contract.objects.filter(pk=contract.pk).update(retention_percent=5)
        return Contract.objects.get(pk=contract.pk)


@pytest.fixture
def invoice(landscape, contract):
    """8 h at 150: 1,200.00, of which 60.00 are withheld and taxed with their release."""
    return money.posted_in(landscape, money.ready_in(landscape, contract))


def asked(invoice, **more):
    account = RetentionAccount.objects.get(contract=invoice.contract)
    said = {
        "by": factories.user(Role.BILLING_ANALYST),
        "seen_version": account.version,
        "reason": "Certificate",
    }
    candidate = retentions.release(account_id=account.pk, **{**said, **more})
    drain_once()
    candidate.refresh_from_db()
    return candidate


def standing(contract):
    sums = ("withheld", "credited", "released", "reserved")
    return RetentionAccount.objects.values_list(*sums).get(contract=contract)


def test_what_is_withheld_is_neither_due_nor_taxed_yet(landscape, contract, invoice):
    assert (invoice.net, invoice.tax, invoice.gross, invoice.retained) == (1140, 114, 1254, 60)
    assert standing(contract) == (60, 0, 0, 0)
    sent = sending.payload_of(invoice.candidate)
    assert [(line.get("kind"), line["amount"], line["tax"]) for line in sent["lines"]] == [
        (None, "1200", "120"),
        ("retention", "-60", "-6"),
    ]
    assert (sent["net"], sent["gross"]) == ("1140", "1254")
    printed = document(invoice.candidate)
    assert printed["lines"][1]["description"] == "Retention of 5 % withheld"
    assert (printed["lines"][1]["net"], printed["due_amount"]) == ("-60.00", "1,254.00")
    assert not Case.objects.filter(code="ERP_VARIANCE").exists()
    proven = json.loads(proof.written(proof.of(invoice, payloads=False)))
    assert not [found for found in verifier.findings(proven) if not found[1]]
    obligation = contract.obligations.create(code="O", price=5000, currency="USD", line=contract.lines.get())
    assert recognition._invoiced(obligation, date(2026, 3, 1)) == 1200, "a receivable as the rest of it"
    assert all(arrow.agrees for arrow in statement().arrows)


def test_a_release_is_approved_by_others_and_posted_once(landscape, contract, invoice):
    asker = factories.user(Role.FINANCE)
    candidate = asked(invoice, by=asker)
    assert (candidate.status, candidate.net, candidate.tax, candidate.retained) == ("ready", 60, 6, -60)
    assert standing(contract) == (60, 0, 0, 60)
    assert simulation.of_candidate(candidate)[0].with_it.retention == {invoice.bill_to.customer.name: 0}
    assert not policies.can_approve(candidate, asker)
    with pytest.raises(Denied, match="Nothing is left"):
        asked(invoice)
    money.run_in(landscape)
    candidate.refresh_from_db()
    assert candidate.status == "ready", "a run leaves it alone"
    released = money.posted_in(landscape, candidate)
    assert (released.net, released.gross, released.retained) == (60, 66, -60)
    assert standing(contract) == (60, 0, 60, 0)
    assert all(arrow.agrees for arrow in statement().arrows)


def test_a_release_that_is_dissolved_leaves_what_was_withheld(landscape, contract, invoice):
    candidate = asked(invoice, amount=Decimal(20))
    assert standing(contract) == (60, 0, 0, 20)
    candidates.dissolve(candidate=candidate, by="test", reason="Too early")
    assert standing(contract) == (60, 0, 0, 0)


def test_a_credit_gives_back_its_part_and_no_more_than_is_left(landscape, contract, invoice):
    money.posted_in(landscape, asked(invoice, amount=Decimal(45)))
    invoice.refresh_from_db()
    found = crediting.shares(invoice, Wanted(amount=Decimal(600)), rebillable=False)
    [back] = crediting.given_back(invoice, found)
    assert (back.net, back.tax) == (Decimal(15), Decimal("1.5")), "half would be 30, but 45 of 60 are released"
    memo = crediting.ask(
        invoice_id=invoice.pk, by=factories.user(), seen_version=invoice.version, wanted=Wanted(amount=Decimal(600)),
        reason="QUALITY", rebillable=False, note="Half of it",
    )  # fmt: skip
    assert (memo.net, memo.tax, memo.retained) == (-585, Decimal("-58.5"), -15)
    assert standing(contract) == (60, 0, 45, 15)
    drain_once()
    money.post(factories.candidate_approved(Candidate.objects.get(pk=memo.pk)))
    drain_once()
    assert standing(contract) == (60, 15, 45, 0)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"amount": Decimal("60.01")}, BadInput),
        ({"amount": Decimal("0.001")}, BadInput),
        ({"reason": " "}, BadInput),
        ({"seen_version": 0}, Stale),
        ({"by": Role.PMO}, Denied),
    ],
)
def test_a_release_that_is_refused(landscape, contract, invoice, said, error):
    said = {name: factories.user(value) if name == "by" else value for name, value in said.items()}
    with pytest.raises(error):
        asked(invoice, **said)
    assert not Candidate.objects.filter(is_release=True).exists()


def test_the_database_keeps_the_rules(landscape, contract, invoice):
    def refused(rows, constraint, **values):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            rows.update(**values)

    account, ours = RetentionAccount.objects.all(), Contract.objects.filter(pk=contract.pk)
    refused(account, "retention_never_negative", released=61)
    refused(account, "retention_sums_not_negative", released=-1)
    refused(ours, "contract_retention_is_a_part", retention_percent=100)
    refused(ours, "still withholds retention", status="closed")
    asked(invoice)
    refused(Candidate.objects.filter(is_release=True), "candidate_retained_of_kind", retained=60)
    account.update(released=60, reserved=0)
    ours.update(status="closed")


def test_finance_releases_on_the_contract(landscape, contract, invoice):
    client = signed_in(Role.FINANCE)
    page = text(client.get(reverse("contracts:contract-detail", args=[contract.pk])))
    assert "Retention" in page
    account = RetentionAccount.objects.get()
    url = reverse("billing:retention-release", args=[account.pk])
    asked = text(client.get(url))
    assert "Release of retention" in asked, "what it would bring"
    assert re.search(r'name="amount"[^>]*value="60"|value="60"[^>]*name="amount"', asked), "no 6E+1"
    said = {"amount": "60", "on": "2026-05-04", "reason": "Certificate", "version": account.version}
    answer = client.post(url, said)
    candidate = Candidate.objects.get(is_release=True)
    assert answer.url == reverse("billing:candidate-detail", args=[candidate.pk])
    drain_once()
    assert "Certificate" in text(client.get(answer.url))
    assert "Withheld until release" in text(client.get(reverse("billing:invoice-detail", args=[invoice.pk])))
    assert Invoice.objects.count() == 1
