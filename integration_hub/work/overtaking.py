"""Screens of what overtakes: declare it, look at what was declared, and the second person's decision."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import proposals
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import NoteForm, ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenReasonForm
from integration_hub.console.templatetags.console import amounts
from integration_hub.kernel.errors import Stale
from integration_hub.work import policies, queries
from integration_hub.work.actions import overtaking as actions
from integration_hub.work.filters import OvertakingFilter
from integration_hub.work.models import Item, Lane, Overtaking
from integration_hub.work.queries import Overtakers
from integration_hub.work.tables import OvertakingTable, kind_title
from integration_hub.work.views import SEE as SEE_LANES
from integration_hub.work.views import find_item, find_lane, item_facts, item_row

SEE = "hub_work.view_overtaking"


@screen(permission=SEE_LANES, methods=["GET", "POST"])
def item_park(request: Request, pk: int) -> HttpResponse:
    """Set a waiting item aside, declaring what may overtake it."""
    item = find_item(request, pk)
    behind = queries.overtakers(item.lane, item_id=item.pk)
    confirm = _declare(
        request, item.lane, item, behind, title="Set this item aside", verb="Set aside",
        facts=[*item_facts(item), *overtaking_facts(behind)],
        consequence="You declare that what is named here may overtake it. It stays until somebody tries it again.",
        decision=policies.can_park(item, request.user, "asked"),
    )  # fmt: skip
    return decide(request, confirm, _proposing(request, lambda: item.pk), done=_said("It is set aside."),
                  row=item_row(request, pk), back=_back)  # fmt: skip


@screen(permission=SEE_LANES, methods=["GET", "POST"])
def lane_unblock(request: Request, pk: int) -> HttpResponse:
    """Let a blocked lane go on without its parked head, declaring what may overtake it."""
    lane = find_lane(request, pk)
    head = Item.objects.filter(pk=lane.blocked_by or 0).first()
    behind = queries.overtakers(lane, item_id=lane.blocked_by)
    confirm = _declare(
        request, lane, head, behind, title=f"Let {lane.key} go on without its head", verb="Go on without it",
        facts=[("Blocked because", lane.blocked_reason or None), *overtaking_facts(behind)],
        consequence="You declare that what is named here may be worked although its predecessor was not.",
        decision=policies.can_unblock(lane, request.user),
    )  # fmt: skip
    return decide(request, confirm, _proposing(request, lambda: lane.blocked_by), done=_said("The lane goes on."),
                  back=_back)  # fmt: skip


def _declare(
    request: Request, lane: Lane, item: Item | None, behind: Overtakers, *, verb: str, consequence: str, **more: Any
) -> Confirm:
    """The confirm page; where a second person must agree it says so and proposes."""
    second = policies.needs_second(lane, behind)
    seen = actions.sight(lane, item, behind) if item else "open"
    return Confirm(
        verb="Propose it" if second else verb,
        back=reverse("work:lane-detail", args=[lane.pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": seen}),
        consequence=f"{consequence} A second person has to agree: {second}" if second else consequence,
        tone="danger",
        **more,
    )


def _proposing(request: Request, overtaken: Callable[[], int | None]) -> Callable[[Mapping[str, Any]], Overtaking]:
    def act(data: Mapping[str, Any]) -> Overtaking:
        item_id = overtaken()
        if item_id is None:
            raise Stale
        return actions.propose(item_id=item_id, reason=data["reason"], by=request.user, seen=data["seen"])

    return act


def _said(done: str) -> Callable[[Overtaking], str]:
    return lambda row: "It waits for a second person." if row.state == Overtaking.State.PROPOSED else done


def _back(row: Overtaking) -> str:
    """To the proposal where it waits, else to the lane."""
    if row.state == Overtaking.State.PROPOSED:
        return reverse("work:overtaking-detail", args=[row.pk])
    return reverse("work:lane-detail", args=[row.lane_id])


def overtaking_facts(behind: Overtakers) -> list[tuple[str, Any]]:
    """What would overtake, by name, number and money."""
    named = [f"{kind_title(item)} (item {item.pk})" for item in behind.first]
    more = behind.count - len(named)
    text = ", ".join(named) + (f" and {more:,} more" if more else "")
    return known(
        ("May overtake it", text or "nothing: it is the last of its lane"),
        ("Money that overtakes", amounts(behind.money) if behind.money else None),
    )


# Proposals --------------------------------------------------------------------------------------------------------


class OvertakingList(ListScreen):
    """What was let overtake, and what waits for a second person."""

    permission = SEE
    scope = "lane__legal_entity"
    title = "Overtaking"
    lead = "Where the order of a lane was changed: what was let overtake what, by whom, and who agreed."
    table_class = OvertakingTable
    filterset_class = OvertakingFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has overtaken", "A stuck lane offers it.")

    def rows(self) -> "QuerySet[Overtaking]":
        """Proposals with their lanes and people."""
        return Overtaking.objects.select_related("lane", "item", "proposed_by", "decided_by").defer("item__payload")

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the stuck ones."""
        return [("Stuck lanes", reverse("work:stalled"))]


def find(request: Request, pk: int) -> Overtaking:
    """A proposal within the person's scope, or 404."""
    rows = Overtaking.objects.select_related("lane", "item", "proposed_by", "decided_by")
    return find_or_404(rows, request.user, scope="lane__legal_entity", pk=pk)


@screen(permission=SEE)
def overtaking_detail(request: Request, pk: int) -> HttpResponse:
    """One proposal: what it is about, what was declared, who decides."""
    row = find(request, pk)
    context = {
        "title": row.get_way_display(),
        "status": proposals.state(row),
        "lead": row.reason,
        "breadcrumbs": [
            ("Stuck lanes", reverse("work:stalled")),
            (row.lane.key, reverse("work:lane-detail", args=[row.lane_id])),
        ],
        "buttons": proposals.buttons(
            row,
            request.user,
            address="work:overtaking",
            verb="Let them pass",
            approve=policies.can_approve_overtaking(row, request.user),
            withdraw=policies.can_withdraw_overtaking(row, request.user),
        ),
        "row": row,
        "changed": row.state == Overtaking.State.PROPOSED
        and not actions.holds(row, queries.overtakers(row.lane, item_id=row.item_id)),
        "item": item_facts(row.item),
        "declared": declared_facts(row),
        "facts": known(*proposals.facts(row)),
    }
    return render(request, "work/overtaking_detail.html", context)


def declared_facts(row: Overtaking) -> list[tuple[str, Any]]:
    """What the proposal declares, as it was."""
    money = {currency: Decimal(amount) for currency, amount in row.money.items()}
    return known(
        ("Lane", row.lane.key),
        ("Items that overtake", f"{row.count:,}"),
        ("Money that overtakes", amounts(money) if money else None),
        ("First of them", f"item {row.first}" if row.first else None),
        ("Last of them", f"item {row.last}" if row.last else None),
    )


def _decide(
    request: Request, row: Overtaking, act: Callable[..., Overtaking], form: type[forms.Form], *, done: str, **more: Any
) -> HttpResponse:
    confirm = Confirm(
        back=reverse("work:overtaking-detail", args=[row.pk]),
        form=form(request.POST or None, initial={"version": row.version}),
        facts=[("Proposed", row.get_way_display()), ("Because", row.reason), *declared_facts(row)],
        **more,
    )

    def decided(data: Mapping[str, Any]) -> Overtaking:
        reason = data.get("reason") or data.get("note", "")
        return act(overtaking_id=row.pk, by=request.user, seen_version=data["version"], reason=reason)

    return decide(request, confirm, decided, done=done)


@screen(permission=SEE, methods=["GET", "POST"])
def overtaking_approve(request: Request, pk: int) -> HttpResponse:
    """A second person lets exactly the declared items pass."""
    row = find(request, pk)
    return _decide(
        request, row, actions.approve, NoteForm, title="Let them pass", verb="Let them pass", tone="danger",
        consequence="Exactly what is declared here is worked before what stands in front of it.",
        decision=policies.can_approve_overtaking(row, request.user), done="The lane goes on.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def overtaking_decline(request: Request, pk: int) -> HttpResponse:
    """A second person says no."""
    row = find(request, pk)
    return _decide(
        request, row, actions.decline, ReasonForm, title="Decline it", verb="Decline", tone="danger",
        consequence="The lane stands as it stands.",
        decision=policies.can_approve_overtaking(row, request.user), done="It is declined.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def overtaking_withdraw(request: Request, pk: int) -> HttpResponse:
    """Its author takes it back."""
    row = find(request, pk)
    return _decide(
        request, row, actions.withdraw, NoteForm, title="Withdraw your proposal", verb="Withdraw",
        consequence="The lane stands as it stands.",
        decision=policies.can_withdraw_overtaking(row, request.user), done="It is withdrawn.",
    )  # fmt: skip
