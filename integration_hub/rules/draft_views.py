"""A draft run over stored decisions: asked for, watched, stopped, and read by whoever publishes the draft."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integration_hub.console import timeline
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import day, posted
from integration_hub.console.http import Request, wants_partial
from integration_hub.console.progress import Progress
from integration_hub.console.screens import screen
from integration_hub.console.seen import SeenReasonForm, still
from integration_hub.console.wording import number, when_html
from integration_hub.kernel.clock import today
from integration_hub.people.models import User
from integration_hub.rules import policies, queries
from integration_hub.rules.actions import draft_runs
from integration_hub.rules.draft_tables import DecisionsOtherwise, DocumentsOtherwise
from integration_hub.rules.models import DecisionTable, DraftRun
from integration_hub.rules.registry import KINDS
from integration_hub.trail.queries import timeline_of

SEE = "hub_rules.view_decisiontable"
EVENTS = 20
CUSTOMERS = 50
"""Customers that are added up on the page; the documents of all are listed."""


class DraftRunForm(forms.Form):
    """Whose decisions, about which days."""

    legal_entity = forms.ChoiceField(label="Legal entity")
    first = day("From", help_text="First day of what was decided about, e.g. of the work.")
    last = day("To", help_text="Last day, included.")

    def __init__(self, *args: Any, entities: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["legal_entity"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        mine = [(code, code) for code in entities]
        field.choices = mine if len(mine) == 1 else [("", "Choose…"), *mine]


@screen(permission=SEE, methods=("GET", "POST"))
def run_start(request: Request, pk: int) -> HttpResponse:
    """Have a draft run over what was decided."""
    row = get_object_or_404(queries.visible_to(request.user), pk=pk)
    entities = entities_of(row, request.user)
    begin = (today().replace(day=1) - timedelta(days=1)).replace(day=1)
    initial = {"first": begin, "last": today(), "legal_entity": entities[0] if len(entities) == 1 else ""}
    confirm = Confirm(
        title=f"Run version {row.number} over what was decided",
        verb="Run",
        form=DraftRunForm(posted(request), entities=entities, initial=initial),
        back=reverse("rules:table-detail", args=[pk]),
        facts=[("Table", KINDS.get(row.kind).title), ("Decides for", row.legal_entity or "all legal entities")],
        consequence="Everything decided about these days is decided again by this draft. Nothing of it is kept but "
        "what it shows: which decisions, and which documents, would be others.",
        decision=policies.can_run_draft(row, request.user, entities[0] if entities else row.legal_entity),
    )
    return decide(
        request,
        confirm,
        lambda data: draft_runs.start(
            table_id=pk, legal_entity=data["legal_entity"], first=data["first"], last=data["last"], by=request.user
        ),
        done="The run has started.",
        back=lambda run: reverse("rules:draft-run", args=[run.pk]),
    )


def entities_of(row: DecisionTable, user: User) -> list[str]:
    """The legal entities that a person may run a draft for."""
    history = KINDS.get(row.kind).history
    known_here = history.legal_entities() if history is not None else ()
    return [code for code in known_here if user.may_see(code) and row.legal_entity in ("", code)]


def _find(request: Request, pk: int) -> DraftRun:
    return get_object_or_404(queries.runs_for(request.user), pk=pk)


@screen(permission=SEE)
def run_detail(request: Request, pk: int) -> HttpResponse:
    """A run: how far it is and what would have come out otherwise."""
    run = _find(request, pk)
    customers = list(queries.by_customer(run)[: CUSTOMERS + 1])
    context = {
        "title": f"Draft run {run.pk} · {run.legal_entity}",
        "lead": f"{KINDS.get(run.table.kind).title}, version {run.table.number}, tried on what was decided.",
        "status": badge(run.state, run.get_state_display()),
        "breadcrumbs": [("Decision tables", reverse("rules:table-list")), (str(run.table), _table_url(run))],
        "run": run,
        "going": run.state == DraftRun.State.RUNNING,
        "progress": _progress(run, request.user),
        "warning": warning(run),
        "totals": list(queries.by_currency(run)),
        "customers": customers[:CUSTOMERS],
        "more": CUSTOMERS if len(customers) > CUSTOMERS else 0,
        "reasons": sorted(run.undecidable.items()),
        "documents": DocumentsOtherwise(queries.with_difference(run.documents.all()), request, name="documents"),
        "decisions": DecisionsOtherwise(queries.with_difference(run.decisions.all()), request, name="decisions"),
        "listed": draft_runs.LISTED if run.changed > draft_runs.LISTED else 0,
        "facts": _facts(run),
        "entries": timeline.entries(timeline_of(draft_runs.OBJECT, run.pk, limit=EVENTS)),
    }
    template = "rules/draft_run.html"
    return render(request, f"{template}#live" if wants_partial(request) else template, context)


@screen(permission=SEE, methods=("GET", "POST"))
def run_stop(request: Request, pk: int) -> HttpResponse:
    """Ask a run to stop."""
    run = _find(request, pk)
    confirm = Confirm(
        title=f"Stop draft run {run.pk}",
        verb="Stop",
        form=SeenReasonForm(posted(request), initial={"seen": run.state}),
        back=reverse("rules:draft-run", args=[pk]),
        facts=[
            (f"{_noun(run).capitalize()} gone through", number(run.units_done)),
            ("Started", when_html(run.started_at)),
        ],
        consequence="What it found so far stays, marked as not whole.",
        decision=policies.can_stop_run(run, request.user),
        tone="danger",
    )

    def act(data: Mapping[str, Any]) -> DraftRun:
        still(data["seen"], _find(request, pk).state)
        return draft_runs.stop(run_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It stops after what it is at.")


def summaries(row: DecisionTable, user: User) -> list[dict[str, Any]]:
    """The last run of a version for each legal entity, for its page: what it came to, and why not to rely on it."""
    return [
        {
            "run": run,
            "url": reverse("rules:draft-run", args=[run.pk]),
            "status": badge(run.state, run.get_state_display()),
            "warning": warning(run),
            "totals": list(queries.by_currency(run)),
        }
        for run in queries.last_runs(row, user)
    ]


def warning(run: DraftRun) -> str:
    """Why what a run shows is not what this draft would do; empty where it is."""
    if run.table.status in DecisionTable.OPEN and queries.outdated(run):
        return "The rules were edited after this run: it does not show what the draft would do now."
    if run.state == DraftRun.State.STOPPED:
        return "The run was stopped: what is behind the point it reached was not looked at."
    if run.state == DraftRun.State.FAILED:
        return "The run failed: what is behind the point it reached was not looked at."
    return ""


def told(row: DecisionTable, user: User) -> list[tuple[str, Any]]:
    """The last run in facts for whoever is about to publish."""
    if KINDS.get(row.kind).history is None:
        return []
    runs = queries.last_runs(row, user)
    if not runs:
        return [("Run over what was decided", "Never: nobody has seen what it would change")]
    return [(f"Run over what was decided, {run.legal_entity}", _in_words(run)) for run in runs]


def _in_words(run: DraftRun) -> str:
    """When it was run, over what, what it came to, and what to mind."""
    counted = f"{number(run.changed)} of {number(run.examined)} decisions would come out otherwise"
    if run.not_decidable:
        counted += f", {number(run.not_decidable)} are not decidable"
    sums = ", ".join(_difference(total) for total in queries.by_currency(run)) or "none"
    said = f"{_days(run)}, by {run.started_by.label}: {counted}. Difference on documents, net: {sums}."
    return " ".join(filter(None, (said, warning(run))))


def _difference(total: Mapping[str, Any]) -> str:
    amount: Decimal = total["difference"]
    return f"{amount:+,.2f} {total['currency']}"


def _days(run: DraftRun) -> str:
    return f"{run.first:%d %b %Y} to {run.last:%d %b %Y}"


def _table_url(run: DraftRun) -> str:
    return reverse("rules:table-detail", args=[run.table_id])


def _noun(run: DraftRun) -> str:
    history = KINDS.get(run.table.kind).history
    return history.noun if history is not None else "parts"


def _progress(run: DraftRun, user: User) -> Progress:
    running = run.state == DraftRun.State.RUNNING
    stop = Button("Stop…", reverse("rules:draft-run-stop", args=[run.pk]), policies.can_stop_run(run, user), icon="ban")
    return Progress(
        id="progress",
        noun=f"{_noun(run)} gone through",
        done=run.units_done,
        total=run.units_total,
        running=running,
        started_at=run.started_at,
        finished_at=run.finished_at,
        cancel=stop if running else None,
    )


def _facts(run: DraftRun) -> list[tuple[str, Any]]:
    return known(
        ("Decisions of", run.legal_entity),
        ("About", _days(run)),
        ("Started by", run.started_by.label),
        ("Started", when_html(run.started_at)),
        ("Finished", when_html(run.finished_at) if run.finished_at else None),
        ("Digest of what went in", run.digest[:16] or None),
    )
