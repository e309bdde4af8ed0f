"""The screen that chooses what a plan freezes: the filters of the list it comes from, or rows ticked there."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import selections
from integration_hub.console.buttons import Button
from integration_hub.console.filters import FilterBar
from integration_hub.console.http import Request, selection
from integration_hub.console.offers import OFFERS, Offer
from integration_hub.console.query import edited
from integration_hub.console.screens import screen
from integration_hub.effects import queries as effects
from integration_hub.effects.filters import EffectFilter
from integration_hub.intake.filters import SourceFilter
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.replay import policies
from integration_hub.replay.actions import plans
from integration_hub.replay.forms import PlanForm
from integration_hub.replay.models import Plan

OPEN = ("refused", "parked")
"""Statuses of source versions a replay can change."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What would be frozen now: the rows, how they were chosen, and the sums."""

    kind: str
    rows: "QuerySet[Any]"
    told: str
    bar: FilterBar | None = None

    @property
    def sums(self) -> list[dict[str, Any]]:
        """Count and money per legal entity and currency; records as they came carry neither."""
        if self.kind == Plan.Kind.SOURCE:
            count = self.rows.count()
            return [{"legal_entity": "", "currency": "", "count": count, "money": None}] if count else []
        rows = self.rows.order_by("legal_entity", "currency").values("legal_entity", "currency")
        return list(rows.annotate(count=Count("pk"), money=Sum("amount")))

    @property
    def money(self) -> dict[str, Decimal]:
        """Money per currency."""
        found: dict[str, Decimal] = {}
        for row in self.sums:
            if row["money"] is not None:
                found[row["currency"]] = found.get(row["currency"], Decimal(0)) + row["money"]
        return found


def rows_of(kind: str, user: User) -> "QuerySet[Any]":
    """Everything of a kind that a person could choose."""
    if kind == Plan.Kind.EFFECT:
        return effects.visible_to(user)
    rows = SourceVersion.objects.filter(status__in=OPEN)
    return rows if user.all_legal_entities else rows.none()


def chosen(request: Request) -> Chosen:
    """What the address names: `what`, and either the token of ticked rows or the filters of the list."""
    kind = Plan.Kind.SOURCE if request.GET.get("what") == Plan.Kind.SOURCE else Plan.Kind.EFFECT
    rows = rows_of(kind, request.user)
    if token := request.GET.get("chosen", ""):
        ticked = selections.find(token=token, owner=request.user, noun=kind)
        return Chosen(kind, rows.filter(pk__in=list(selections.versions(ticked))), ticked.told)
    bar = FilterBar(EffectFilter if kind == Plan.Kind.EFFECT else SourceFilter, rows, request)
    return Chosen(kind, bar.rows if bar.chips else rows.none(), bar.sentence, bar)


@screen(permission=policies.PLAN, methods=["GET", "POST"])
def plan_new(request: Request) -> HttpResponse:
    """Choose, see how many and how much, say why, and freeze exactly that."""
    what = chosen(request)
    form = PlanForm(request.POST or None, initial={"per_minute": 600})
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                plan = plans.freeze(
                    kind=what.kind, rows=what.rows, told=what.told, by=request.user, **form.cleaned_data
                )
                return HttpResponseRedirect(reverse("replay:plan-detail", args=[plan.pk]))
            except ThroughlineError as error:
                refusal = str(error)
    context = {
        "title": "New replay plan",
        "lead": "What matches is frozen, with the version of each item; what arrives later is not in it.",
        "breadcrumbs": [("Replays", reverse("replay:plan-list"))],
        "what": what,
        "bar": what.bar,
        "tabs": [
            {"label": label, "url": f"?what={kind}", "current": kind == what.kind} for kind, label in Plan.Kind.choices
        ],
        "form": form,
        "refusal": refusal,
        "allowed": policies.can_plan(what.kind, request.user),
    }
    return render(request, "replay/plan_new.html", context, status=status)


@screen(permission=policies.PLAN, methods=["POST"])
def plan_ticked(request: Request, kind: str) -> HttpResponse:
    """Freeze which rows were ticked in a list, and go to the screen that asks why."""
    ticked = selection(request.POST.getlist("selected"))
    if not ticked or kind not in Plan.Kind.values:
        return HttpResponseRedirect(reverse("replay:plan-new"))
    frozen = selections.freeze(owner=request.user, noun=kind, rows=ticked[: selections.LIMIT], told="ticked rows")
    return HttpResponseRedirect(f"{reverse('replay:plan-new')}?what={kind}&chosen={frozen.token}")


def offer(kind: str) -> Offer:
    """The buttons on the list of a kind."""

    def page(request: Request) -> list[Button]:
        if not request.user.has_perm(policies.PLAN):
            return []
        query = edited(request.GET, drop=["after", "before", "sort", "show", "format"], what=kind)
        url = f"{reverse('replay:plan-new')}{query}"
        return [Button("Replay what matches…", url, icon="repeat", link=True)]

    def ticked(request: Request) -> list[Button]:
        if not request.user.has_perm(policies.PLAN):
            return []
        return [Button("Replay…", reverse("replay:plan-ticked", args=[kind]), icon="repeat")]

    return Offer(page, ticked)


def register() -> None:
    """Offer replays on the lists of effects and source records; called once by the app."""
    for kind in Plan.Kind.values:
        OFFERS.register(kind, offer(kind))
