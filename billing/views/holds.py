"""Holds: the list, one hold with what it stops, placing and releasing."""

from typing import Any, ClassVar

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import policies, queries, simulated, simulation, tables
from billing.actions import holds
from billing.api.holds import target_of
from billing.filters import HoldFilter
from billing.forms import PlaceHoldForm
from billing.models import Hold, HoldEffect
from billing.views.candidates import RANK
from integration_hub.console import links, timeline
from integration_hub.console.actors import name_of
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, Outcome, decide
from integration_hub.console.forms import NoteForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import amounts
from integration_hub.console.wording import ago_html, day_html
from integration_hub.kernel.clock import today
from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import BadInput
from integration_hub.trail.queries import timeline_of

OPEN_FIRST = Case(When(status="open", then=Value(0)), default=Value(1), output_field=IntegerField())


class HoldList(ListScreen):
    """All holds, open ones first, by the day on which they are to be looked at."""

    permission = "billing.view_hold"
    scope: ClassVar[str | None] = None  # holds on customers belong to no legal entity: `holds_for` decides
    title = "Holds"
    lead = "What may not be billed until somebody decides. A hold never changes what work costs."
    template_name = "contracts/list.html"
    table_class = tables.HoldTable
    filterset_class = HoldFilter
    empty = Empty("Nothing is held", "Every piece of priced work may be billed.", kind="done")

    def rows(self) -> "QuerySet[Any]":
        return queries.holds_for(self.request.user).annotate(rank=OPEN_FIRST)

    def buttons(self) -> list[Button]:
        mine = next(iter(self.request.user.legal_entities), "")
        allowed = policies.can_place_hold(self.request.user, mine)
        return [Button("Place a hold", reverse("billing:hold-place"), allowed, "primary", "hand-stop")]


@screen(permission="billing.view_hold")
def hold_detail(request: Request, pk: int) -> HttpResponse:
    """A hold: why, whose, until when, and the work and documents it stops."""
    hold = find_or_404(queries.holds_for(request.user), request.user, scope=None, pk=pk)
    held = queries.held_by(hold) if hold.status == Hold.Status.OPEN else queries.held_by(hold).none()
    held_sum = queries.total(queries.by_state(held).values())
    context = {
        "title": str(hold),
        "status": badge(hold.status, hold.get_status_display()),
        "breadcrumbs": [("Holds", reverse("billing:hold-list"))],
        "buttons": [tables.release_button(hold, request.user, tone="primary")],
        "hold": hold,
        "facts": _facts(hold),
        "sum": held_sum,
        "lead": f"“{hold.reason}”" if hold.reason else "",
        "held_words": tables.sum_words(held_sum) if held_sum.count else "",
        "held_tone": "warning" if held_sum.count else "",
        "stops_posting": hold.effect == HoldEffect.NO_POST,
        "review_words": "due" if hold.status == Hold.Status.OPEN and hold.review_on <= today() else "",
        "work": tables.HeldWork(held, request, name="work"),
        "candidates": tables.CandidateTable(queries.stopped_by(hold).annotate(rank=RANK), request, name="candidates"),
        "entries": timeline.entries(timeline_of("billing.hold", hold.pk, limit=50)),
    }
    return render(request, "billing/hold_detail.html", context)


def _facts(hold: Hold) -> list[tuple[str, Any]]:
    decided: list[tuple[str, Any]] = []
    if hold.decided_at is not None:
        decided = [
            ("Decided by", name_of(hold.decided_by)),
            ("Decided", ago_html(hold.decided_at)),
            ("Note", hold.decision_note),
        ]
    return [
        ("On", f"{hold.get_scope_display()}: {hold.target_label or hold.target_id}"),
        ("Code", hold.get_code_display()),
        ("Effect", hold.get_effect_display()),
        ("Reason", hold.reason),
        ("Placed by", name_of(hold.placed_by)),
        ("Placed", ago_html(hold.placed_at)),
        ("Look at it again on", day_html(hold.review_on)),
        ("Whose", tables.role_name(hold.owner_role)),
        ("Legal entity", hold.legal_entity.code if hold.legal_entity else None),
        *decided,
    ]


@screen(permission="billing.view_hold", methods=["GET", "POST"])
def hold_release(request: Request, pk: int) -> HttpResponse:
    """Release a hold. Not one's own, not one that is decided, not an old copy."""
    hold = find_or_404(queries.holds_for(request.user), request.user, scope=None, pk=pk)
    held = queries.total(queries.by_state(queries.held_by(hold)).values())
    asked = request.method == "GET" and hold.status == Hold.Status.OPEN
    confirm = Confirm(
        title=f"Release the hold “{hold.get_code_display()}”?",
        verb="Release",
        form=NoteForm(posted(request), initial={"version": hold.version}),
        back=reverse("billing:hold-detail", args=[pk]),
        facts=[
            *_facts(hold)[:6],
            ("Held work", tables.sum_words(held) if held.count else None),
            ("Held", amounts(held.money) if held.money else None),
        ],
        details=simulated.panel(lambda: simulation.of_hold(hold)) if asked else None,
        consequence="Its work is decided again at once and can go into the next candidate. Nothing is sent to the ERP.",
        decision=policies.can_release_hold(hold, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: holds.release(hold_id=pk, by=request.user, seen_version=data["version"], note=data["note"]),
        done=f"Hold on {hold.target_label or hold.target_id} released.",
        row=lambda outcome: _row(request, pk, outcome),
    )


def _row(request: Request, pk: int, outcome: Outcome) -> str:
    hold = Hold.objects.select_related("contract", "legal_entity").get(pk=pk)
    return tables.HoldTable(Hold.objects.none(), request).row_html(hold, outcome=outcome)


@screen(permission="billing.view_hold", methods=["GET", "POST"])
def hold_place(request: Request) -> HttpResponse:
    """Place a hold on what `?scope=&target=` names, or on what the person types."""
    scope, target = request.GET.get("scope", ""), request.GET.get("target", "")
    known = _target(request, scope, target)
    form = PlaceHoldForm(
        posted(request), fixed=known is not None, initial={"scope": scope or "contract", "target": target}
    )
    confirm = Confirm(
        title="Place a hold",
        verb="Place the hold",
        form=form,
        back=_back(scope, known) if known else reverse("billing:hold-list"),
        facts=[(str(Hold.Scope(scope).label), str(holds.find_target(scope, known)))] if known else [],
        consequence="Work under it leaves open candidates and stays out until somebody else releases the hold.",
        decision=_may_place(request, scope, known),
    )
    return decide(
        request,
        confirm,
        lambda data: holds.place(
            scope=data["scope"],
            target=target_of(data["scope"], data["target"], request.user),
            code=data["code"],
            by=request.user,
            reason=data["reason"],
            review_on=data["review_on"],
        ),
        done=lambda hold: f"Held: {hold.target_label}.",
        back=lambda hold: reverse("billing:hold-detail", args=[hold.pk]),
    )


def _target(request: Request, scope: str, target: str) -> str | None:
    """What the action takes for the named target, or None when nothing (or nothing the person may see) is named."""
    if scope not in Hold.Scope.values or not target:
        return None
    try:
        return target_of(scope, target, request.user)
    except BadInput:
        return None


def _back(scope: str, target: str) -> str:
    """The page of what is to be held."""
    screens = {"contract": "contracts.contract", "project": "contracts.project", "customer": "contracts.customer"}
    return (links.address(screens[scope], target) if scope in screens else "") or reverse("billing:hold-list")


def _may_place(request: Request, scope: str, target: str | None) -> Decision:
    user = request.user
    entity = "" if user.all_legal_entities else next(iter(user.legal_entities), "")
    if target is not None:
        row = holds.find_target(scope, target)
        found = getattr(row, "legal_entity", None) or getattr(getattr(row, "contract", None), "legal_entity", None)
        entity = found.code if found else ""
    return policies.can_place_hold(user, entity, scope=scope if target is not None else "")
