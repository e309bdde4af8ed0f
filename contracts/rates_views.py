"""Screens of exchange rates: what is known, and entering one."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from contracts import filters, policies, tables
from contracts.actions import exchange
from contracts.forms import EnterRateForm
from contracts.models import ExchangeRate
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.kernel.clock import today

SEE = "contracts.view_exchangerate"


class ExchangeRateList(ListScreen):
    """All exchange rates, the latest day first."""

    permission = SEE
    scope = None
    title = "Exchange rates"
    lead = "Expenses in another currency are converted at the last rate on or before their day."
    template_name = "contracts/list.html"
    table_class = tables.ExchangeRateTable
    filterset_class = filters.ExchangeRateFilter
    empty = Empty("No exchange rate yet", "Enter one, or load the treasury's export with a file drop.")

    def rows(self) -> "QuerySet[Any]":
        return ExchangeRate.objects.all()

    def buttons(self) -> list[Button]:
        allowed = policies.can_enter_rates(self.request.user)
        return [Button("Enter a rate", reverse("contracts:exchange-rate-enter"), allowed, "primary", "plus")]


@screen(permission=SEE, methods=["GET", "POST"])
def rate_enter(request: Request) -> HttpResponse:
    """Enter the corporate rate of a day."""
    confirm = Confirm(
        title="Enter an exchange rate",
        verb="Record",
        form=EnterRateForm(posted(request), initial={"day": today()}),
        back=reverse("contracts:exchange-rate-list"),
        consequence="Work that waits for this rate is decided again. A rate is never changed: another one of the same "
        "day corrects it, and what is posted stays as it is.",
        decision=policies.can_enter_rates(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: exchange.enter(rates=[exchange.entered(**data, by=request.user)], by=request.user),
        done="The rate is recorded.",
        back=lambda _new: reverse("contracts:exchange-rate-list"),
    )
