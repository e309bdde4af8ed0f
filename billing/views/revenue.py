"""Revenue journals: those that were sent, and sending the months that are recognised."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from billing import policies, tables
from billing.actions import revenue_journals
from billing.filters import RevenuePostingFilter
from billing.models import RevenuePosting
from billing.views.journals import post_through
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen

SEE = "billing.view_revenueposting"


class RevenuePostingList(ListScreen):
    """Revenue journals, newest first."""

    permission = SEE
    scope = "legal_entity__code"
    title = "Revenue journals"
    lead = "What each month of a contract earned beyond its invoices, or was invoiced beyond what it earned."
    template_name = "contracts/list.html"
    table_class = tables.RevenuePostingTable
    filterset_class = RevenuePostingFilter
    empty = Empty("No journal yet", "Recognise a month of a contract, and have somebody else post it.")

    def rows(self) -> "QuerySet[Any]":
        return RevenuePosting.objects.select_related("contract", "legal_entity")

    def buttons(self) -> list[Button]:
        allowed = policies.may_post_revenue(self.request.user)
        return [Button("Post revenue", reverse("billing:revenue-post"), allowed, "primary", "send")]


@screen(permission=SEE, methods=["GET", "POST"])
def post(request: Request) -> HttpResponse:
    """Post the recognised months of a legal entity."""
    return post_through(
        request,
        revenue_journals.post,
        what="revenue",
        back=reverse("billing:revenue-list"),
        consequence="Recognised months are sent to the ERP, one journal per contract and month; a closed month on the"
        " first open day. What you recognised yourself is left for somebody else.",
        decision=policies.may_post_revenue(request.user),
        done=lambda count: f"{count} journals are made." if count != 1 else "A journal is made.",
    )
