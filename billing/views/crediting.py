"""A credit over an invoice: what of which lines, then why, with the figures that will be credited."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import credited, policies
from billing.actions import crediting
from billing.engine.credits import CreditRefused
from billing.forms import CreditReasonForm, CreditWhatForm
from billing.models import Invoice, InvoiceLine
from integration_hub.console.decisions import INVALID, OK, Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import money_html
from integration_hub.kernel.money import ZERO

VIEW = "billing.view_invoice"


def _find(request: Request, pk: int) -> Invoice:
    return find_or_404(Invoice.objects.select_related(*crediting.PARTS), request.user, pk=pk)


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    return crediting.creditable(invoice)


@screen(permission=VIEW)
def choose(request: Request, pk: int) -> HttpResponse:
    """What to credit, beside what each line has left."""
    invoice = _find(request, pk)
    lines = _lines(invoice)
    return _choose(request, invoice, lines, CreditWhatForm(None, lines=lines), OK)


@screen(permission=VIEW, methods=("GET", "POST"))
def confirm(request: Request, pk: int) -> HttpResponse:
    """The figures of what was chosen; why, and whether the work is billed again; then it is asked for."""
    invoice = _find(request, pk)
    lines = _lines(invoice)
    chosen = CreditWhatForm(request.GET, lines=lines)
    if not chosen.is_valid():
        return _choose(request, invoice, lines, chosen, INVALID)
    try:
        found = crediting.shares(invoice, chosen.wanted(), rebillable=False)
    except CreditRefused as refusal:
        chosen.add_error(None, str(refusal))
        return _choose(request, invoice, lines, chosen, INVALID)
    allowed = policies.can_credit(invoice, request.user)
    seen = {"version": invoice.version, "net": crediting.total(found), "reason": request.GET.get("reason", "")}
    asked = Confirm(
        title=f"Credit {invoice.number}?",
        verb="Ask for the credit",
        form=CreditReasonForm(posted(request), initial=seen),
        back=reverse("billing:invoice-detail", args=[pk]),
        facts=_facts(invoice, found),
        consequence="Others approve it first. Then the ERP gets the credit memo once, under a number of its own.",
        decision=allowed,
    )
    return decide(
        request,
        asked,
        lambda data: crediting.ask(
            invoice_id=pk,
            by=request.user,
            seen_version=data["version"],
            seen_net=data["net"],
            wanted=chosen.wanted(),
            reason=data["reason"],
            rebillable=data["then"] == "bill",
            note=data["note"],
        ),
        done=lambda candidate: f"{candidate.number} was asked for; it waits for its approval.",
        back=lambda candidate: reverse("billing:candidate-detail", args=[candidate.pk]),
    )


def _choose(
    request: Request, invoice: Invoice, lines: list[InvoiceLine], form: CreditWhatForm, status: int
) -> HttpResponse:
    found = credited.originals(lines)
    rows = [
        {
            "line": line,
            "field": form[f"line_{line.number}"],
            "pick": form[f"pick_{line.number}"],
            "net": money_html(line.net, invoice.currency),
            "credited": money_html(found[line.pk].credited_net, invoice.currency),
            "left": money_html(found[line.pk].left, invoice.currency),
            "open": found[line.pk].left > 0,
        }
        for line in lines
    ]
    context = {
        "title": f"Credit {invoice.number}",
        "lead": f"{invoice.bill_to.customer.name} · {invoice.contract.name}",
        "breadcrumbs": [
            ("Invoices", reverse("billing:invoice-list")),
            (invoice.number, reverse("billing:invoice-detail", args=[invoice.pk])),
        ],
        "invoice": invoice,
        "form": form,
        "rows": rows,
        "left": money_html(sum((one.left for one in found.values()), ZERO), invoice.currency),
        "decision": policies.can_credit(invoice, request.user),
        "action": reverse("billing:invoice-credit-confirm", args=[invoice.pk]),
    }
    return render(request, "billing/invoice_credit.html", context, status=status)


def _facts(invoice: Invoice, found: list[crediting.Share]) -> list[tuple[str, Any]]:
    """Each line with what is credited of it, then the totals."""

    def shown(amount: Decimal) -> Any:
        return money_html(amount, invoice.currency)

    back = crediting.given_back(invoice, found)
    unless = {one.line.pk: ", unless it is written off" for one in back if one.line.candidate_line.kind == "deposit"}
    net = crediting.total(found) - sum((one.net for one in back), ZERO)
    tax = sum((share.tax for share in found), ZERO) - sum((one.tax for one in back), ZERO)
    return [
        *((f"{share.line.number}. {share.line.description}", shown(share.net)) for share in found),
        *((f"{one.line.number}. {one.line.description}, given back{unless.get(one.line.pk, '')}", shown(-one.net))
          for one in back),
        ("Net", shown(net)),
        ("Tax", shown(tax)),
        ("Gross", shown(net + tax)),
    ]  # fmt: skip
