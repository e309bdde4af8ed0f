"""What is paid and credited on invoices: settled anew whenever a payment or credit memo on them moves (R20, R25)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db.models import Model, QuerySet

from billing.actions import status_out
from billing.engine.settlement import Claim, is_short, refusals
from billing.models import INVOICE_MOVES, CreditApplication, CreditMemo, Invoice, Payment, PaymentApplication
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import ZERO, show
from integration_hub.trail.record import event

BY = "system:billing"
NEW = {"refusal": "Not settled yet."}
"""What an application says until `settle` has looked at it."""

Application = PaymentApplication | CreditApplication
Row = TypeVar("Row", bound=Model)


def settle(*, invoice_ids: Collection[int], payments: Collection[int] = (), memos: Collection[int] = ()) -> None:
    """Settle invoices, then bring the documents on them up to date, and these `payments` and `memos` in any case.

    What was refused before is tried again, so the order in which the ERP's news arrive does not matter.
    """
    paid, credited = set(payments), set(memos)
    for invoice_id in sorted(invoice_ids):
        invoice = (
            Invoice.objects.select_for_update(of=("self",), no_key=True)
            .select_related("legal_entity", "contract__legal_entity")
            .get(pk=invoice_id)
        )
        payment_rows = list(_on(PaymentApplication.objects.filter(invoice=invoice), "payment"))
        memo_rows = list(_on(CreditApplication.objects.filter(invoice=invoice), "memo"))
        _decide(invoice, [*payment_rows, *memo_rows])
        _bring_up_to_date(invoice, paid=_standing(payment_rows), credited=_standing(memo_rows))
        paid |= {row.payment_id for row in payment_rows}
        credited |= {row.memo_id for row in memo_rows}
    for payment in _documents(Payment.objects.filter(pk__in=paid)):
        _payment(payment)
    for memo in _documents(CreditMemo.objects.filter(pk__in=credited)):
        _memo(memo)


def _on(rows: QuerySet[Row], document: str) -> QuerySet[Row]:
    return rows.select_related(document).prefetch_related(f"{document}__applications").order_by("pk")


def _documents(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.select_related("legal_entity", "connection").prefetch_related("applications__invoice").order_by("pk")


def _standing(rows: Iterable[Application]) -> Decimal:
    return sum((row.amount for row in rows if row.stands), ZERO)


def _decide(invoice: Invoice, rows: Sequence[Application]) -> None:
    """Which applications stand; the others say why not."""
    by_claim = {_claim(row): row for row in rows}
    for claim, reason in refusals(gross=invoice.gross, currency=invoice.currency, claims=by_claim).items():
        row = by_claim[claim]
        if (row.stands, row.refusal) != (not reason, reason):
            row.stands, row.refusal = not reason, reason
            row.save(update_fields=["stands", "refusal"])


def _claim(row: Application) -> Claim:
    document, on, held = _document(row)
    claimed = sum((part.amount for part in document.applications.all()), ZERO)
    turn = (on, document._meta.label_lower, row.pk)
    return Claim(
        turn=turn, amount=row.amount, currency=document.currency, held=held, claimed=claimed, stands=row.stands
    )


def _document(row: Application) -> tuple[Payment | CreditMemo, date, Decimal]:
    """What an application is part of, its day and its whole amount."""
    if isinstance(row, PaymentApplication):
        return row.payment, row.payment.received_on, row.payment.amount
    return row.memo, row.memo.issued_on, row.memo.gross


def _bring_up_to_date(invoice: Invoice, *, paid: Decimal, credited: Decimal) -> None:
    """Store what is settled of an invoice, move its status, tell CRM and PSA, ask when somebody paid too little."""
    status = _status(invoice, paid, credited)
    if (invoice.paid, invoice.credited, invoice.status) != (paid, credited, status):
        if status != invoice.status:
            INVOICE_MOVES.check(invoice.status, status)
        Invoice.objects.filter(pk=invoice.pk).update(
            paid=paid, credited=credited, status=status, version=invoice.version + 1, updated_at=now()
        )
        invoice.refresh_from_db()
        event(
            "billing.invoice.settled",
            by=BY,
            object_type="billing.invoice",
            object_id=invoice.pk,
            label=invoice.number,
            legal_entity=invoice.legal_entity.code,
            paid=paid,
            credited=credited,
            status=status,
        )
        status_out.tell(invoice=invoice)
    _ask_about_shortfall(invoice)


def _status(invoice: Invoice, paid: Decimal, credited: Decimal) -> str:
    if credited >= invoice.gross > 0:
        return Invoice.Status.CREDITED
    if paid + credited >= invoice.gross:
        return Invoice.Status.PAID
    return Invoice.Status.PART_PAID if paid > 0 else Invoice.Status.POSTED


def short_by(invoice: Invoice) -> Decimal:
    """What a client who paid part of an invoice left open beyond the tolerance (R25); else nothing."""
    short = is_short(gross=invoice.gross, paid=invoice.paid, credited=invoice.credited)
    return invoice.gross - invoice.paid - invoice.credited if short else ZERO


def _ask_about_shortfall(invoice: Invoice) -> None:
    missing = short_by(invoice)
    member = cases.MemberIn("billing.invoice", str(invoice.pk), invoice.number, missing, invoice.currency, "gross")
    cases.set_members(
        code="SHORT_PAID",
        root_cause=f"invoice:{invoice.legal_entity.code}:{invoice.number}",
        title=f"{invoice.number} is not paid in full",
        detail=f"{show(missing, invoice.currency)} of {show(invoice.gross, invoice.currency)} are missing.",
        remedy="Ask the client for the rest or for the reason; credit what is conceded.",
        legal_entity=invoice.legal_entity.code,
        subject=("billing.invoice", str(invoice.pk), invoice.number),
        members=[member] if missing else [],
        because="It is settled, or nothing of it is paid any more.",
        by=BY,
    )


def on_account(payment: Payment) -> Decimal:
    """What was received and settles no invoice; nothing of a payment that was reversed."""
    return ZERO if payment.is_reversed else payment.amount - payment.applied


def _payment(payment: Payment) -> None:
    applied = _standing(payment.applications.all())
    if payment.applied != applied:
        payment.applied = applied
        payment.save(update_fields=["applied", "updated_at"])
    left = on_account(payment)
    member = cases.MemberIn("billing.payment", str(payment.pk), payment.number, left, payment.currency)
    cases.set_members(
        code="UNAPPLIED_CASH",
        root_cause=f"payment:{payment.connection.code}:{payment.source_id}",
        title=f"{show(left, payment.currency)} of payment {payment.number} settle no invoice",
        detail=_refusals(payment.applications.all()),
        remedy="Apply it in the ERP as the remittance says, or ask the client what it is for.",
        legal_entity=payment.legal_entity.code,
        subject=("billing.payment", str(payment.pk), payment.number),
        members=[member] if left else [],
        because="All of it is applied, or it was reversed.",
        by=BY,
    )


def _memo(memo: CreditMemo) -> None:
    applied = _standing(memo.applications.all())
    if memo.applied != applied:
        memo.applied = applied
        memo.save(update_fields=["applied", "updated_at"])
    over = over_credit(memo)
    member = cases.MemberIn("billing.creditmemo", str(memo.pk), memo.number, over, memo.currency, "gross")
    cases.set_members(
        code="OVER_CREDIT",
        root_cause=f"credit:{memo.connection.code}:{memo.source_id}",
        title=f"Credit memo {memo.number} credits more than is left",
        detail=_refusals(memo.applications.all()),
        remedy="Reduce it in the ERP, or apply it to another invoice.",
        legal_entity=memo.legal_entity.code,
        subject=("billing.creditmemo", str(memo.pk), memo.number),
        members=[member] if over else [],
        because="What it credits fits now, or it was withdrawn.",
        by=BY,
    )


def over_credit(memo: CreditMemo) -> Decimal:
    """What a credit memo credits beyond what its invoices, or it itself, have left."""
    return sum((row.amount for row in memo.applications.all() if not row.stands), ZERO)


def _refusals(rows: Iterable[Application]) -> str:
    return " ".join(f"{row.invoice.number}: {row.refusal}" for row in rows if not row.stands)
