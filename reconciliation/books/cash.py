"""Documents and money: what we posted and were told, against what the ERP has."""

from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from billing.models import Candidate, CreditMemo, Payment
from reconciliation.books import ours, sources
from reconciliation.matching.pairs import Item, Pair, Reading, Side

_KEY = ours.joined("connection__code", Value(":"), "source_id")


def _of(rows: "QuerySet[Any]", legal_entity: str) -> "QuerySet[Any]":
    return rows.filter(legal_entity__code=legal_entity) if legal_entity else rows


def _posted(legal_entity: str) -> Reading:
    """Candidates that are or are being posted as invoices."""
    rows = Candidate.objects.filter(kind=Candidate.Kind.INVOICE, status__in=["posting", "posted"])
    return ours.reading(
        _of(rows, legal_entity),
        key=F("number"), ref=F("number"), legal_entity=F("legal_entity__code"), currency=F("currency"),
        amount=F("gross"), net=F("net"), tax=F("tax"), on_date=F("invoice_date"),
        at=Coalesce(F("invoice__posted_at"), F("updated_at")), party=F("bill_to__customer__code"),
        label=Coalesce(F("invoice__number"), F("number")), link=ours.link("billing.candidate"),
    )  # fmt: skip


def _invoice(known: sources.Known, record: Any, first: Any) -> Item | None:
    if record.status == "voided":
        return None
    return Item(
        key=known.key(record.source_id), ref=record.external_ref, legal_entity=known.entity(record.legal_entity_id),
        currency=record.currency, amount=record.gross, net=record.net, tax=record.tax, on_date=record.issued_on,
        party=known.customer(record.customer_id), label=record.number, was=_was(record, first),
    )  # fmt: skip


def _was(record: Any, first: Any) -> Decimal | None:
    """What the document said when it was first seen, where that is something else."""
    return first.gross if first is not None and first.gross != record.gross else None


def _erp_invoices(legal_entity: str) -> Reading:
    return sources.reading("erp", ("invoice",), _invoice, legal_entity)


def _credits(legal_entity: str) -> Reading:
    return ours.reading(
        _of(CreditMemo.objects.filter(is_voided=False), legal_entity),
        key=_KEY, ref=_KEY,
        legal_entity=F("legal_entity__code"), currency=F("currency"), amount=F("gross"), net=F("net"), tax=F("tax"),
        on_date=F("issued_on"), at=F("updated_at"), label=F("number"), link=ours.link("billing.creditmemo"),
    )  # fmt: skip


def _credit(known: sources.Known, record: Any, first: Any) -> Item | None:
    key = known.key(record.source_id)
    return Item(
        key=key, ref=key, legal_entity=known.entity(record.legal_entity_id), currency=record.currency,
        amount=record.gross, net=record.net, tax=record.tax, on_date=record.issued_on, label=record.number,
        was=_was(record, first),
    )  # fmt: skip


def _erp_credits(legal_entity: str) -> Reading:
    return sources.reading("erp", ("credit_memo",), _credit, legal_entity)


def _payments(legal_entity: str) -> Reading:
    return ours.reading(
        _of(Payment.objects.filter(is_reversed=False), legal_entity),
        key=_KEY, ref=_KEY,
        legal_entity=F("legal_entity__code"), currency=F("currency"), amount=F("amount"), on_date=F("received_on"),
        at=F("updated_at"), label=F("number"), link=ours.link("billing.payment"),
    )  # fmt: skip


def _payment(known: sources.Known, record: Any, first: Any) -> Item | None:
    if record.reversed:
        return None
    key = known.key(record.source_id)
    return Item(
        key=key, ref=key, legal_entity=known.entity(record.legal_entity_id), currency=record.currency,
        amount=record.amount, on_date=record.received_on, label=record.number,
        was=first.amount if first is not None and first.amount != record.amount else None,
    )  # fmt: skip


def _erp_payments(legal_entity: str) -> Reading:
    return sources.reading("erp", ("payment",), _payment, legal_entity)


ALL = (
    Pair(
        name="invoices", title="Invoices", weight=10,
        about="Posted candidates, against the invoices of the ERP: figures, tax, currency, dates and customer.",
        left=Side("Posted candidates", _posted),
        right=Side("Invoices in the ERP", _erp_invoices, sources.feeds_of("erp", "invoice")),
    ),
    Pair(
        name="credits", title="Credit memos", weight=20,
        about="Credit memos as they count here, against those of the ERP.",
        left=Side("Credit memos here", _credits),
        right=Side("Credit memos in the ERP", _erp_credits, sources.feeds_of("erp", "credit_memo")),
    ),
    Pair(
        name="payments", title="Payments", weight=30, view="billing.view_payment",
        about="Payments as they count here, against those of the ERP.",
        left=Side("Payments here", _payments),
        right=Side("Payments in the ERP", _erp_payments, sources.feeds_of("erp", "payment")),
    ),
)  # fmt: skip
