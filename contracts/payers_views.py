"""Who pays for a contract: shown on its page, agreed on a page of its own."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from contracts import policies
from contracts.actions import payer_terms, payers
from contracts.forms import PayersForm, PayerTermsForm
from contracts.models import Contract, PayerSplit
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.kernel.clock import today


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def agree(request: Request, pk: int) -> HttpResponse:
    """Agree who pays from a day on."""
    rows = Contract.objects.select_related("legal_entity", "bill_to__customer")
    contract = find_or_404(rows, request.user, pk=pk)
    form = PayersForm(
        posted(request),
        contract=contract,
        initial={"version": contract.version, "shares": _written(contract), "effective_on": today()},
    )
    back = reverse("contracts:contract-detail", args=[pk])
    confirm = Confirm(
        title=f"Who pays for {contract.number}?",
        verb="Agree",
        form=form,
        back=back,
        facts=[("Contract", contract.name), ("Billed by", f"{contract.legal_entity.code} in {contract.currency}")],
        consequence="From the next run on each gets its own invoices. What is posted of this day and later and was "
        "billed otherwise is credited and billed anew.",
        decision=policies.can_agree_payers(contract, request.user),
    )

    def act(data: Any) -> PayerSplit:
        return payers.agree(
            contract_id=pk,
            line_id=data["line"].pk if data["line"] else None,
            effective_on=data["effective_on"],
            shares=data["shares"],
            reason=data["reason"],
            by=request.user,
            seen_version=data["version"],
        )

    return decide(request, confirm, act, done="The payers are agreed.", back=lambda _new: back)


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def state(request: Request, pk: int) -> HttpResponse:
    """State the order or the limit of one payer."""
    contract = find_or_404(Contract.objects.select_related("legal_entity"), request.user, pk=pk)
    form = PayerTermsForm(posted(request), contract=contract, initial={"version": contract.version})
    back = reverse("contracts:contract-detail", args=[pk])
    confirm = Confirm(
        title=f"Order or limit of a payer of {contract.number}?",
        verb="Record",
        form=form,
        back=back,
        facts=[("Contract", contract.name), ("Currency", contract.currency)],
        consequence="The next run prints the order on this payer's invoices and bills it no more than the limit.",
        decision=policies.can_agree_payers(contract, request.user),
    )

    def act(data: Any) -> None:
        payer_terms.state(
            contract_id=pk,
            payer_id=data["payer"].pk,
            order=data["order"],
            limit=data["limit"],
            reason=data["reason"],
            by=request.user,
            seen_version=data["version"],
        )

    return decide(request, confirm, act, done="The payer's terms are recorded.")


def _written(contract: Contract) -> str:
    """The shares of the whole contract that hold last, as the form takes them."""
    split = contract.payer_splits.filter(line=None, withdrawn_at=None).order_by("-effective_on").first()
    if split is None:
        return f"{contract.bill_to.customer.code} 100" if contract.bill_to else ""
    shares = split.shares.select_related("bill_to__customer").order_by("-takes_rest", "pk")
    return "\n".join(f"{row.bill_to.customer.code} {row.percent.normalize():f}" for row in shares)


def shown(contract: Contract) -> list[dict[str, Any]]:
    """The splits of a contract as its page shows them, those that hold last first."""
    splits = contract.payer_splits.filter(withdrawn_at=None).select_related("line")
    return [
        {
            "title": str(split.line) if split.line else "All lines",
            "since": split.effective_on,
            "reason": split.reason,
            "by": split.agreed_by,
            "shares": [
                (row.bill_to.customer.name, f"{row.percent.normalize():f} %", row.takes_rest)
                for row in split.shares.all()
            ],
        }
        for split in splits.prefetch_related("shares__bill_to__customer").order_by("-effective_on", "-pk")
    ]
