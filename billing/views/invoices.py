"""Invoices, payments and credit memos."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import ahead, assigned, credited, memos, policies, queries, tables, taxes, withheld
from billing.filters import CreditMemoFilter, InvoiceFilter, PaymentFilter
from billing.models import Candidate, Invoice, Payment
from billing.views import papers
from billing.views.candidates import effect_of, paid_by_retainer
from contracts.queries import references_of
from contracts.tables import OwnReferences
from integration_hub.cases.queries import for_target
from integration_hub.console import links, timeline, wording
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import day_html, money_html, when_html
from integration_hub.trail.queries import timeline_of_many


class InvoiceList(ListScreen):
    """All posted invoices."""

    permission = "billing.view_invoice"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Invoices"
    lead = "What the ERP has confirmed, and what was paid of it."
    template_name = "contracts/list.html"
    table_class = tables.InvoiceTable
    filterset_class = InvoiceFilter
    empty = Empty("No invoice yet", "Approved candidates become invoices when the ERP confirms them.")

    def rows(self) -> "QuerySet[Any]":
        rows = Invoice.objects.select_related("contract", "legal_entity", "bill_to__customer")
        return rows.annotate(left=F("gross") - F("paid") - F("credited"))


@screen(permission="billing.view_invoice")
def invoice_detail(request: Request, pk: int) -> HttpResponse:
    """An invoice: figures, lines, payments, credits, tax, the effect that made it, and who was told."""
    rows = Invoice.objects.select_related(
        "candidate", "effect__connection", "legal_entity", "contract", "bill_to__customer"
    )
    invoice = find_or_404(rows, request.user, pk=pk)
    trace, proof = links.trace_of("invoice", str(pk)), links.address("invoice_proof", pk)
    allowed = policies.can_credit(invoice, request.user)
    credit = Button("Credit", reverse("billing:invoice-credit", args=[pk]), allowed, icon="receipt-refund", link=True)
    context = {
        "title": invoice.number,
        "status": tables.invoice_badge(invoice),
        "lead": f"{invoice.bill_to.customer.name} · {invoice.contract.name}",
        "breadcrumbs": _way_to(invoice),
        "buttons": [
            credit,
            *papers.buttons(invoice.candidate),
            *([Button("Proof", proof, icon="file-certificate", link=True)] if proof else []),
            *([Button("Trace", trace, icon="route", link=True)] if trace else []),
        ],
        "invoice": invoice,
        **_money(invoice),
        "facts": _facts(invoice),
        "lines": tables.InvoiceLineTable(
            credited.with_credited(invoice.lines.select_related("candidate_line", "invoice")), request, name="lines"
        ),
        "assigned": assigned.told(invoice.candidate.lines.order_by("number")),
        "asked": tables.AskedCredits(_asked(invoice), request, name="asked"),
        "payments": invoice.applications.select_related("payment__connection").order_by("payment__received_on"),
        "memos": tables.CreditMemoTable(
            memos.with_invoices(memos.every().filter(memos.on_invoice(invoice))), request, name="memos"
        ),
        "tax": (tax := taxes.of_candidate(invoice.candidate_id)),
        "tax_why": taxes.difference(tax),
        "effect": effect_of(invoice.effect),
        "told": [_told(effect, invoice.currency) for effect in queries.status_written(invoice)],
        "cases": [(case, links.address("case", case.pk)) for case in for_target("billing.invoice", pk)],
        "references": OwnReferences(references_of(invoice), request, name="references"),
        "entries": timeline.entries(
            timeline_of_many([("billing.invoice", pk), ("billing.candidate", invoice.candidate_id)])[:60]
        ),
    }
    return render(request, "billing/invoice_detail.html", context)


def _way_to(invoice: Invoice) -> list[tuple[str, str]]:
    contract = reverse("contracts:contract-detail", args=[invoice.contract_id])
    return [("Invoices", reverse("billing:invoice-list")), (invoice.contract.number, contract)]


def _money(invoice: Invoice) -> dict[str, Any]:
    """The figures of the tiles, and what is to be said about what is open."""
    left = invoice.gross - invoice.paid - invoice.credited
    amounts = {"net": invoice.net, "tax": invoice.tax, "gross": invoice.gross, "paid": invoice.paid,
               "credited": invoice.credited, "left": left}  # fmt: skip
    late = tables.overdue(invoice)
    due = f"{'was due' if late else 'due'} {invoice.due_on.day} {invoice.due_on:%b %Y}" if invoice.due_on else ""
    return {
        "money": {name: money_html(amount, invoice.currency) for name, amount in amounts.items()},
        "due_words": due if left else "",
        "due_tone": "warning" if late else "" if left else "success",
    }


def _facts(invoice: Invoice) -> list[tuple[str, Any]]:
    return [
        ("Bill to", invoice.bill_to.customer.name),
        ("Legal entity", f"{invoice.legal_entity.code} · {invoice.legal_entity.name}"),
        ("Invoice date", day_html(invoice.invoice_date)),
        ("Due", day_html(invoice.due_on) if invoice.due_on else None),
        *withheld.of_document(invoice),
        *ahead.of_document(invoice),
        *paid_by_retainer(invoice),
        ("Posted", when_html(invoice.posted_at)),
        ("ERP", invoice.effect.connection.name),
        ("Id in the ERP", invoice.remote_id),
    ]


def _told(effect: Any, currency: str) -> dict[str, Any]:
    """What another system was told, and whether it has it."""
    what = "Contract status" if effect.effect_type.endswith(".contract.status") else "Invoice status"
    return {
        "what": what,
        "effect": effect,
        "badge": badge(effect.state, effect.get_state_display()),
        "url": links.address("effect", effect.pk),
        "said": _said(effect.payload, currency),
    }


def _said(payload: dict[str, Any], currency: str) -> str:
    """What was written there: the state of the invoice, or of the whole contract."""
    if "paid_amount" not in payload:
        return str(payload.get("status", "")).replace("_", " ").capitalize()
    paid, invoiced = (wording.money(Decimal(payload[name]), currency) for name in ("paid_amount", "invoiced_amount"))
    return f"{paid} paid of {invoiced}, last {payload.get('last_invoice') or 'none'}"


def _asked(invoice: Invoice) -> "QuerySet[Any]":
    """Credit memos over its lines: on their way, posted, or dissolved."""
    rows = Candidate.objects.filter(kind=Candidate.Kind.CREDIT_MEMO, lines__corrects__invoice=invoice).distinct()
    return rows.select_related(*queries.CANDIDATE_PARTS, "credit_order")


class PaymentList(ListScreen):
    """Payments as the ERP reports them."""

    permission = "billing.view_payment"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Payments"
    lead = "Money received, as the ERP reports it, and the invoices it was applied to."
    template_name = "contracts/list.html"
    table_class = tables.PaymentTable
    filterset_class = PaymentFilter
    empty = Empty("No payment yet", "Payments come back from the ERP.")

    def rows(self) -> "QuerySet[Any]":
        return memos.with_invoices(Payment.objects.select_related("customer", "legal_entity", "connection"))


class CreditMemoList(ListScreen):
    """Credit memos as the ERP reports them."""

    permission = "billing.view_invoice"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Credit memos"
    lead = "What the ERP has credited, and the invoices each memo reduces."
    template_name = "contracts/list.html"
    table_class = tables.CreditMemoTable
    filterset_class = CreditMemoFilter
    empty = Empty("No credit memo yet", "Credit memos come back from the ERP.")

    def rows(self) -> "QuerySet[Any]":
        return memos.with_invoices(memos.every())
