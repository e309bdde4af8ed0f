"""Payments and credit memos from the ERP: all of it is somewhere, nothing is counted twice, nothing is silent."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.models import CreditMemo, Payment
from billing.receivers import cash
from integration_hub import canonical
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.intake.models import SourceVersion
from integration_hub.intake.registry import Arrival
from integration_hub.kernel.errors import Denied
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db


@shared
def invoices():
    """Two posted invoices of 1,320.00 each, known to the ERP as R-INV-1 and R-INV-2."""
    entity = factories.legal_entity()
    client = factories.customer()
    return tuple(
        factories.invoice_posted(
            factories.candidate_ready(factories.contract_active(f"C-{n}", entity=entity, client=client)),
            number=f"INV-{n}",
        )
        for n in (1, 2)
    )


def arrive(receiver, invoice, record):
    there = invoice.effect.connection
    version = SourceVersion.objects.create(
        connection=there, entity=record.entity, source_id=record.source_id, version=record.version,
        hash=f"{record.source_id}{record.version}", payload={}, status="applied",
    )  # fmt: skip
    (receipt,) = receiver([Arrival(there, version.pk, record)])
    return receipt


def pay(invoice, amount, *parts, number="PAY-1", version="1", **more):
    record = canonical.Payment(
        source_id=number, version=version, number=number, legal_entity_id="LE-US01", received_on=date(2026, 4, 15),
        amount=Decimal(amount), applications=applied(*parts), **{"currency": "USD", **more},
    )  # fmt: skip
    receipt = arrive(cash.payment, invoice, record)
    assert receipt.status == "applied", receipt
    return Payment.objects.get(source_id=number)


def credit(invoice, net, *parts, number="CM-1", version="1", **more):
    record = canonical.CreditMemo(
        source_id=number, version=version, number=number, legal_entity_id="LE-US01", customer_id="C-1",
        issued_on=date(2026, 4, 20), currency="USD", net=Decimal(net), tax=Decimal(0), gross=Decimal(net),
        applications=applied(*parts), **more,
    )  # fmt: skip
    receipt = arrive(cash.credit_memo, invoice, record)
    assert receipt.status == "applied", receipt
    return CreditMemo.objects.get(source_id=number)


def applied(*parts):
    return tuple(
        canonical.PaymentApplication(invoice_id=f"R-{number}", amount=Decimal(amount)) for number, amount in parts
    )


def figures(invoice):
    invoice.refresh_from_db()
    return (invoice.paid, invoice.credited, invoice.status)


def held(code):
    """What the open case of a code holds, or nothing."""
    return [
        (member.target_type, member.amount, member.currency)
        for case in Case.objects.filter(code=code, status__in=Case.OPEN_STATES)
        for member in case.members.filter(is_open=True)
    ]


def test_two_applications_of_one_payment_to_one_invoice_both_count(invoices):
    first, _ = invoices
    payment = pay(first, "1320", ("INV-1", "1000"), ("INV-1", "320"))
    assert figures(first) == (1320, 0, "paid")
    assert payment.applied == payment.amount
    assert not Case.objects.filter(code__in=["UNAPPLIED_CASH", "SHORT_PAID"]).exists()


def test_what_settles_nothing_is_asked_about_until_it_is_applied(invoices):
    first, _ = invoices
    pay(first, "1500", ("INV-1", "1320"))
    assert figures(first) == (1320, 0, "paid")
    assert held("UNAPPLIED_CASH") == [("billing.payment", 180, "USD")]
    pay(first, "1500", ("INV-1", "1320"), ("INV-2", "180"), version="2")
    assert held("UNAPPLIED_CASH") == []
    assert held("SHORT_PAID") == [("billing.invoice", 1140, "USD")]


@pytest.mark.parametrize(
    ("parts", "currency", "why"),
    [
        ([("INV-1", "1400")], "USD", "1,400.00 USD applied where 1,320.00 USD are open"),
        ([("INV-1", "1000"), ("INV-2", "600")], "USD", "1,600.00 USD of it are applied in all"),
        ([("INV-1", "100")], "EUR", "It is in EUR, the invoice in USD"),
    ],
)
def test_what_cannot_be_so_is_on_account_with_its_reason(invoices, parts, currency, why):
    first, second = invoices
    payment = pay(first, "1500", *parts, currency=currency)
    assert figures(first) == figures(second) == (0, 0, "posted")
    assert held("UNAPPLIED_CASH") == [("billing.payment", 1500, currency)]
    assert why in Case.objects.get(code="UNAPPLIED_CASH").detail
    assert payment.applied == 0


def test_a_payment_before_the_reversal_of_another_counts_once_that_is_known(invoices):
    first, _ = invoices
    pay(first, "1320", ("INV-1", "1320"), number="BOUNCED")
    pay(first, "1320", ("INV-1", "1320"), number="AGAIN")
    assert figures(first) == (1320, 0, "paid")
    assert held("UNAPPLIED_CASH") == [("billing.payment", 1320, "USD")]
    pay(first, "1320", ("INV-1", "1320"), number="BOUNCED", version="2", reversed=True)
    assert figures(first) == (1320, 0, "paid")
    assert held("UNAPPLIED_CASH") == []
    assert {row.source_id: row.applied for row in Payment.objects.all()} == {"BOUNCED": 0, "AGAIN": 1320}


def test_a_credit_memo_over_several_invoices_reduces_each_by_its_part(invoices):
    first, second = invoices
    memo = credit(first, "500", ("INV-1", "300"), ("INV-2", "150"))
    assert (figures(first), figures(second)) == ((0, 300, "posted"), (0, 150, "posted"))
    assert memo.applied == 450
    credit(first, "500", ("INV-2", "500"), version="2")
    assert (figures(first), figures(second)) == ((0, 0, "posted"), (0, 500, "posted"))


def test_credits_never_exceed_what_is_left(invoices):  # R20: a fourth cent is OVER_CREDIT
    first, _ = invoices
    pay(first, "1000", ("INV-1", "1000"))
    credit(first, "320.01", ("INV-1", "320.01"))
    assert figures(first) == (1000, 0, "part_paid")
    assert held("OVER_CREDIT") == [("billing.creditmemo", Decimal("320.01"), "USD")]
    credit(first, "320", ("INV-1", "320"), version="2")
    assert figures(first) == (1000, 320, "paid")
    assert held("OVER_CREDIT") == []


def test_a_voided_credit_memo_gives_back_what_it_credited(invoices):
    first, _ = invoices
    credit(first, "1320", ("INV-1", "1320"))
    assert figures(first) == (0, 1320, "credited")
    memo = credit(first, "1320", ("INV-1", "1320"), version="2", deleted=True)
    assert figures(first) == (0, 0, "posted")
    assert (memo.is_voided, memo.applied, memo.applications.count()) == (True, 0, 0)


def test_the_same_message_twice_changes_nothing(invoices):
    first, _ = invoices
    pay(first, "500", ("INV-1", "500"))
    before = figures(first), first.version, Case.objects.count()
    pay(first, "500", ("INV-1", "500"), version="2")
    assert (figures(first), first.version, Case.objects.count()) == before


@pytest.mark.parametrize("code", ["UNAPPLIED_CASH", "SHORT_PAID", "OVER_CREDIT"])
def test_a_case_about_money_is_not_mended_by_saying_so(invoices, code):
    first, _ = invoices
    pay(first, "1100", ("INV-1", "1000"))
    credit(first, "400", ("INV-1", "400"))
    case = Case.objects.get(code=code)
    person = factories.user()
    with pytest.raises(Denied, match="It still holds"):
        cases.resolve(case_id=case.pk, outcome="manual", text="Done", by=person, seen_version=case.version)


def refused(name, row, **changes):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**changes)


def test_the_database_keeps_the_sums(invoices):
    first, _ = invoices
    payment = pay(first, "1000", ("INV-1", "1000"))
    memo = credit(first, "320", ("INV-1", "320"))
    refused("invoice_not_overpaid", first, credited=321)
    refused("invoice_settled_not_negative", first, paid=-1)
    refused("payment_applied_within_amount", payment, applied=1001)
    refused("payment_reversed_settles_nothing", payment, is_reversed=True)
    refused("credit_memo_applied_within_gross", memo, applied=321)
    refused("credit_memo_voided_settles_nothing", memo, is_voided=True)
    refused("payment_application_stands_or_says_why", payment.applications.get(), refusal="no")
    refused("credit_application_positive", memo.applications.get(), amount=0)
