"""Billing runs: start one, watch it, see its control totals."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import policies, queries, tables
from billing.actions import runs
from billing.filters import RunFilter
from billing.forms import StartRunForm
from billing.models import BillingRun, Candidate
from integration_hub.console import timeline
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404, wants_partial
from integration_hub.console.progress import Phase, Progress
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenReasonForm, still
from integration_hub.console.wording import day_html, number, when_html
from integration_hub.kernel.clock import today
from integration_hub.kernel.decision import Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.queries import timeline_of


class RunList(ListScreen):
    """All billing runs."""

    permission = "billing.view_billingrun"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Billing runs"
    lead = "Each run turns what is due and billable through a day into invoice candidates."
    template_name = "contracts/list.html"
    table_class = tables.RunTable
    filterset_class = RunFilter
    empty = Empty("No run yet", "Start one to turn billable work into invoice candidates.")

    def rows(self) -> "QuerySet[Any]":
        return BillingRun.objects.select_related("legal_entity", "started_by").annotate(made=Count("candidates"))

    def buttons(self) -> list[Button]:
        allowed = may_start(self.request.user)
        return [Button("Start a run", reverse("billing:run-start"), allowed, "primary", "player-play")]


def may_start(user: User) -> Decision:
    """Whether the person may start runs at all."""
    if not user.legal_entities and not user.all_legal_entities:
        return deny("No legal entity is assigned to you.")
    return policies.can_start_run(user, next(iter(user.legal_entities), ""))


@screen(permission="billing.view_billingrun", methods=["GET", "POST"])
def run_start(request: Request) -> HttpResponse:
    """Start a run for one of the person's legal entities."""
    end = today().replace(day=1) - timedelta(days=1)
    given = {"through": end, "invoice_date": end, "legal_entity": request.GET.get("legal_entity", "")}
    confirm = Confirm(
        title="Start a billing run",
        verb="Start",
        form=StartRunForm(posted(request), user=request.user, initial=given),
        back=reverse("billing:run-list"),
        consequence="Candidates of this legal entity that nobody approved are built anew. Nothing is sent to the ERP.",
        decision=may_start(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: runs.start(
            legal_entity=data["legal_entity"],
            through=data["through"],
            invoice_date=data["invoice_date"],
            by=request.user,
        ),
        done="The run has started.",
        back=lambda run: reverse("billing:run-detail", args=[run.pk]),
    )


def _shown(request: Request, pk: int) -> BillingRun:
    return find_or_404(BillingRun.objects.select_related("legal_entity", "started_by"), request.user, pk=pk)


@screen(permission="billing.view_billingrun")
def run_detail(request: Request, pk: int) -> HttpResponse:
    """A run: how far it is, what it made, and its control totals."""
    run = _shown(request, pk)
    progress = progress_of(run, request.user)
    context = {
        "title": f"Run {run.pk} · {run.legal_entity.code}",
        "status": badge(run.state, run.get_state_display()),
        "breadcrumbs": [("Billing runs", reverse("billing:run-list"))],
        "run": run,
        "progress": progress,
        "going": progress.running,
        "stopped": f"Stopped by {run.stop_asked_by}.",
        "totals": [(currency, _figures(figures)) for currency, figures in sorted(run.control_totals.items())],
        "facts": _facts(run),
        "groups": queries.groups(run.candidates.all()),
        "candidates": tables.RunCandidates(_candidates(run), request, name="candidates"),
        "entries": timeline.entries(timeline_of("billing.billingrun", run.pk, limit=20)),
    }
    template = "billing/run_detail.html"
    return render(request, f"{template}#live" if wants_partial(request) else template, context)


@screen(permission="billing.view_billingrun", methods=["GET", "POST"])
def run_stop(request: Request, pk: int) -> HttpResponse:
    """Ask a run to stop after the contract it is at."""
    run = _shown(request, pk)
    confirm = Confirm(
        title=f"Stop run {run.pk} of {run.legal_entity.code}",
        verb="Stop",
        form=SeenReasonForm(posted(request), initial={"seen": run.state}),
        back=reverse("billing:run-detail", args=[pk]),
        facts=[("Contracts gone through", number(run.contracts_done)), ("Started", when_html(run.started_at))],
        consequence="It stops after the contract it is at. The candidates it built stand, the other contracts keep "
        "theirs from earlier runs. Nothing is sent to the ERP.",
        decision=policies.can_stop_run(run, request.user),
        tone="danger",
    )

    def act(data: Any) -> BillingRun:
        still(data["seen"], _shown(request, pk).state)
        return runs.stop(run_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It stops after the contract it is at.")


def progress_of(run: BillingRun, user: User) -> Progress:
    """How far a run is: contract by contract candidates are built, then each is quoted and checked."""
    found = queries.progress_of(run)
    building, failed = run.state == BillingRun.State.RUNNING, run.state == BillingRun.State.FAILED
    checking = not building and found.waiting > 0
    built: Literal["current", "failed", "done"] = "current" if building else "failed" if failed else "done"
    checked: Literal["current", "waiting", "done"] = "current" if checking else "waiting" if building else "done"
    stop = Button("Stop…", reverse("billing:run-stop", args=[run.pk]), policies.can_stop_run(run, user), icon="ban")
    return Progress(
        id="progress",
        noun="candidates checked" if checking else "contracts gone through",
        done=found.checked if checking else run.contracts_done,
        total=found.built if checking else run.contracts_total,
        running=(building or checking) and not found.stuck,
        phases=(
            Phase("Build candidates", built, f"{found.built:,} built" if found.built else ""),
            Phase("Quote tax and check", checked, f"{found.checked:,} of {found.built:,}" if found.built else ""),
        ),
        counts=(("Contracts left out", run.contracts_left_out, "danger"),) if run.contracts_left_out else (),
        started_at=run.started_at,
        finished_at=None if checking else run.finished_at,
        cancel=stop if building else None,
        stuck=found.stuck,
    )


def _candidates(run: BillingRun) -> "QuerySet[Candidate]":
    return run.candidates.select_related(*queries.CANDIDATE_PARTS)


def _facts(run: BillingRun) -> list[tuple[str, Any]]:
    return [
        ("Work through", day_html(run.through)),
        ("Invoice date", day_html(run.invoice_date)),
        ("Started by", run.started_by.label),
        ("Started", when_html(run.started_at)),
        ("Finished", when_html(run.finished_at) if run.finished_at else None),
    ]


_PARTS = (
    ("value", "Billable work"),
    ("reserved", "In candidates"),
    ("posted", "Posted before"),
    ("carried", "Carried on"),
    ("difference", "Difference"),
)


def _figures(figures: dict[str, str]) -> list[tuple[str, str, bool]]:
    """Control totals as (label, amount, wrong); the difference must be nought."""
    return [
        (label, figures.get(key, "0"), key == "difference" and Decimal(figures.get(key, "0")) != 0)
        for key, label in _PARTS
    ]
