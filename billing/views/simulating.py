"""What a draft amendment would bring, before it is signed."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import simulated, simulation
from contracts.models import Amendment
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import day_html


@screen(permission="contracts.view_contract")
def amendment_simulation(request: Request, pk: int) -> HttpResponse:
    """The amendment, and what comes of it once it is signed and known everywhere."""
    rows = Amendment.objects.select_related("contract__legal_entity").filter(status=Amendment.Status.DRAFT)
    row = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    contract = reverse("contracts:contract-detail", args=[row.contract_id])
    context = {
        "title": f"What amendment {row.number} would bring",
        "breadcrumbs": [("Contracts", reverse("contracts:contract-list")), (row.contract.number, contract)],
        "facts": [
            ("Contract", str(row.contract)),
            ("Amendment", f"{row.number}, {row.get_kind_display().lower()}"),
            ("In force from", day_html(row.effective_on) if row.effective_on else None),
            ("What it says", row.description),
        ],
        "simulation": simulated.panel(lambda: simulation.of_amendment(row)),
    }
    return render(request, "billing/amendment_simulation.html", context)
