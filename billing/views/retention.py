"""Release what a payer of a contract withholds. The contract has the button."""

from django.http import HttpResponse
from django.urls import reverse

from billing import policies, simulated, simulation
from billing.actions import retentions
from billing.ahead_forms import ReleaseRetentionForm
from billing.models import RetentionAccount
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import money_html
from integration_hub.kernel.clock import today


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def release(request: Request, pk: int) -> HttpResponse:
    """Ask how much and why, beside what the release of all would bring; others approve its invoice."""
    rows = RetentionAccount.objects.select_related(*retentions.PARTS)
    account = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    currency, allowed = account.contract.currency, policies.can_release_retention(account, request.user)
    initial = {"version": account.version, "amount": f"{account.left.normalize():f}", "on": today()}
    confirm = Confirm(
        title=f"Release the retention of {account.bill_to.customer.name}?",
        verb="Ask for the release",
        form=ReleaseRetentionForm(posted(request), initial=initial, currency=currency),
        back=reverse("contracts:contract-detail", args=[account.contract_id]),
        facts=[
            ("Contract", str(account.contract)),
            ("Withheld", money_html(account.held, currency)),
            ("On its way", money_html(account.reserved, currency)),
            ("Left to release", money_html(account.left, currency)),
            ("Tax", account.get_tax_display()),
        ],
        consequence="Others approve it first. Then the ERP gets an invoice of it, once.",
        details=simulated.panel(lambda: simulation.of_release(account)) if allowed else None,
        decision=allowed,
    )
    return decide(
        request,
        confirm,
        lambda data: retentions.release(
            account_id=pk, by=request.user, seen_version=data["version"], amount=data["amount"], on=data["on"],
            reason=data["reason"],
        ),
        done=lambda candidate: f"{candidate.number} was asked for; it waits for its approval.",
        back=lambda candidate: reverse("billing:candidate-detail", args=[candidate.pk]),
    )  # fmt: skip
