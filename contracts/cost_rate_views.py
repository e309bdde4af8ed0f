"""Screens of cost rates: what is known, entering one, taking one back."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from contracts import filters, policies, tables
from contracts.actions import cost_rates
from contracts.forms import EnterCostRateForm, WithdrawCostRateForm
from contracts.models import CostRate
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.kernel.clock import today
from integration_hub.people.scope import scoped

SEE = "contracts.view_costrate"
LIST = "contracts:cost-rate-list"


class CostRateList(ListScreen):
    """Cost rates, by legal entity; those withdrawn stay in the list."""

    permission = SEE
    scope = "legal_entity__code"
    title = "Cost rates"
    lead = "What an hour of a person or role costs. The rate of the person counts before that of the role."
    template_name = "contracts/list.html"
    table_class = tables.CostRateTable
    filterset_class = filters.CostRateFilter
    empty = Empty("No cost rate yet", "Enter one, or load the payroll's export with a file drop.")

    def rows(self) -> "QuerySet[Any]":
        return CostRate.objects.select_related("legal_entity")

    def buttons(self) -> list[Button]:
        allowed = policies.may_enter_cost_rates(self.request.user)
        return [Button("Enter a cost rate", reverse("contracts:cost-rate-enter"), allowed, "primary", "plus")]


@screen(permission=SEE, methods=["GET", "POST"])
def rate_enter(request: Request) -> HttpResponse:
    """Enter a cost rate from a day on."""
    confirm = Confirm(
        title="Enter a cost rate",
        verb="Record",
        form=EnterCostRateForm(posted(request), initial={"valid_from": today()}),
        back=reverse(LIST),
        consequence="On its days it takes the place of the rate that held. Costs of work on these days are counted "
        "again; what is posted is reversed and posted anew, and nothing else.",
        decision=policies.may_enter_cost_rates(request.user),
    )

    def act(data: Any) -> int:
        given = {name: value for name, value in data.items() if name != "note"}
        source = cost_rates.source_of(request.user, data["note"])
        return cost_rates.enter(rates=[cost_rates.CostRateIn(**given, source=source)], by=request.user)

    return decide(request, confirm, act, done="The cost rate is recorded.", back=lambda _new: reverse(LIST))


@screen(permission=SEE, methods=["GET", "POST"])
def rate_withdraw(request: Request, pk: int) -> HttpResponse:
    """Take back a cost rate that was wrong."""
    rate = get_object_or_404(scoped(CostRate.objects.select_related("legal_entity"), request.user), pk=pk)
    confirm = Confirm(
        title=f"Withdraw the cost rate of {rate}",
        verb="Withdraw",
        form=WithdrawCostRateForm(posted(request)),
        back=reverse(LIST),
        facts=[("Cost rate", tables.rate_of(rate)), ("From", rate.validity.lower), ("Before", rate.validity.upper)],
        consequence="No rate holds on its days until another one is entered: work of these days waits for one.",
        decision=policies.can_withdraw_cost_rate(rate, request.user),
        tone="danger",
    )
    return decide(
        request,
        confirm,
        lambda data: cost_rates.withdraw(rate=rate, reason=data["reason"], by=request.user),
        done="The cost rate is withdrawn.",
    )
