"""Delegations: who may approve in whose stead, lent and taken back."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing import policies, tables
from billing.actions import delegations
from billing.forms import DelegateForm
from billing.models import Delegation
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import DecisionForm, posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.people.models import User

SEE = "billing.view_delegation"


def visible_to(user: User) -> "QuerySet[Delegation]":
    """Delegations given or taken by the person; all of them for those who see every legal entity."""
    rows = Delegation.objects.select_related("giver", "taker", "ended_by")
    return rows if user.all_legal_entities else rows.filter(Q(giver=user) | Q(taker=user))


class DelegationList(ListScreen):
    """Who lent whom the right to approve."""

    permission = SEE
    scope = None  # `visible_to` leaves out those between other people
    title = "Delegations"
    lead = "The right to approve, lent for at most 30 days. Whoever prepared a document cannot approve it for another."
    template_name = "contracts/list.html"
    table_class = tables.DelegationTable
    empty = Empty("Nobody has lent the right to approve", "Lend it before you are away.")

    def rows(self) -> "QuerySet[Any]":
        return visible_to(self.request.user)

    def buttons(self) -> list[Button]:
        allowed = policies.can_delegate(self.request.user)
        return [Button("Lend my right…", reverse("billing:delegation-give"), allowed, "primary", "user")]


@screen(permission=SEE, methods=("GET", "POST"))
def give(request: Request) -> HttpResponse:
    """Lend one's own right to approve."""
    confirm = Confirm(
        title="Lend your right to approve",
        verb="Lend it",
        back=reverse("billing:delegation-list"),
        form=DelegateForm(posted(request), user=request.user),
        consequence="Approvals say “for you”. You can take it back at any time; it cannot be lent on.",
        decision=policies.can_delegate(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: delegations.give(by=request.user, **data),
        done=lambda row: f"{row.taker.label} may approve for you.",
    )


@screen(permission=SEE, methods=("GET", "POST"))
def end(request: Request, pk: int) -> HttpResponse:
    """Take it back."""
    row = get_object_or_404(visible_to(request.user), pk=pk)
    confirm = Confirm(
        title="End this delegation?",
        verb="End it",
        back=reverse("billing:delegation-list"),
        form=DecisionForm(posted(request), initial={"version": row.version}),
        facts=[("Lent by", row.giver.label), ("To", row.taker.label), ("Until", row.ends_on), ("Why", row.reason)],
        consequence="What was approved by it stays approved.",
        decision=policies.can_end_delegation(row, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: delegations.end(delegation_id=pk, by=request.user, seen_version=data["version"]),
        done="The delegation has ended.",
    )
