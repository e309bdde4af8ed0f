"""Start again what was undone: the activation of a contract, an amendment on its way. The contract has the buttons."""

from django.http import HttpResponse
from django.urls import reverse

from billing import policies
from billing.workflows import activation, amendment
from contracts.models import Amendment, Contract
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import NoteForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def activation_restart(request: Request, pk: int) -> HttpResponse:
    """Ask, then start the activation again."""
    contract = find_or_404(Contract.objects.select_related("legal_entity", "customer"), request.user, pk=pk)
    last = activation.last(contract)
    confirm = Confirm(
        title=f"Start the activation of {contract.number} again?",
        verb="Start again",
        form=NoteForm(posted(request), initial={"version": contract.version}),
        back=reverse("contracts:contract-detail", args=[pk]) + "?tab=systems",
        facts=[
            ("Contract", contract.name),
            ("Customer", contract.customer.name),
            ("Why it was undone", last.failure if last else None),
        ],
        consequence="Every step runs anew: master data is validated, project and job are created, the CRM is told.",
        decision=policies.can_restart_activation(contract, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: activation.restart(
            contract_id=pk, by=request.user, seen_version=data["version"], note=data["note"]
        ),
        done=f"The activation of {contract.number} has started again.",
    )


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def amendment_carry(request: Request, pk: int) -> HttpResponse:
    """Ask, then carry the amendment to the other systems again."""
    rows = Amendment.objects.select_related("contract__legal_entity")
    row = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    confirm = Confirm(
        title=f"Carry amendment {row.number} again?",
        verb="Carry again",
        form=NoteForm(posted(request), initial={"version": row.contract.version}),
        back=reverse("contracts:contract-detail", args=[row.contract_id]) + "?tab=versions",
        facts=[("Contract", str(row.contract)), ("Amendment", f"{row.number}, {row.get_kind_display().lower()}")],
        consequence="PSA, ERP and CRM are told again. Billing of the contract waits until all of them have it.",
        decision=policies.can_carry_again(row, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: amendment.carry_again(
            amendment_id=pk, by=request.user, seen_version=data["version"], note=data["note"]
        ),
        done=f"Amendment {row.number} is on its way again.",
    )
