"""Payments and credit memos as the ERP reports them; they never alter an invoice's figures (R25)."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing.actions import status_out
from billing.models import INVOICE_MOVES, CreditMemo, Invoice, Payment, PaymentApplication
from contracts.models import Customer, LegalEntity
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.money import ZERO
from integration_hub.trail.record import event


@transaction.atomic
def receive(
    *,
    record: canonical.Payment,
    connection: Connection,
    source_version_id: int,
    applied: Sequence[tuple[Invoice, Decimal]],
    legal_entity: LegalEntity,
    customer: Customer | None,
) -> Payment:
    """Store a payment and what it was applied to; a reversed one gives its applications back."""
    payment, created = Payment.objects.update_or_create(
        connection=connection,
        source_id=record.source_id,
        defaults={
            "source_version_id": source_version_id,
            "number": record.number,
            "legal_entity": legal_entity,
            "customer": customer,
            "received_on": record.received_on,
            "amount": record.amount,
            "currency": record.currency,
            "is_reversed": record.reversed or record.deleted,
        },
    )
    before = {row.invoice_id: row.amount for row in payment.applications.all()}
    wanted = {} if payment.is_reversed else {invoice.pk: amount for invoice, amount in applied}
    payment.applications.exclude(invoice__in=wanted).delete()
    for invoice_id, amount in wanted.items():
        PaymentApplication.objects.update_or_create(payment=payment, invoice_id=invoice_id, defaults={"amount": amount})
    for invoice_id in sorted({*before, *wanted}):
        if before.get(invoice_id) != wanted.get(invoice_id):
            settle(invoice_id=invoice_id)
    if created or before != wanted:
        event(
            "billing.payment.reversed" if payment.is_reversed else "billing.payment.received",
            by=connection.code,
            object_type="billing.payment",
            object_id=payment.pk,
            label=payment.number,
            legal_entity=legal_entity.code,
            amount=payment.amount,
            currency=payment.currency,
            applied={str(key): value for key, value in wanted.items()},
        )
    return payment


@transaction.atomic
def receive_credit(
    *,
    record: canonical.CreditMemo,
    connection: Connection,
    source_version_id: int,
    invoice: Invoice | None,
    legal_entity: LegalEntity,
) -> CreditMemo:
    """Store a credit memo the ERP reports and reduce what is open on the invoice it was applied to."""
    applied = sum((part.amount for part in record.applications), ZERO)
    memo, _ = CreditMemo.objects.update_or_create(
        connection=connection,
        source_id=record.source_id,
        defaults={
            "source_version_id": source_version_id,
            "number": record.number,
            "legal_entity": legal_entity,
            "invoice": invoice,
            "issued_on": record.issued_on,
            "net": record.net,
            "tax": record.tax,
            "gross": record.gross,
            "applied": applied,
            "currency": record.currency,
        },
    )
    if invoice is not None:
        settle(invoice_id=invoice.pk)
    event(
        "billing.credit_memo.received",
        by=connection.code,
        object_type="billing.creditmemo",
        object_id=memo.pk,
        label=memo.number,
        legal_entity=legal_entity.code,
        gross=memo.gross,
        applied=applied,
    )
    return memo


def settle(*, invoice_id: int) -> Invoice:
    """Recompute what is paid and credited on an invoice, move its status, tell CRM and PSA."""
    invoice = (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("legal_entity", "contract__legal_entity")
        .get(pk=invoice_id)
    )
    paid = invoice.applications.aggregate(total=Sum("amount"))["total"] or ZERO
    credited = invoice.credit_memos.aggregate(total=Sum("applied"))["total"] or ZERO
    if paid + credited > invoice.gross:
        raise BadInput(
            f"Invoice {invoice.number}",
            [
                Problem(
                    "amount",
                    f"{paid + credited} is more than its gross {invoice.gross}.",
                    "Correct the application in the ERP.",
                )
            ],
        )
    status = _status(invoice, paid, credited)
    if (invoice.paid, invoice.credited, invoice.status) == (paid, credited, status):
        return invoice
    if status != invoice.status:
        INVOICE_MOVES.check(invoice.status, status)
    Invoice.objects.filter(pk=invoice.pk).update(
        paid=paid, credited=credited, status=status, version=invoice.version + 1, updated_at=now()
    )
    invoice.refresh_from_db()
    event(
        "billing.invoice.settled",
        by="system:billing",
        object_type="billing.invoice",
        object_id=invoice.pk,
        label=invoice.number,
        legal_entity=invoice.legal_entity.code,
        paid=paid,
        credited=credited,
        status=status,
    )
    status_out.tell(invoice=invoice)
    return invoice


def _status(invoice: Invoice, paid: Decimal, credited: Decimal) -> str:
    if credited >= invoice.gross > 0:
        return Invoice.Status.CREDITED
    if paid + credited >= invoice.gross:
        return Invoice.Status.PAID
    return Invoice.Status.PART_PAID if paid > 0 else Invoice.Status.POSTED
