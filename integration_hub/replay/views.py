"""Replay plans: the list, one with its forecast and outcomes, its items, and the decisions on it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integration_hub.console import timeline, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, NoteForm, ReasonForm
from integration_hub.console.http import Request, wants_partial
from integration_hub.console.progress import Phase, Progress
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import badge, when
from integration_hub.effects.actions.again import Prospect
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import User
from integration_hub.replay import policies, queries
from integration_hub.replay.actions import plans
from integration_hub.replay.filters import ItemFilter, PlanFilter
from integration_hub.replay.models import Plan, PlanItem
from integration_hub.replay.tables import FirstItems, ItemTable, PlanTable, state, word
from integration_hub.trail.queries import timeline_of

SEE = "hub_replay.view_plan"
EVENTS = 50
State = Plan.State
Data = Mapping[str, Any]


class PlanList(ListScreen):
    """Replay plans, newest first."""

    permission = SEE
    scope = None  # `rows` leaves out plans that hold anything of other legal entities
    title = "Replays"
    lead = "A frozen set of effects or source records that is worked again: forecast, approved, run slowly, kept."
    table_class = PlanTable
    filterset_class = PlanFilter
    template_name = "console/room_list.html"
    empty = Empty("No replay has been planned yet", "Plan one from the effects or the source records.")

    def rows(self) -> "QuerySet[Any]":
        """The plans a person may see whole."""
        return queries.visible_to(self.request.user)

    def buttons(self) -> list[Button]:
        """A new plan."""
        allowed = policies.can_plan(Plan.Kind.EFFECT, self.request.user)
        return [Button("New plan…", reverse("replay:plan-new"), allowed, "primary", "plus", link=True)]


def find(request: Request, pk: int) -> Plan:
    """A plan the person may see whole, or 404."""
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


@screen(permission=SEE)
def plan_detail(request: Request, pk: int) -> HttpResponse:
    """One plan: how far it is, what is foreseen, what became of it. Polled while it is forecast or runs."""
    plan = find(request, pk)
    foreseen, became = queries.totals(plan, "prospect"), queries.totals(plan, "outcome")
    going = plan.state in (State.FORECASTING, State.RUNNING) and not plan.failure
    right, ended = queries.hits(plan) if plan.taken else (0, 0)
    context = {
        "plan": plan,
        "title": plan.title,
        "lead": f"{plan.get_kind_display()} chosen by: {plan.told}",
        "status": state(plan),
        "key": f"replay {plan.pk}",
        "breadcrumbs": [("Replays", reverse("replay:plan-list"))],
        "buttons": buttons(request, plan),
        "progress": progress(plan, queries.counts(became), going),
        "going": going,
        "foreseen": [(total, _words(total.counts, Prospect)) for total in foreseen],
        "became": [(total, _words(total.counts, PlanItem.Outcome)) for total in became],
        "right": right,
        "ended": ended,
        "items": FirstItems(queries.items_of(plan).select_related("plan"), request, name="items"),
        "items_url": reverse("replay:item-list", args=[plan.pk]),
        "facts": facts(plan),
        "entries": timeline.entries(timeline_of(plans.OBJECT, plan.pk, limit=EVENTS)),
    }
    template = "replay/plan_detail.html"
    return render(request, f"{template}#live" if wants_partial(request) else template, context)


def _words(counts: Mapping[str, int], choices: Any) -> list[tuple[Any, int]]:
    return [(word(name, choices(name).label), count) for name, count in counts.items()]


def progress(plan: Plan, counts: Mapping[str, int], going: bool) -> Progress:
    """How far a plan is: forecast, approved, run."""
    running = plan.state in (State.RUNNING, State.PAUSED, State.DONE) or plan.taken > 0
    tones = {"created": "success", "refused": "danger", "unknown": "danger", "conflict": "danger"}
    return Progress(
        id="replay-progress",
        noun="items put back to work" if running else "items forecast",
        done=plan.taken if running else plan.foreseen,
        total=plan.size,
        running=going,
        phases=phases(plan),
        counts=tuple((str(PlanItem.Outcome(name).label), count, tones.get(name, "")) for name, count in counts.items()),
        started_at=plan.running_since if running else plan.updated_at if going else None,
        finished_at=plan.finished_at,
        at_start=plan.taken_before if running else 0,
        stuck=plan.failure,
    )


def phases(plan: Plan) -> tuple[Phase, ...]:
    """Chosen, forecast, approved, run."""
    at = {State.FORECASTING: 1, State.READY: 2, State.RUNNING: 3, State.PAUSED: 3, State.DONE: 4}.get(State(plan.state))
    if at is None:
        at = 3 if plan.approved_at else 2 if plan.forecast_at else 1
    cancelled = plan.state == State.CANCELLED
    by = plan.approved_by.label if plan.approved_by else ""
    words = ("Chosen", "Forecast", "Approved", "Run")
    details = (plan.planned_by.label, "", by, f"{plan.taken:,} of {plan.size:,}" if plan.taken else "")
    return tuple(
        Phase(label, "done" if number < at else "failed" if cancelled and number == at else
              "current" if number == at else "waiting", detail)
        for number, (label, detail) in enumerate(zip(words, details, strict=True))
    )  # fmt: skip


def facts(plan: Plan) -> list[tuple[str, Any]]:
    """The plan in facts."""
    return known(
        ("Why", plan.reason),
        ("Items", wording.number(plan.size)),
        ("Digest of the set", plan.digest[:16]),
        ("Legal entities", ", ".join(code for code in plan.legal_entities if code) or None),
        ("Items a minute, at most", wording.number(plan.per_minute)),
        ("Planned by", plan.planned_by.label),
        ("Planned", when(plan.created_at)),
        ("Forecast", when(plan.forecast_at) if plan.forecast_at else None),
        ("Second person", plan.four_eyes or ("not needed" if plan.forecast_at else None)),
        ("Approved by", plan.approved_by.label if plan.approved_by else None),
        ("Approved", when(plan.approved_at) if plan.approved_at else None),
        ("Finished", when(plan.finished_at) if plan.finished_at else None),
    )


class ItemList(ListScreen):
    """The items of one plan; as a file they are its report."""

    permission = SEE
    scope = None  # the plan itself is looked up within the person's legal entities
    title = "Items of a replay"
    table_class = ItemTable
    filterset_class = ItemFilter
    template_name = "console/room_list.html"
    empty = Empty("This plan has no items")

    def rows(self) -> "QuerySet[Any]":
        """The items of the plan in the address."""
        plan = find(self.request, int(self.kwargs["pk"]))
        return queries.items_of(plan).select_related("plan")

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Replays, then the plan."""
        pk = self.kwargs["pk"]
        return [("Replays", reverse("replay:plan-list")), ("Plan", reverse("replay:plan-detail", args=[pk]))]


# -- decisions -------------------------------------------------------------------------------------------------------


def buttons(request: Request, plan: Plan) -> list[Button]:
    """What may be decided now."""

    def button(label: str, verb: str, decision: Decision, **more: Any) -> Button:
        return Button(label, reverse(f"replay:plan-{verb}", args=[plan.pk]), decision, **more)

    user, offered = request.user, []
    if plan.state == State.READY:
        offered.append(button("Approve and run…", "approve", policies.can_approve(plan, user), tone="primary",
                              icon="circle-check", key="a"))  # fmt: skip
    if plan.state == State.READY or (plan.state == State.FORECASTING and plan.failure):
        offered.append(button("Forecast again…", "forecast", policies.can_forecast(plan, user), icon="refresh"))
    if plan.state == State.RUNNING:
        offered.append(button("Pause…", "pause", policies.can_pause(plan, user), icon="player-pause"))
    if plan.state == State.PAUSED:
        offered.append(button("Resume…", "resume", policies.can_resume(plan, user), tone="primary", icon="player-play"))
    if plan.state not in (State.DONE, State.CANCELLED):
        offered.append(button("Cancel…", "cancel", policies.can_cancel(plan, user), tone="danger", icon="ban", key="r"))
    return offered


def _decide(
    request: Request,
    pk: int,
    *,
    title: str,
    verb: str,
    form: type[DecisionForm],
    consequence: Callable[[Plan], str],
    policy: Callable[[Plan, User], Decision],
    act: Callable[..., Plan],
    done: str,
    tone: Any = "primary",
) -> HttpResponse:
    plan = find(request, pk)
    money = {total.currency: total.amount for total in queries.totals(plan, "prospect") if total.amount is not None}
    confirm = Confirm(
        title=f"{title}: {plan.title}",
        verb=verb,
        back=reverse("replay:plan-detail", args=[pk]),
        form=form(request.POST or None, initial={"version": plan.version}),
        facts=known(("Items", wording.number(plan.size)), ("Chosen by", plan.told), ("Why", plan.reason),
                    ("State", badge(state(plan))), ("Currencies", ", ".join(sorted(money)) or None),
                    ("Put back to work so far", wording.number(plan.taken) if plan.taken else None)),
        consequence=consequence(plan),
        decision=policy(plan, request.user),
        tone=tone,
    )  # fmt: skip

    def decided(data: Data) -> Plan:
        more = {name: data[name] for name in ("reason",) if name in data}
        if "note" in data:
            more["reason"] = data["note"]
        return act(plan_id=pk, by=request.user, seen_version=data["version"], **more)

    return decide(request, confirm, decided, done=done)


@screen(permission=SEE, methods=["GET", "POST"])
def plan_approve(request: Request, pk: int) -> HttpResponse:
    """Let the frozen set run."""
    return _decide(
        request, pk, title="Approve", verb="Approve and run", form=NoteForm, policy=policies.can_approve,
        act=plans.approve, done="It runs.",
        consequence=lambda plan: f"Exactly these {plan.size:,} items are put back to work, at most {plan.per_minute:,} "
        "a minute. What has changed since it was chosen is left alone.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def plan_forecast(request: Request, pk: int) -> HttpResponse:
    """Forecast the same set anew."""
    return _decide(
        request, pk, title="Forecast again", verb="Forecast again", form=DecisionForm, policy=policies.can_forecast,
        act=plans.forecast_again, done="It is forecast anew.",
        consequence=lambda plan: "The same items are judged by how things stand now. Nothing is sent.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def plan_pause(request: Request, pk: int) -> HttpResponse:
    """Take no further items for now."""
    return _decide(
        request, pk, title="Pause", verb="Pause", form=NoteForm, policy=policies.can_pause, act=plans.pause,
        done="It is paused.",
        consequence=lambda plan: "No further item is put back to work; those under way are finished.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def plan_resume(request: Request, pk: int) -> HttpResponse:
    """Go on where it stopped."""
    return _decide(
        request, pk, title="Resume", verb="Resume", form=NoteForm, policy=policies.can_resume, act=plans.resume,
        done="It goes on.", consequence=lambda plan: f"The remaining {plan.size - plan.taken:,} items follow.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def plan_cancel(request: Request, pk: int) -> HttpResponse:
    """Run nothing more of it."""
    return _decide(
        request, pk, title="Cancel", verb="Cancel the plan", form=ReasonForm, policy=policies.can_cancel,
        act=plans.cancel, done="It is cancelled.", tone="danger",
        consequence=lambda plan: f"The remaining {plan.size - plan.taken:,} items are left alone for good; what was "
        "put back to work goes its way.",
    )  # fmt: skip
