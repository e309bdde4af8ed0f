"""The proof of an invoice as a page that says what it is, as a file, and the script that checks it."""

from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing.models import Invoice
from integration_hub.console.actors import name_of
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.kernel.decision import ALLOW
from reconciliation.actions import proofs
from reconciliation.proof import statement
from reconciliation.proof import verifier as script

SEE = "billing.view_invoice"


def _find(request: Request, pk: int) -> Invoice:
    return find_or_404(Invoice.objects.select_related(*statement.PARTS), request.user, pk=pk)


@screen(permission=SEE)
def proof(request: Request, pk: int) -> HttpResponse:
    """What the proof of an invoice says when it is checked now; with `?file` the proof itself, noted in the trail."""
    invoice = _find(request, pk)
    if "file" in request.GET:
        made = proofs.export(invoice, by=request.user)
        response = HttpResponse(statement.written(made), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="proof-{invoice.candidate.number}.json"'
        return response
    whole = proofs.with_payloads(request.user)
    made = statement.of(invoice, payloads=whole)
    found = list(script.findings(made))
    own = reverse("reconciliation:invoice-proof", args=[pk])
    context = {
        "title": f"Proof of {invoice.number}",
        "lead": f"{invoice.bill_to.customer.name} · {invoice.contract.name}",
        "breadcrumbs": [
            ("Invoices", reverse("billing:invoice-list")),
            (invoice.number, reverse("billing:invoice-detail", args=[pk])),
        ],
        "buttons": [
            Button("Download", f"{own}?file", ALLOW, icon="download", link=True),
            Button("Script", reverse("reconciliation:proof-verifier"), ALLOW, icon="tool", link=True),
        ],
        "digest": made["digest"],
        "wrong": [row for row in found if not row[1]],
        "checked": len(found),
        "whole": whole,
        "counts": {name: len(made["content"][name]) for name in ("lines", "pieces", "work", "trail")},
        "issued": [
            {"at": row.recorded_at, "to": name_of(row.actor), "digest": row.data["digest"]}
            for row in proofs.issued(invoice)
        ],
    }
    return render(request, "reconciliation/proof.html", context)


@screen(permission=SEE)
def verifier(request: Request) -> HttpResponse:
    """The script, as it is run here."""
    response = HttpResponse(Path(script.__file__).read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_invoice.py"'
    return response
