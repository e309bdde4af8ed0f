"""Payments and credit memos as the ERP reports them; they never alter an invoice's figures (R20, R25)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db import transaction

from billing.actions.settlement import NEW, settle
from billing.models import CreditApplication, CreditMemo, Invoice, Payment, PaymentApplication
from contracts.models import Customer, LegalEntity
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.kernel.money import ZERO
from integration_hub.trail.record import event

Applied = Sequence[tuple[Invoice, Decimal]]
"""Invoices and what of the document the ERP applied to them; the same invoice may come more than once."""


@transaction.atomic
def receive(
    *,
    record: canonical.Payment,
    connection: Connection,
    source_version_id: int,
    applied: Applied,
    legal_entity: LegalEntity,
    customer: Customer | None,
) -> Payment:
    """Store a payment and what it was applied to; a reversed one gives its applications back.

    What does not fit stays on account and is asked about: `UNAPPLIED_CASH`.
    """
    reversed_now = record.reversed or record.deleted
    wanted = {} if reversed_now else _by_invoice(applied)
    payment = (
        Payment.objects.select_for_update(no_key=True).filter(connection=connection, source_id=record.source_id).first()
    )
    created = payment is None
    payment = payment or Payment(connection=connection, source_id=record.source_id)
    before = _header(payment)
    payment.source_version_id = source_version_id
    payment.number, payment.legal_entity, payment.customer = record.number, legal_entity, customer
    payment.received_on, payment.currency = record.received_on, record.currency
    payment.amount, payment.is_reversed = record.amount, reversed_now
    payment.applied = ZERO  # until its applications are settled again, below
    payment.save()
    rows = {row.invoice_id: row for row in payment.applications.all()}
    PaymentApplication.objects.filter(pk__in=_gone(rows, wanted)).delete()
    for invoice_id, amount in wanted.items():
        PaymentApplication.objects.update_or_create(
            payment=payment,
            invoice_id=invoice_id,
            defaults={"amount": amount},
            create_defaults={"amount": amount, **NEW},
        )
    settle(invoice_ids={*rows, *wanted}, payments={payment.pk})
    payment.refresh_from_db()
    if created or before != _header(payment) or _amounts(rows) != wanted:
        event(
            "billing.payment.reversed" if reversed_now else "billing.payment.received",
            by=connection.code,
            object_type="billing.payment",
            object_id=payment.pk,
            label=payment.number,
            legal_entity=legal_entity.code,
            amount=payment.amount,
            currency=payment.currency,
            applied={str(key): value for key, value in wanted.items()},
            on_account=ZERO if reversed_now else payment.amount - payment.applied,
        )
    return payment


@transaction.atomic
def receive_credit(
    *,
    record: canonical.CreditMemo,
    connection: Connection,
    source_version_id: int,
    applied: Applied,
    legal_entity: LegalEntity,
) -> CreditMemo:
    """Store a credit memo the ERP reports and reduce what is open on the invoices it was applied to.

    More than an invoice or the memo has left is not taken and asked about: `OVER_CREDIT`.
    """
    wanted = {} if record.deleted else _by_invoice(applied)
    memo = (
        CreditMemo.objects.select_for_update(no_key=True)
        .filter(connection=connection, source_id=record.source_id)
        .first()
    )
    memo = memo or CreditMemo(connection=connection, source_id=record.source_id)
    memo.source_version_id = source_version_id
    memo.number, memo.legal_entity, memo.issued_on = record.number, legal_entity, record.issued_on
    memo.net, memo.tax, memo.gross, memo.currency = record.net, record.tax, record.gross, record.currency
    memo.is_voided = record.deleted
    memo.applied = ZERO  # until its applications are settled again, below
    memo.save()
    rows = {row.invoice_id: row for row in memo.applications.all()}
    CreditApplication.objects.filter(pk__in=_gone(rows, wanted)).delete()
    for invoice_id, amount in wanted.items():
        CreditApplication.objects.update_or_create(
            memo=memo, invoice_id=invoice_id, defaults={"amount": amount}, create_defaults={"amount": amount, **NEW}
        )
    settle(invoice_ids={*rows, *wanted}, memos={memo.pk})
    memo.refresh_from_db()
    event(
        "billing.credit_memo.voided" if record.deleted else "billing.credit_memo.received",
        by=connection.code,
        object_type="billing.creditmemo",
        object_id=memo.pk,
        label=memo.number,
        legal_entity=legal_entity.code,
        gross=memo.gross,
        applied=memo.applied,
    )
    return memo


def _by_invoice(applied: Applied) -> dict[int, Decimal]:
    wanted: dict[int, Decimal] = {}
    for invoice, amount in applied:
        wanted[invoice.pk] = wanted.get(invoice.pk, ZERO) + amount
    return wanted


def _gone(rows: Mapping[int, PaymentApplication | CreditApplication], wanted: Iterable[int]) -> list[int]:
    return [rows[invoice_id].pk for invoice_id in rows.keys() - set(wanted)]


def _amounts(rows: Mapping[int, PaymentApplication]) -> dict[int, Decimal]:
    return {invoice_id: row.amount for invoice_id, row in rows.items()}


def _header(payment: Payment) -> tuple[object, ...]:
    return (payment.amount, payment.currency, payment.received_on, payment.is_reversed)
