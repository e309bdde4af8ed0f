"""Effects: the ledger of intended changes, one effect with its proof, and what a person may do about it."""

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from integration_hub.cases.queries import all_for_target, for_target
from integration_hub.connectors.safety import CLASSES
from integration_hub.console import links, proposals, timeline, wording
from integration_hub.console.actors import name_of
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenNoteForm, SeenReasonForm, still
from integration_hub.console.templatetags.console import badge, day, when
from integration_hub.effects import policies, queries, windows
from integration_hub.effects.actions import effects
from integration_hub.effects.actions import gates as keeping
from integration_hub.effects.actions.corrections import spec_of
from integration_hub.effects.filters import EffectFilter
from integration_hub.effects.ledger import OVER
from integration_hub.effects.models import Effect
from integration_hub.effects.naming import label
from integration_hub.effects.tables import AttemptTable, EffectTable, state, what
from integration_hub.trail.queries import timeline_of
from integration_hub.work.models import Item
from integration_hub.work.tables import POLICIES_BY_NAME, fate

SEE = "hub_effects.view_effect"
EVENTS = 50
ATTENTION = ["unknown", "rejected", "conflict", "waiting"]
ENOUGH = "looked at"
"""Stands for a reason when a policy is only asked whether the button may be pressed."""


class EffectList(ListScreen):
    """Effects; those that need a person first."""

    permission = SEE
    scope = "legal_entity"
    title = "Effects"
    lead = "Every change we intended in another system: one intent, one permanent key, one outcome."
    table_class = EffectTable
    filterset_class = EffectFilter
    template_name = "console/room_list.html"
    noun = "effect"
    empty = Empty("No effect has been planned yet", "Activations, postings and status updates appear here.")

    def rows(self) -> "QuerySet[Any]":
        """Effects, without payloads, ranked: unknown, rejected, conflict, waiting, on their way, then the rest."""
        ranks = [When(state=name, then=Value(10 - index)) for index, name in enumerate(ATTENTION)]
        ranks.append(When(state__in=["planned", "sending", "sent"], then=Value(5)))
        rows = Effect.objects.select_related("connection").defer(
            "payload", "remote", "connection__sealed_credentials", "connection__sealed_webhook_secret"
        )
        return rows.annotate(rank=Case(*ranks, default=Value(0), output_field=IntegerField()))


def find(request: Request, pk: int) -> Effect:
    """An effect within the person's scope, or 404."""
    return find_or_404(Effect.objects.select_related("connection"), request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE)
def effect_detail(request: Request, pk: int) -> HttpResponse:
    """One effect: overview, or `?tab=proof`, or `?tab=payload`."""
    effect = find(request, pk)
    tab = request.GET.get("tab", "") if request.GET.get("tab") in TABS else "overview"
    closed = windows.closed(effect) if effect.state == Effect.State.WAITING else None
    context = {
        "effect": effect,
        "title": effect.business_key,
        "lead": f"{what(effect)} in {effect.connection}",
        "status": state(effect),
        "key": effect.remote_number or effect.remote_id,
        "breadcrumbs": [("Effects", reverse("effects:effect-list"))],
        "buttons": buttons(request, effect),
        "tab": tab,
        "tabs": [{"label": label, "url": f"?tab={name}", "current": name == tab} for name, label in TABS.items()],
        "facts": facts(effect),
        "gate": closed,
        "cases": for_target("effect", effect.pk),
        "entries": timeline.entries(timeline_of("effect", effect.pk, limit=EVENTS)),
        "subject_url": links.address(effect.subject_type, effect.subject_id),
        "trace_url": links.trace_of("effect", str(effect.pk)),
    }
    context["corrections"] = [(row, proposals.state(row)) for row in effect.corrections.order_by("-pk")]
    if tab == "proof":
        context["proof"] = queries.proof(effect)
        context["safety"] = CLASSES[effect.safety]
        context["all_cases"] = all_for_target("effect", effect.pk)
        context["attempts"] = AttemptTable(effect.attempts.all(), request, name="tries")
    return render(request, "effects/effect_detail.html", context)


TABS = {"overview": "Overview", "proof": "Proof", "payload": "Content"}


def _fate(effect: Effect) -> str:
    """By the policy of its failure: which try it is, what comes after it."""
    item = Item.objects.filter(lane__key=effect.lane, payload__effect=effect.pk).order_by("-pk").first()
    return fate(effect.failure_class, item.failures if item else 1) if effect.state in TRIED else ""


def _who(effect: Effect) -> str:
    policy = POLICIES_BY_NAME.get(effect.failure_class)
    return policy.who_acts if policy is not None and effect.state in TRIED else ""


TRIED = ("planned", "unknown", "sent", "rejected")


def facts(effect: Effect) -> list[tuple[str, Any]]:
    """The effect in facts."""
    amount = wording.money_html(effect.amount, effect.currency) if effect.amount is not None else None
    return known(
        ("What", what(effect)),
        ("Amount", amount),
        ("Connection", str(effect.connection)),
        ("Legal entity", effect.legal_entity or None),
        ("Revision", effect.revision),
        ("Corrects", _revision(effect.corrects)),
        ("Corrected by", _revision(Effect.objects.filter(corrects=effect).first())),
        ("Posting date", day(effect.posting_date) if effect.posting_date else None),
        ("Number there", effect.remote_number or None),
        ("Id there", effect.remote_id or None),
        ("Planned", when(effect.created_at)),
        ("Planned by", name_of(effect.planned_by)),
        ("Confirmed", when(effect.confirmed_at) if effect.confirmed_at else None),
        ("Lane", effect.lane),
        ("Failure", badge(effect.failure_class) if effect.failure_class else None),
        ("By itself", _fate(effect) or None),
        ("Who must act", _who(effect) or None),
    )


def _revision(effect: Effect | None) -> Any:
    if effect is None:
        return None
    address = reverse("effects:effect-detail", args=[effect.pk])
    return format_html('<a href="{}">Revision {}</a>, {}', address, effect.revision, effect.get_state_display().lower())


def buttons(request: Request, effect: Effect) -> list[Button]:
    """What may be done now; final effects offer nothing."""
    if effect.state in OVER:
        return []
    offered = [
        Button("Try again…", reverse("effects:effect-retry", args=[effect.pk]),
               policies.can_retry(effect, request.user), tone="primary", icon="refresh", key="a"),
    ]  # fmt: skip
    if effect.state == Effect.State.REJECTED and spec_of(effect).editable:
        offered.append(
            Button("Correct and try again…", reverse("effects:effect-correct", args=[effect.pk]),
                   policies.can_correct(effect, request.user), icon="edit", link=True)
        )  # fmt: skip
    if effect.state == Effect.State.WAITING and keeping.can_be_moved(effect):
        offered.append(
            Button("Into the next period…", reverse("effects:effect-next-period", args=[effect.pk]),
                   policies.can_move_on(effect, request.user, ENOUGH), icon="calendar-due")
        )  # fmt: skip
    if effect.state == Effect.State.UNKNOWN:
        offered.append(
            Button("It did not happen…", reverse("effects:effect-declare", args=[effect.pk]),
                   policies.can_declare(effect, request.user, ENOUGH), icon="circle-x", key="r")
        )  # fmt: skip
    elif effect.state in CANCELLABLE:
        offered.append(
            Button("Withdraw…", reverse("effects:effect-cancel", args=[effect.pk]),
                   policies.can_cancel(effect, request.user, ENOUGH), tone="danger", icon="ban", key="r")
        )  # fmt: skip
    return offered


CANCELLABLE = ("planned", "waiting", "rejected", "conflict")


def _about(effect: Effect) -> list[tuple[str, Any]]:
    amount = wording.money_html(effect.amount, effect.currency) if effect.amount is not None else None
    return known(("Effect", label(effect)), ("Where", str(effect.connection)), ("State", badge(state(effect))),
            ("Amount", amount))  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def effect_retry(request: Request, pk: int) -> HttpResponse:
    """Try again; an unknown outcome is asked about first."""
    effect = find(request, pk)
    confirm = Confirm(
        title=f"Try {effect.business_key} again",
        verb="Try again",
        back=reverse("effects:effect-detail", args=[pk]),
        form=SeenNoteForm(request.POST or None, initial={"seen": effect.state}),
        facts=_about(effect),
        consequence="Nothing is sent blindly: where the outcome is unknown, the target is asked first.",
        decision=policies.can_retry(effect, request.user),
    )

    def act(data: Any) -> Effect:
        still(data["seen"], find(request, pk).state)
        return effects.retry(effect_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is back in its lane.")


@screen(permission=SEE, methods=["GET", "POST"])
def effect_cancel(request: Request, pk: int) -> HttpResponse:
    """Withdraw what was certainly not done."""
    effect = find(request, pk)
    confirm = Confirm(
        title=f"Withdraw {effect.business_key}",
        verb="Withdraw",
        back=reverse("effects:effect-detail", args=[pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": effect.state}),
        facts=_about(effect),
        consequence="It will never be sent. Whoever asked for it is told.",
        decision=policies.can_cancel(effect, request.user, ENOUGH),
        tone="danger",
    )

    def act(data: Any) -> Effect:
        still(data["seen"], find(request, pk).state)
        return effects.cancel(effect_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is withdrawn.")


@screen(permission=SEE, methods=["GET", "POST"])
def effect_declare(request: Request, pk: int) -> HttpResponse:
    """A person has looked into the target: it did not happen."""
    effect = find(request, pk)
    confirm = Confirm(
        title=f"{effect.business_key} did not happen",
        verb="It did not happen",
        back=reverse("effects:effect-detail", args=[pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": effect.state}),
        facts=_about(effect),
        consequence=f"Look into {effect.connection} by our reference {effect.business_key} first. "
        "If it is there after all, declaring it rejected lets it be sent twice.",
        decision=policies.can_declare(effect, request.user, ENOUGH),
        tone="danger",
    )

    def act(data: Any) -> Effect:
        still(data["seen"], find(request, pk).state)
        return effects.declare_rejected(effect_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="Declared rejected.")
