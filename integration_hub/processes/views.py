"""Processes: where each one stands, the picture of one, resuming it or giving it up."""

from typing import Any

from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.cases.queries import for_target
from integration_hub.console import swimlanes, timeline, wording
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenNoteForm, SeenReasonForm, still
from integration_hub.console.swimlanes import Stop
from integration_hub.console.templatetags.console import badge, when
from integration_hub.effects import naming
from integration_hub.effects.tables import state as effect_state
from integration_hub.processes import engine, policies, queries
from integration_hub.processes.filters import ProcessFilter
from integration_hub.processes.models import Process, Step
from integration_hub.processes.tables import ProcessTable, definition_title, state
from integration_hub.trail.queries import timeline_of

SEE = "hub_processes.view_process"
EVENTS = 50
ASKED = "asked"
"""Stands for a reason when a policy is only asked whether the button may be pressed."""


class ProcessList(ListScreen):
    """Processes; those that need a person first."""

    permission = SEE
    scope = "legal_entity"
    title = "Processes"
    lead = "What goes in named steps over several systems, and is undone step by step when one fails for good."
    table_class = ProcessTable
    filterset_class = ProcessFilter
    template_name = "processes/process_list.html"
    empty = Empty("No process has been started yet", "Activations and amendments appear here.")

    def rows(self) -> "QuerySet[Any]":
        """Processes with the step each stands at, ranked: waiting, undoing, running, then the rest."""
        ranks = [When(state=name, then=Value(9 - index)) for index, name in enumerate(("waiting", "compensating"))]
        ranks.append(When(state="running", then=Value(5)))
        current = Step.objects.filter(process=OuterRef("pk"), state__in=["running", "failed", "undoing"])
        return Process.objects.defer("data").annotate(
            stands_at=Subquery(current.order_by("number").values("name")[:1]),
            rank=Case(*ranks, default=Value(0), output_field=IntegerField()),
        )

    def context(self) -> dict[str, Any]:
        """Where all open processes stand, per saga."""
        return {"standings": [standing(row) for row in queries.standings(self.request.user)]}


def find(request: Request, pk: int) -> Process:
    """A process within the person's scope, or 404."""
    return find_or_404(Process.objects.all(), request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE)
def process_detail(request: Request, pk: int) -> HttpResponse:
    """One process: its steps, the effects they planned, what happened."""
    process = find(request, pk)
    picture = queries.picture(process)
    context = {
        "process": process,
        "title": process.label,
        "lead": picture.title,
        "status": state(process),
        "breadcrumbs": [("Processes", reverse("processes:process-list"))],
        "buttons": buttons(process, request),
        "picture": swimlanes.draw(stops(picture), LANES),
        "details": [_detail(step) for step in picture.steps],
        "facts": facts(process),
        "cases": for_target(engine.SUBJECT, process.pk),
        "runs": queries.of_key(process.definition, process.business_key).exclude(pk=process.pk),
        "entries": timeline.entries(timeline_of(engine.SUBJECT, process.pk, limit=EVENTS)),
    }
    return render(request, "processes/process_detail.html", context)


def _detail(step: queries.StepPicture) -> tuple[queries.StepPicture, str, Badge | None, str]:
    """A step, what its effect does, the state of that, and when."""
    if step.effect is None:
        return step, "", None, _when(step)
    return step, naming.title(step.effect), effect_state(step.effect), _when(step)


def _when(step: queries.StepPicture) -> str:
    """When a step ended or began, in one short line."""
    if step.finished_at is not None:
        return f"ended {wording.ago(step.finished_at)}"
    return f"since {wording.ago(step.started_at)}" if step.started_at is not None else ""


LANES = {"person": "Person", "hub": "Throughline", "crm": "CRM", "psa": "PSA", "erp": "ERP", "tax": "Tax engine"}
TONES = {
    "done": "success",
    "running": "progress",
    "undoing": "warning",
    "failed": "danger",
    "undone": "warning",
    "overdue": "danger",
}


def stops(picture: queries.Picture) -> list[Stop]:
    """The steps for the picture; one that waits for a person stands in the person's lane meanwhile."""
    waits = picture.process.state == Process.State.WAITING
    return [_stop(step, waits and step == picture.current) for step in picture.steps]


def _stop(step: queries.StepPicture, waits: bool) -> Stop:
    note = f"due {step.due_at:%d %b %H:%M}" if waits and step.due_at else ""
    return Stop(
        label=step.title,
        lane="person" if waits else step.lane,
        state="Overdue" if step.overdue else step.state_label,
        tone=TONES.get("overdue" if step.overdue else step.state, "neutral"),
        note=note,
        url=reverse("effects:effect-detail", args=[step.effect.pk]) if step.effect is not None else "",
        current=step.state in queries.STANDING,
    )


def standing(row: queries.Standing) -> tuple[str, int, swimlanes.Picture]:
    """(title with version, open processes, picture with how many stand at each step)."""
    version = row.definition.version
    drawn = [
        Stop(spec.title, spec.lane, "Nobody here" if not (count := row.counts.get(spec.name, 0)) else
             f"{count:,} here", "progress" if count else "neutral", current=bool(count))
        for spec in row.definition.steps
    ]  # fmt: skip
    title = row.definition.title if version == 1 else f"{row.definition.title}, version {version}"
    return title, row.total, swimlanes.draw(drawn, LANES)


def facts(process: Process) -> list[tuple[str, Any]]:
    """The process in facts."""
    return known(
        ("What", definition_title(process)),
        ("Business key", process.business_key),
        ("Version", process.definition_version),
        ("Attempt", process.attempt),
        ("Legal entity", process.legal_entity or None),
        ("Started", when(process.started_at)),
        ("Finished", when(process.finished_at) if process.finished_at else None),
        ("Why it stopped", process.failure or None),
        ("Act", process.correlation_id or None),
    )


def buttons(process: Process, request: Request) -> list[Button]:
    """Resuming and giving up, as far as the state allows either."""
    if process.state not in (Process.State.WAITING, Process.State.COMPENSATING):
        return []
    offered = [Button("Try the step again…", reverse("processes:process-resume", args=[process.pk]),
                      policies.can_resume(process, request.user), tone="primary", icon="refresh", key="a")]  # fmt: skip
    if process.state == Process.State.WAITING:
        offered.append(Button("Give up and undo…", reverse("processes:process-give-up", args=[process.pk]),
                              policies.can_give_up(process, request.user, ASKED), tone="danger",
                              icon="arrow-back-up", key="r"))  # fmt: skip
    return offered


def _seen(process: Process) -> str:
    return f"{process.state} {process.version}"


@screen(permission=SEE, methods=["GET", "POST"])
def process_resume(request: Request, pk: int) -> HttpResponse:
    """Try again the step that waits for a person."""
    process = find(request, pk)
    confirm = Confirm(
        title=f"Try the step of {process.label} again",
        verb="Try again",
        back=reverse("processes:process-detail", args=[pk]),
        form=SeenNoteForm(request.POST or None, initial={"seen": _seen(process)}),
        facts=[("Process", definition_title(process)), ("State", badge(state(process))),
               ("It stopped because", process.failure or None)],
        consequence="The step it stands at is tried again; earlier steps are not repeated.",
        decision=policies.can_resume(process, request.user),
    )  # fmt: skip

    def act(data: Any) -> Process:
        still(data["seen"], _seen(find(request, pk)))
        return engine.resume(pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="The step is tried again.")


@screen(permission=SEE, methods=["GET", "POST"])
def process_give_up(request: Request, pk: int) -> HttpResponse:
    """Stop waiting and undo what was done."""
    process = find(request, pk)
    done = [step.title for step in queries.picture(process).steps if step.state == "done" and step.can_be_undone]
    confirm = Confirm(
        title=f"Give up {process.label}",
        verb="Give up and undo",
        back=reverse("processes:process-detail", args=[pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": _seen(process)}),
        facts=[("Process", definition_title(process)), ("Will be undone", ", ".join(reversed(done)) or "nothing")],
        consequence="Earlier steps are undone one by one, the last one first, also in the other systems.",
        decision=policies.can_give_up(process, request.user, ASKED),
        tone="danger",
    )

    def act(data: Any) -> Process:
        still(data["seen"], _seen(find(request, pk)))
        return engine.give_up(pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is being undone.")
