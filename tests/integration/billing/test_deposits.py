"""Deposits in the app: billed ahead of work, taken off its invoices, given back by credits, the rest refunded (R13)."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing import policies, simulation
from billing.actions import candidates, crediting, deposit_takings, deposits, recognition, sending
from billing.actions.crediting import Wanted
from billing.models import Candidate, CreditMemo, DepositAccount, Invoice
from billing.papers.figures import document
from contracts.models import Contract
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.proof import statement as proof
from reconciliation.proof import verifier
from reconciliation.totals import statement
from tests import factories, money, vendors
from tests.integration.api.conftest import Caller
from tests.integration.billing.screens import signed_in, text
from tests.worlds import shared

d = Decimal


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-1", rate="150")


def asked(contract, amount=500, **more):
    said = {"by": factories.user(Role.BILLING_ANALYST), "reason": "Clause 7: a deposit at the start"}
    candidate = deposits.bill(line_id=contract.lines.get(number=1).pk, amount=d(amount), **{**said, **more})
    drain_once()
    candidate.refresh_from_db()
    return candidate


def billed(landscape, contract, amount=500):
    return money.posted_in(landscape, asked(contract, amount))


def worked(landscape, contract):
    """8 h at 150: 1,200.00."""
    return money.posted_in(landscape, money.ready_in(landscape, contract))


def standing(contract):
    return DepositAccount.objects.values_list("billed", "applied", "refunded", "reserved").get(contract=contract)


def given_back(contract, **more):
    account = DepositAccount.objects.get(contract=contract)
    said = {"by": factories.user(), "seen_version": account.version, "reason": "The work is done"}
    made = deposits.give_back(account_id=account.pk, **{**said, **more})
    drain_once()
    return [Candidate.objects.get(pk=row.pk) for row in made]


def posted_memo(memo):
    money.post(factories.candidate_approved(memo))
    drain_once()


def test_a_deposit_is_taxed_approved_by_others_and_posted_once(landscape, contract):
    asker = factories.user(Role.FINANCE)
    candidate = asked(contract, by=asker)
    assert (candidate.status, candidate.net, candidate.tax, candidate.advanced) == ("ready", 500, 50, 500)
    assert standing(contract) == (0, 0, 0, 0), "what is not posted can be taken off nothing"
    assert simulation.of_candidate(candidate)[0].with_it.deposits == {contract.lines.get(number=1).name: 500}
    assert not policies.can_approve(candidate, asker)
    money.run_in(landscape)
    candidate.refresh_from_db()
    assert candidate.status == "ready", "a run leaves it alone"
    invoice = money.posted_in(landscape, candidate)
    assert (invoice.net, invoice.gross, invoice.advanced) == (500, 550, 500)
    assert standing(contract) == (500, 0, 0, 0)
    assert [line["kind"] for line in sending.payload_of(candidate)["lines"]] == ["deposit"]
    assert all(arrow.agrees for arrow in statement().arrows)


def test_it_is_taken_off_the_invoices_of_its_work(landscape, contract):
    billed(landscape, contract)
    invoice = worked(landscape, contract)
    assert (invoice.net, invoice.tax, invoice.gross, invoice.advanced) == (700, 70, 770, -500)
    assert standing(contract) == (500, 500, 0, 0)
    sent = sending.payload_of(invoice.candidate)
    assert [(line.get("kind"), line["amount"], line["tax"]) for line in sent["lines"]] == [
        (None, "1200", "120"),
        ("deposit", "-500", "-50"),
    ]
    printed = document(invoice.candidate)
    assert printed["lines"][1]["description"].endswith("taken off")
    assert (printed["lines"][1]["net"], printed["due_amount"]) == ("-500.00", "770.00")
    proven = json.loads(proof.written(proof.of(invoice, payloads=False)))
    assert not [found for found in verifier.findings(proven) if not found[1]]
    obligation = contract.obligations.create(code="O", price=5000, currency="USD", line=contract.lines.get(number=1))
    assert recognition._invoiced(obligation, date(2026, 12, 1)) == 1200, "the work, and not the deposit as well"
    assert all(arrow.agrees for arrow in statement().arrows)


def test_no_more_than_the_invoice_and_the_rest_goes_back_at_its_tax(landscape, contract):
    billed(landscape, contract, 1500)
    billed(landscape, contract, 100)
    invoice = worked(landscape, contract)
    assert (invoice.net, invoice.gross, invoice.advanced, invoice.status) == (0, 0, -1200, "paid")
    first, second = given_back(contract)
    assert [(memo.net, memo.tax, memo.status) for memo in (first, second)] == [
        (-100, -10, "ready"), (-300, -30, "ready"),
    ]  # fmt: skip
    assert standing(contract) == (1600, 1200, 0, 400)
    with pytest.raises(Denied, match="Nothing is left"):
        given_back(contract)
    for memo in (first, second):
        posted_memo(memo)
    assert standing(contract) == (1600, 1200, 400, 0)
    charged = sum(row.gross for row in Invoice.objects.all()) - sum(memo.gross for memo in CreditMemo.objects.all())
    assert charged == 1320, "the work with its tax, to the cent"
    assert all(arrow.agrees for arrow in statement().arrows)


def test_a_down_payment_is_a_line_for_each_fixed_price(landscape, contract):
    """33.3333 % of 1,000.10 and of 250.00 in milestones, of which one was given up; nothing of the work by the hour."""
    one = contract.lines.create(number=2, name="Design", method="progress", amount=d("1000.10"))
    two = contract.lines.create(number=3, name="Go-live", method="milestone")
    for sequence, status in ((1, "planned"), (2, "planned"), (3, "cancelled")):
        two.milestones.create(sequence=sequence, name=str(sequence), amount=125, currency="USD", status=status)
    money.known(landscape, contract)
    said = {"contract_id": contract.pk, "by": factories.user(Role.BILLING_ANALYST), "reason": "Clause 7"}
    candidate = deposits.down_payment(percent=d("33.3333"), **said)
    assert list(candidate.lines.values_list("contract_line", "net", "kind")) == [
        (one.pk, d("333.37"), "deposit"), (two.pk, d("83.33"), "deposit"),
    ]  # fmt: skip
    drain_once()
    candidate.refresh_from_db()
    assert (candidate.status, candidate.net, candidate.tax) == ("ready", d("416.70"), d("41.67"))
    money.posted_in(landscape, candidate)
    assert list(DepositAccount.objects.values_list("line", "billed")) == [(one.pk, d("333.37")), (two.pk, d("83.33"))]
    for percent in (d("0"), d("5E+3")):
        with pytest.raises(BadInput, match=rf"percent: {percent:f} is no part of a price"):
            deposits.down_payment(percent=percent, **said)
    two.milestones.all().delete()
    contract.lines.filter(number=2).update(amount=None)
    with pytest.raises(BadInput, match="no line of it has a fixed price"):
        deposits.down_payment(percent=d(10), **said)


def test_the_tax_of_both_documents_is_the_tax_of_the_work(landscape, contract):
    """10 % of 500.05 is 50.005 = 50.01, of 699.95 it is 69.995 = 70.00: together a cent more than 120.00."""
    assert billed(landscape, contract, "500.05").tax == d("50.01")
    invoice = worked(landscape, contract)
    assert (invoice.net, invoice.tax) == (d("699.95"), d("69.99"))


def test_a_person_says_how_much_is_taken_off(landscape, contract):
    billed(landscape, contract)
    candidate = money.ready_in(landscape, contract)
    [account] = deposit_takings.offered(candidate)
    analyst = factories.user(Role.BILLING_ANALYST)

    def taken(amount, by=analyst, **more):
        said = {"candidate_id": candidate.pk, "account_id": account.pk, "amount": d(amount), "by": by}
        made = deposit_takings.take_off(
            **{"seen_version": Candidate.objects.get(pk=candidate.pk).version, **said, **more}
        )
        drain_once()
        made.refresh_from_db()
        return made.status, made.net, made.tax, standing(contract)

    assert taken("200") == ("ready", 1000, 100, (500, 0, 0, 200))
    assert taken("0") == ("ready", 1200, 120, (500, 0, 0, 0))
    assert taken("499.99")[1] == d("700.01")
    for amount, error in (
        ("500.01", "500.01 USD are to be taken of a deposit with 500.00 USD left"),
        ("-1", "-1 is no amount in USD"),
        ("0.001", "0.001 is no amount in USD"),
    ):
        with pytest.raises(BadInput, match=error):
            taken(amount)
    with pytest.raises(Denied):
        taken("1", by=factories.user(Role.PMO))
    with pytest.raises(Stale):
        taken("1", seen_version=0)
    client, url = signed_in(Role.FINANCE), reverse("billing:deposit-take-off", args=[candidate.pk, account.pk])
    assert url in text(client.get(reverse("billing:candidate-detail", args=[candidate.pk])))
    version = Candidate.objects.get(pk=candidate.pk).version
    client.post(url, {"amount": "300", "version": version})
    assert Candidate.objects.get(pk=candidate.pk).advanced == -300
    assert all(arrow.agrees for arrow in statement().arrows)


def test_taxed_with_the_work_it_is_taxed_nowhere_else(landscape, contract):
    Contract.objects.filter(pk=contract.pk).update(policy={"deposit_tax": "when_applied"})
    assert billed(landscape, Contract.objects.get(pk=contract.pk)).gross == 500
    invoice = worked(landscape, contract)
    assert (invoice.net, invoice.tax, invoice.gross) == (700, 120, 820)
    assert all(arrow.agrees for arrow in statement().arrows)


def test_a_credit_of_the_work_gives_its_part_back_to_the_deposit(landscape, contract):
    billed(landscape, contract)
    invoice = worked(landscape, contract)
    memo = crediting.ask(
        invoice_id=invoice.pk, by=factories.user(), seen_version=invoice.version, wanted=Wanted(amount=d(300)),
        reason="QUALITY", rebillable=False, note="A quarter of it",
    )  # fmt: skip
    assert (memo.net, memo.tax, memo.advanced) == (-175, d("-17.5"), 125)
    assert standing(contract) == (500, 500, 0, 0), "nothing is back before it is posted"
    drain_once()
    posted_memo(Candidate.objects.get(pk=memo.pk))
    assert standing(contract) == (500, 375, 0, 0)
    assert all(arrow.agrees for arrow in statement().arrows)


def test_what_is_written_off_gives_nothing_back_and_is_no_more_than_is_open(landscape, contract):
    first = billed(landscape, contract)
    invoice = worked(landscape, contract)

    def written_off(of, **more):
        said = {"wanted": Wanted(amount=d(700)), "reason": "BAD_DEBT", "rebillable": False, "note": "Insolvent"}
        return crediting.ask(invoice_id=of.pk, by=factories.user(), seen_version=of.version, **{**said, **more})

    with pytest.raises(BadInput, match="770.00 USD of .* are left"):
        written_off(invoice, wanted=Wanted())
    with pytest.raises(BadInput, match="nothing was earned by a deposit"):
        written_off(first, wanted=Wanted())
    memo = written_off(invoice)
    assert (memo.net, memo.tax, memo.advanced) == (-700, -70, 0)
    assert [line["kind"] for line in sending.payload_of(memo)["lines"]] == ["write_off"]
    drain_once()
    posted_memo(Candidate.objects.get(pk=memo.pk))
    assert standing(contract) == (500, 500, 0, 0), "what was paid ahead paid for work"
    assert CreditMemo.objects.get().gross == invoice.gross == 770
    assert all(arrow.agrees for arrow in statement().arrows)


def test_documents_that_are_dissolved_leave_what_was_there(landscape, contract):
    billed(landscape, contract)
    candidate = money.ready_in(landscape, contract)
    assert standing(contract) == (500, 0, 0, 500)
    candidates.dissolve(candidate=candidate, by="test", reason="Later")
    assert standing(contract) == (500, 0, 0, 0)
    [memo] = given_back(contract, amount=d(200))
    assert money.ready_in(landscape, contract).advanced == -300
    candidates.dissolve(candidate=memo, by="test", reason="It is used up after all")
    assert standing(contract) == (500, 0, 0, 300)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"amount": d("0")}, BadInput),
        ({"amount": d("0.001")}, BadInput),
        ({"reason": " "}, BadInput),
        ({"by": Role.PMO}, Denied),
    ],
)
def test_a_deposit_that_is_refused(landscape, contract, said, error):
    said = {name: factories.user(value) if name == "by" else value for name, value in said.items()}
    with pytest.raises(error):
        asked(contract, **said)
    assert not Candidate.objects.filter(is_deposit=True).exists()


def test_what_is_refused_of_one_that_stands(landscape, contract):
    invoice = billed(landscape, contract)
    with pytest.raises(BadInput, match=r"5,000.00 USD are to be taken of a deposit with 500.00 USD left") as refused:
        given_back(contract, amount=d("5E+3"))
    assert refused.value.__cause__.code == "DEPOSIT_EXCEEDED"
    for said, error in (
        ({"amount": d("500.01")}, BadInput),
        ({"reason": ""}, BadInput),
        ({"seen_version": 0}, Stale),
        ({"by": factories.user(Role.PMO)}, Denied),
    ):
        with pytest.raises(error):
            given_back(contract, **said)
    money.ready_in(landscape, contract)
    for rebillable, words in ((False, "0.00 USD are left of this deposit"), (True, "no work that could be billed")):
        with pytest.raises(BadInput, match=words):
            crediting.ask(
                invoice_id=invoice.pk, by=factories.user(), seen_version=invoice.version, wanted=Wanted(),
                reason="CANCELLED", rebillable=rebillable, note="All of it",
            )  # fmt: skip


def test_the_database_keeps_the_rules(landscape, contract):
    def refused(rows, constraint, **values):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            rows.update(**values)

    billed(landscape, contract)
    account, ours = DepositAccount.objects.all(), Contract.objects.filter(pk=contract.pk)
    refused(account, "deposit_never_negative", applied=501)
    refused(account, "deposit_sums_not_negative", refunded=-1)
    refused(ours, "has a deposit left", status="closed")
    refused(Candidate.objects.filter(pk=asked(contract).pk), "candidate_advanced_of_kind", advanced=-1)
    account.update(applied=500)
    ours.update(status="closed")


def test_finance_bills_and_gives_back_on_the_contract(landscape, contract):
    client, page = signed_in(Role.FINANCE), reverse("contracts:contract-detail", args=[contract.pk])
    contract.lines.create(number=2, name="Go-live", method="milestone", amount=1000)
    url = reverse("billing:deposit-bill", args=[contract.pk])
    assert url in text(client.get(page))
    part = reverse("billing:deposit-down-payment", args=[contract.pk])
    assert "1,000.00" in text(client.get(part)), "the prices it is a part of"
    assert part in text(client.get(page))
    said = {"line": contract.lines.get(number=1).pk, "amount": "500", "on": "2026-03-02", "reason": "Clause 7"}
    answer = client.post(url, said)
    candidate = Candidate.objects.get(is_deposit=True)
    assert answer.url == reverse("billing:candidate-detail", args=[candidate.pk])
    drain_once()
    assert "Clause 7" in text(client.get(answer.url))
    candidate.refresh_from_db()
    money.posted_in(landscape, candidate)
    account = DepositAccount.objects.get()
    back = reverse("billing:deposit-give-back", args=[account.pk])
    assert "Deposits" in text(client.get(page))
    assert "Left of the deposit" in text(client.get(back)), "what it would bring"
    client.post(back, {"amount": "100", "on": "2026-05-04", "reason": "Too much", "version": account.version})
    assert Candidate.objects.get(kind="credit_memo").net == -100


def test_a_program_bills_one_and_looks(landscape, contract):
    caller = Caller(factories.user(Role.FINANCE))
    body = {"contract": "C-1", "line": contract.lines.get(number=1).number, "amount": "500", "reason": "Clause 7"}
    answer = caller.post("deposits/", body, **{"Idempotency-Key": "dp-1"})
    assert answer.status_code == 201, answer.content
    assert (answer.json()["is_deposit"], answer.json()["advanced"]) == (True, "500.00")
    [row] = caller.get("deposits/?contract=C-1").json()["results"]
    assert (row["billed"], row["left"]) == ("0.00", "0.00"), "not posted yet"
    contract.lines.create(number=2, name="Go-live", method="milestone", amount=1000)
    body = {"contract": "C-1", "percent": "25", "reason": "Clause 7"}
    answer = caller.post("deposits/down-payment/", body, **{"Idempotency-Key": "dp-2"})
    assert (answer.status_code, answer.json()["net"]) == (201, "250.00"), answer.content
    body = {"candidate": answer.json()["id"], "amount": "1", "seen_version": 1}
    answer = caller.post(f"deposits/{row['id']}/take-off/", body, **{"Idempotency-Key": "dp-3"})
    assert answer.status_code == 403, "its checks have not run"
