"""Screens of costs: what work cost, its journals, and posting them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from billing.views.journals import post_through
from costs import policies
from costs.actions import posting
from costs.filters import CostFilter, CostPostingFilter
from costs.models import Cost, CostPosting
from costs.tables import CostPostingTable, CostTable
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen

SEE = "costs.view_cost"


class CostList(ListScreen):
    """What work cost, newest day first; what was superseded stays in the list."""

    permission = SEE
    scope = "legal_entity__code"
    title = "Costs of work"
    lead = "Approved hours at the cost rate of their day, of our own people and of subcontractors."
    template_name = "contracts/list.html"
    table_class = CostTable
    filterset_class = CostFilter
    empty = Empty("No costs yet", "Set for a legal entity from which day on costs are kept, and enter cost rates.")

    def rows(self) -> "QuerySet[Any]":
        return Cost.objects.select_related("resource", "project", "legal_entity", "posting")

    def buttons(self) -> list[Button]:
        allowed = policies.may_post(self.request.user)
        return [Button("Post costs", reverse("costs:post"), allowed, "primary", "send")]


class CostPostingList(ListScreen):
    """Journals of costs, newest first."""

    permission = "costs.view_costposting"
    scope = "legal_entity__code"
    title = "Cost journals"
    lead = "One journal per project, month and currency. A correction is a journal that reverses what changed."
    template_name = "contracts/list.html"
    table_class = CostPostingTable
    filterset_class = CostPostingFilter
    empty = Empty("No journal yet", "Post costs to make some.")

    def rows(self) -> "QuerySet[Any]":
        return CostPosting.objects.select_related("project", "legal_entity")


@screen(permission=SEE, methods=["GET", "POST"])
def post(request: Request) -> HttpResponse:
    """Post the open costs of a legal entity."""
    return post_through(
        request,
        posting.post,
        what="costs",
        back=reverse("costs:posting-list"),
        consequence="What is open is sent to the ERP as journals, work of a closed period on the first open day. "
        "What is posted already is not posted again.",
        decision=policies.may_post(request.user),
        done=lambda count: f"{count} journals are on their way." if count != 1 else "A journal is on its way.",
    )
