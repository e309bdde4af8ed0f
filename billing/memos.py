"""Reading credit memos and payments with the invoices they reduce."""

from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Q, QuerySet

from billing.models import Candidate, CreditApplication, CreditMemo, Invoice
from contracts.models import Contract

APPLIED = Q(applications__isnull=False)


def every() -> "QuerySet[Any]":
    """Credit memos with what every list shows."""
    return CreditMemo.objects.select_related("legal_entity", "connection")


def on_invoice(invoice: Invoice) -> Q:
    """Credit memos that the ERP applied to an invoice, and ours over its lines."""
    applied = CreditApplication.objects.filter(invoice=invoice).values("memo")
    ours = Candidate.objects.filter(lines__corrects__invoice=invoice)
    return Q(pk__in=applied) | Q(candidate__in=ours)


def of_contract(contract: Contract) -> Q:
    """Credit memos that the ERP applied to invoices of a contract, and ours over its work."""
    applied = CreditApplication.objects.filter(invoice__contract=contract).values("memo")
    return Q(pk__in=applied) | Q(candidate__contract=contract)


def with_invoices(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Payments or credit memos with the invoices the ERP applied them to, in the order of their applications."""
    parts = F("applications__pk")
    annotated: QuerySet[Any] = rows.annotate(
        invoice_ids=ArrayAgg("applications__invoice", filter=APPLIED, order_by=parts, default=[]),
        invoice_numbers=ArrayAgg("applications__invoice__number", filter=APPLIED, order_by=parts, default=[]),
    )
    return annotated
