"""Screens of standard prices: what holds, and entering one."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from contracts import filters, policies, tables
from contracts.actions import standard_prices
from contracts.forms import EnterStandardPriceForm
from contracts.models import RateCard, RateRow
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.kernel.clock import today
from integration_hub.trail.record import actor_name

SEE = "contracts.view_ratecard"
LIST = "contracts:standard-price-list"


class StandardPriceList(ListScreen):
    """Standard prices of the legal entities, newest first."""

    permission = SEE
    scope = "card__legal_entity__code"
    title = "Standard prices"
    lead = "What work sells for where neither its contract nor its customer says otherwise. Realisation and leakage "
    lead += "are measured against them."
    template_name = "contracts/list.html"
    table_class = tables.StandardPriceTable
    filterset_class = filters.StandardPriceFilter
    empty = Empty("No standard price yet", "Enter one, or load a price list with a file drop.")

    def rows(self) -> "QuerySet[Any]":
        return RateRow.objects.filter(
            card__scope=RateCard.Scope.LEGAL_ENTITY, withdrawn_in__isnull=True
        ).select_related("card__legal_entity")

    def buttons(self) -> list[Button]:
        allowed = policies.may_enter_standard_prices(self.request.user)
        return [Button("Enter a price", reverse("contracts:standard-price-enter"), allowed, "primary", "plus")]


@screen(permission=SEE, methods=["GET", "POST"])
def price_enter(request: Request) -> HttpResponse:
    """Enter a standard price from a day on."""
    confirm = Confirm(
        title="Enter a standard price",
        verb="Record",
        form=EnterStandardPriceForm(posted(request), initial={"valid_from": today()}),
        back=reverse(LIST),
        consequence="The price that held ends the day before. Unbilled work that no contract or customer prices is "
        "decided again; what is posted stays as it is.",
        decision=policies.may_enter_standard_prices(request.user),
    )

    def act(data: Any) -> RateRow:
        given = {name: value for name, value in data.items() if name != "legal_entity"}
        price = standard_prices.StandardPriceIn(**given, source=actor_name(request.user))
        return standard_prices.enter(legal_entity=data["legal_entity"], given=price, by=request.user)

    return decide(request, confirm, act, done="The standard price is recorded.", back=lambda _new: reverse(LIST))
