"""Screens of purchases: the lines of vendors' bills, and deciding what becomes of one."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from costs import policies
from costs.actions import purchases
from costs.filters import PurchaseFilter
from costs.models import Purchase
from costs.tables import PurchaseTable
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import DecisionForm, posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import money
from integration_hub.people.scope import scoped

SEE = "costs.view_purchase"
CHOICES = [choice for choice in Purchase.Handling.choices if choice[0] != Purchase.Handling.UNDECIDED]


class DecidePurchaseForm(DecisionForm):
    """What becomes of a purchase, and why."""

    handling = forms.ChoiceField(label="What becomes of it", choices=CHOICES)
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the trail."
    )


class PurchaseList(ListScreen):
    """What was bought for clients' projects, newest day first."""

    permission = SEE
    scope = "legal_entity__code"
    title = "Purchases"
    lead = "Lines of vendors' bills on clients' projects: charged on, paid for hours charged as time, or borne by us."
    template_name = "contracts/list.html"
    table_class = PurchaseTable
    filterset_class = PurchaseFilter
    empty = Empty("No purchase yet", "Load the lines of vendors' bills from the ERP or with a file drop.")

    def rows(self) -> "QuerySet[Any]":
        return Purchase.objects.select_related("project", "legal_entity")


@screen(permission=SEE, methods=["GET", "POST"])
def purchase_decide(request: Request, pk: int) -> HttpResponse:
    """Decide what becomes of a purchase."""
    rows = scoped(Purchase.objects.select_related("legal_entity", "project"), request.user)
    purchase = get_object_or_404(rows, pk=pk)
    confirm = Confirm(
        title=f"Decide about {purchase}",
        verb="Decide",
        form=DecidePurchaseForm(
            posted(request),
            initial={"handling": purchase.handling, "reason": purchase.reason, "version": purchase.version},
        ),
        back=reverse("costs:purchase-list"),
        facts=[
            ("Vendor", purchase.vendor),
            ("Project", purchase.project),
            ("Day", purchase.delivered_on),
            ("Category", purchase.category or "None"),
            ("Net", money(purchase.amount, purchase.currency)),
            ("Now", f"{purchase.get_handling_display()}{f', by {purchase.decided_by}' if purchase.decided_by else ''}"),
        ],
        consequence="Charged on, it is billed by the contract's rule for its category. Otherwise the client never sees "
        "it; what is billed of it already asks for a credit.",
        decision=policies.can_decide(purchase, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: purchases.decide(purchase=purchase, **data, by=request.user),
        done="It is decided.",
    )
