"""Lanes: what is stuck and why, all lanes, one lane with its items, and who must act for which failure."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import timeline, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, Outcome, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenNoteForm, still
from integration_hub.console.templatetags.console import amounts, badge, when
from integration_hub.kernel.failures import POLICIES, FailureClass, said
from integration_hub.trail.queries import timeline_of_many
from integration_hub.work import forecast, policies, queries
from integration_hub.work.actions import items
from integration_hub.work.filters import LaneFilter
from integration_hub.work.models import Item, Lane, Overtaking
from integration_hub.work.registry import SIGNS
from integration_hub.work.tables import (
    POLICIES_BY_NAME,
    ItemTable,
    LaneTable,
    fate,
    item_state,
    kind_title,
    lane_state,
    part_title,
)

SEE = "hub_work.view_lane"
SEE_ITEMS = "hub_work.view_item"
EVENTS = 30
SHOWN = 200


@screen(permission=SEE)
def stalled(request: Request) -> HttpResponse:
    """Lanes that do not move: the head, why, since when, and what waits behind it."""
    found = queries.stalled(request.user, limit=SHOWN)
    proposed = queries.open_overtakings(stall.lane.pk for stall in found)
    money: dict[str, Any] = {}
    for stall in found:
        for currency, amount in stall.money.items():
            money[currency] = money.get(currency, 0) + amount
    context = {
        "title": "Stuck lanes",
        "lead": "Strict order inside a lane: when its head fails, what is behind it waits. Nothing is lost.",
        "buttons": [
            Button("All lanes", reverse("work:lane-list"), icon="list-details", link=True),
            Button("Who let what overtake", reverse("work:overtaking-list"), icon="user-check", link=True),
            Button("What happens when something fails", reverse("work:failure-list"), icon="help", link=True),
        ],
        "stalls": [_shown(stall, request, proposed.get(stall.lane.pk)) for stall in found],
        "blocked": sum(stall.lane.blocked for stall in found),
        "waiting": sum(stall.waiting for stall in found),
        "money": money,
        "forecasts": [*forecast.stages(), *(one for _, ask in forecast.FORECASTS for one in ask(request.user))],
        "beats": [(part_title(beat.part), beat) for beat in queries.last_beats().exclude(part__startswith="tick:")],
    }
    return render(request, "work/stalled.html", context)


def _shown(stall: queries.Stall, request: Request, proposed: Overtaking | None) -> dict[str, Any]:
    head = stall.head
    return {
        "stall": stall,
        "proposed": proposed,
        "state": lane_state(stall.lane),
        "title": kind_title(head) if head is not None else "",
        "fate": fate(head.error_class, head.failures) if head is not None else "",
        "buttons": stall_buttons(stall, request),
        "who": POLICIES_BY_NAME[head.error_class].who_acts
        if head is not None and head.error_class in POLICIES_BY_NAME
        else "",
    }


def stall_buttons(stall: queries.Stall, request: Request) -> list[Button]:
    """The safe acts: try the head again, set it aside, or let the lane go on without it."""
    offered = []
    head, lane = stall.head, stall.lane
    if head is not None and head.state == Item.State.PARKED:
        offered.append(Button("Try again…", reverse("work:item-retry", args=[head.pk]),
                              policies.can_retry(head, request.user), tone="primary", icon="refresh"))  # fmt: skip
    elif head is not None and head.state == Item.State.READY:
        offered.append(Button("Set aside…", reverse("work:item-park", args=[head.pk]),
                              policies.can_park(head, request.user, "asked"), icon="hand-stop"))  # fmt: skip
    if lane.blocked:
        offered.append(Button("Go on without it…", reverse("work:lane-unblock", args=[lane.pk]),
                              policies.can_unblock(lane, request.user), icon="player-play"))  # fmt: skip
    return offered


class LaneList(ListScreen):
    """All lanes, those with most work first."""

    permission = SEE
    scope = "legal_entity"
    title = "Lanes"
    lead = "One ordered queue for each contract, project, invoice and feed; free parallelism between them."
    table_class = LaneTable
    filterset_class = LaneFilter
    template_name = "console/room_list.html"
    empty = Empty("No work has come up yet")

    def rows(self) -> "QuerySet[Lane]":
        """Lanes, the machine's own canaries left out."""
        return queries.lanes()

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the stuck ones."""
        return [("Stuck lanes", reverse("work:stalled"))]


def find_lane(request: Request, pk: int) -> Lane:
    """A lane within the person's scope, or 404."""
    return find_or_404(queries.lanes(), request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE)
def lane_detail(request: Request, pk: int) -> HttpResponse:
    """One lane: why it stands, and its items in order."""
    lane = find_lane(request, pk)
    stall = queries.explain([lane])[0]
    rows = Item.objects.filter(lane=lane).defer("payload")
    show_done = request.GET.get("done") == "1"
    if not show_done:
        rows = rows.exclude(state=Item.State.DONE)
    table = ItemTable(rows, request, name="items")
    if not show_done:
        table.default_sort = "pk"  # type: ignore[misc]  # of this table: what is next comes first
    context = {
        "lane": lane,
        "title": lane.key,
        "status": lane_state(lane),
        "breadcrumbs": [("Stuck lanes", reverse("work:stalled")), ("Lanes", reverse("work:lane-list"))],
        "buttons": stall_buttons(stall, request) if lane.blocked else [],
        "stall": stall,
        "proposed": queries.open_overtakings([pk]).get(pk),
        "facts": known(
            ("Stage", lane.get_stage_display()),
            ("Items waiting", lane.ready),
            ("Money waiting", amounts(stall.money) if stall.money else None),
            ("Legal entity", lane.legal_entity or None),
            ("Next look", when(lane.next_at)),
            ("Fencing token", lane.token),
            ("Leased until", when(lane.leased_until) if lane.leased_until else None),
        ),
        "table": table if request.user.has_perm(SEE_ITEMS) else None,
        "show_done": show_done,
        "entries": timeline.entries(
            timeline_of_many([("lane", lane.pk), *(("item", row.pk) for row in rows[:50])])[:EVENTS]
        ),
    }
    return render(request, "work/lane_detail.html", context)


MEANINGS: dict[FailureClass, str] = {
    FailureClass.TRANSIENT: "Nothing was done; it will work by itself",
    FailureClass.RATE: "The vendor wants us to slow down; nothing was done",
    FailureClass.REJECTED: "The target understood and said no",
    FailureClass.MAPPING: "A value or field has no counterpart",
    FailureClass.DATA: "The record itself cannot be right",
    FailureClass.UNKNOWN_OUTCOME: "The answer is lost: it may have happened, so the target is asked",
    FailureClass.AUTH: "The target does not know us, or does not allow it",
    FailureClass.BUG: "Our own code failed",
}


@screen(permission=SEE)
def failure_list(request: Request) -> HttpResponse:
    """What happens when something fails: the same objects the workers use, and what each answer is taken for."""
    rows = [
        {"kind": kind.value, "policy": policy, "waits": said(policy.waits), "meaning": MEANINGS[kind]}
        for kind, policy in POLICIES.items()
    ]
    context = {
        "title": "What happens when something fails",
        "lead": "Every failure is named by who must act. This is the table the workers follow, not a copy of it.",
        "signs": [sign for _, signs in SIGNS for sign in signs()],
        "breadcrumbs": [("Stuck lanes", reverse("work:stalled"))],
        "rows": rows,
    }
    return render(request, "work/failure_list.html", context)


# Decisions --------------------------------------------------------------------------------------------------------


def find_item(request: Request, pk: int) -> Item:
    """An item of a lane within the person's scope, or 404."""
    rows = Item.objects.select_related("lane")
    return find_or_404(rows, request.user, scope="lane__legal_entity", pk=pk)


def item_facts(item: Item) -> list[tuple[str, Any]]:
    """What a decision about an item is about."""
    amount = wording.money_html(item.amount, item.currency) if item.amount is not None else None
    return known(
        ("Item", f"{kind_title(item)} in {item.lane.key}"),
        ("State", badge(item_state(item))),
        ("What went wrong", item.error[:500] or None),
        ("By itself", fate(item.error_class, item.failures) or None),
        ("Money", amount),
    )


def item_row(request: Request, pk: int) -> Any:
    """The row of an item as a decision pressed in it answers."""

    def row(outcome: Outcome) -> str:
        return ItemTable(Item.objects.none(), request, name="items").row_html(find_item(request, pk), outcome=outcome)

    return row


@screen(permission=SEE, methods=["GET", "POST"])
def item_retry(request: Request, pk: int) -> HttpResponse:
    """Put a parked item back at its old place."""
    item = find_item(request, pk)
    confirm = Confirm(
        title="Try this item again",
        verb="Try again",
        back=reverse("work:lane-detail", args=[item.lane_id]),
        form=SeenNoteForm(request.POST or None, initial={"seen": item.state}),
        facts=item_facts(item),
        consequence="It goes back to its old place and its lane goes on.",
        decision=policies.can_retry(item, request.user),
    )

    def act(data: Any) -> Item:
        still(data["seen"], find_item(request, pk).state)
        return items.retry(item_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is tried again.", row=item_row(request, pk))
