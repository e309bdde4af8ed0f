"""Have more paid into a prepaid retainer. The contract has the button."""

from django.http import HttpResponse
from django.urls import reverse

from billing import policies
from billing.actions import prepaid
from billing.ahead_forms import TopUpForm
from billing.models import RetainerAccount
from billing.tables.retainers import amount_of
from contracts.models import ContractLine, Method
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.kernel.clock import today


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def top_up(request: Request, pk: int) -> HttpResponse:
    """Ask how much, then have it billed by the next run."""
    rows = ContractLine.objects.filter(method=Method.RETAINER_PREPAID).select_related("contract__legal_entity")
    line = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    account = line.retainer_accounts.first() or RetainerAccount(line=line)
    asked = prepaid.top_ups(line)
    confirm = Confirm(
        title=f"Top up {line.name}",
        verb="Have it billed",
        form=TopUpForm(posted(request), initial={"seen": asked, "on": today()}, currency=line.contract.currency),
        back=reverse("contracts:contract-detail", args=[line.contract_id]),
        facts=[
            ("Contract", str(line.contract)),
            ("Left of it", amount_of(account, account.balance)),
            ("Top-ups so far", str(asked)),
        ],
        consequence="The next billing run puts it on an invoice; it can be used once that invoice is posted.",
        decision=policies.can_top_up(line, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: prepaid.ask_for_more(
            line=line, amount=data["amount"], on=data["on"], note=data["note"], seen=data["seen"], by=request.user
        ),
        done=f"The top-up of {line.name} waits for the next billing run.",
    )
