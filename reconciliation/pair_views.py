"""Reconciliations of pairs: the list with how each stands, asking for a run, the run with its evidence."""

from tempfile import TemporaryFile
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import timeline
from integration_hub.console.actors import name_of
from integration_hub.console.buttons import Button
from integration_hub.console.columns import Column
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.export import XLSX, csv_lines, write_xlsx
from integration_hub.console.facts import known
from integration_hub.console.forms import day, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.progress import Phase, Progress
from integration_hub.console.screens import Empty, ListScreen, require, screen
from integration_hub.console.seen import SeenForm
from integration_hub.console.templatetags.console import when
from integration_hub.kernel.clock import now
from integration_hub.rules.models import DecisionTable
from integration_hub.trail import record
from integration_hub.trail.queries import timeline_of
from reconciliation import pair_queries, policies
from reconciliation.actions import pair_runs, suggestions
from reconciliation.matching import evidence
from reconciliation.matching.pairs import PAIRS, Pair
from reconciliation.matching.rules import TITLES, kind_name
from reconciliation.models import PairRun
from reconciliation.pair_tables import BreakTable, RunFilter, RunTable, period, verdict
from reconciliation.policies import SEE

EVENTS = 20
HERE = ("Reconciliation", "reconciliation:pair-list")

COLUMNS = [
    Column("pair", "Pair", accessor="pair.title"),
    Column("verdict", "Last verdict", accessor=lambda row: verdict(row.last).label),
    Column("at", "Reconciled", kind="datetime", accessor="last.finished_at"),
    Column("breaks", "Breaks", kind="number"),
    Column("timing", "Under way", kind="number"),
    Column("suggestions", "Suggested matches", kind="number"),
]


class RunForm(SeenForm):
    """What to reconcile; nothing said is everything."""

    legal_entity = forms.CharField(label="Legal entity", max_length=16, required=False, help_text="Empty: all")
    period_from = day("From", required=False)
    period_to = day("To before", required=False, help_text="The day after the last one. Empty: all time")


def here(*more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way to a page of this part."""
    return [(HERE[0], reverse(HERE[1])), *more]


@screen(permission=SEE)
def pair_list(request: Request) -> HttpResponseBase:
    """All pairs with how they stand; with `?format=` the same as a file."""
    rows = pair_queries.pairs(request.user)
    if (form := request.GET.get("format", "")) in ("csv", "xlsx"):
        return _file(request, form, rows)
    context = {
        "title": HERE[0],
        "lead": "Do two systems have the same items? Each pair is compared item by item, every day and when you ask.",
        "buttons": [
            Button("Breaks", reverse("reconciliation:break-list"), icon="alert-triangle", link=True),
            Button("Suggested matches", reverse("reconciliation:suggestion-list"), icon="layers-linked", link=True),
            Button("Runs", reverse("reconciliation:run-list"), icon="history", link=True),
        ],
        "rows": [(row, verdict(row.under_way or row.last)) for row in rows],
    }
    return render(request, "reconciliation/pair_list.html", context)


def _file(request: Request, form: str, rows: list[pair_queries.PairState]) -> HttpResponseBase:
    record.event(
        "console.list.exported", by=request.user, object_type="screen", object_id=request.path, label=HERE[0],
        columns=[column.name for column in COLUMNS], format=form,
    )  # fmt: skip
    name = f'attachment; filename="reconciliation-{now():%Y%m%d}.{form}"'
    if form == "csv":
        heading = f"{HERE[0]} · as of {now():%Y-%m-%dT%H:%M:%SZ}"
        lines = csv_lines(COLUMNS, rows, heading=heading)
        response: HttpResponseBase = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    else:
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        write_xlsx(file, COLUMNS, rows, about=[("list", HERE[0])], as_of=now())
        file.seek(0)
        response = FileResponse(file, content_type=XLSX)
    response["Content-Disposition"] = name
    return response


def find_pair(request: Request, name: str) -> Pair:
    """A pair whose items the person may see; Http404 for one that does not exist."""
    pair = PAIRS.find(name)
    if pair is None:
        raise Http404
    require(request.user, pair.view)
    return pair


@screen(permission=SEE)
def pair_detail(request: Request, name: str) -> HttpResponse:
    """One pair: its last run, what stands, how sure its ways are."""
    pair = find_pair(request, name)
    state = next(row for row in pair_queries.pairs(request.user) if row.name == name)
    run = reverse("reconciliation:pair-run", args=[name])
    rules = DecisionTable.objects.filter(kind=kind_name(name), status=DecisionTable.Status.PUBLISHED).count()
    context = {
        "title": pair.title,
        "lead": pair.about,
        "status": verdict(state.under_way or state.last),
        "breadcrumbs": here(),
        "buttons": [
            Button("Reconcile…", run, policies.can_reconcile(request.user, ""), tone="primary", icon="scale", key="a"),
            Button("Matching rules", f"{reverse('rules:table-list')}", icon="adjustments", link=True),
        ],
        "pair": pair,
        "state": state,
        "table": BreakTable(pair_queries.standing(request.user).filter(pair=name), request, name="breaks"),
        "precision": [(TITLES[way], bound) for way, bound in suggestions.precision(name).items()],
        "facts": known(
            ("Left", pair.left.name),
            ("Right", pair.right.name),
            ("Under way for up to", f"{int(pair.grace.total_seconds() // 3600)} hours"),
            ("Matching rules", f"{rules} published" if rules else "as delivered"),
            ("Last run", when(state.last.started_at) if state.last else None),
        ),
    }
    return render(request, "reconciliation/pair_detail.html", context)


@screen(permission=SEE, methods=["GET", "POST"])
def pair_run(request: Request, name: str) -> HttpResponse:
    """Have a pair reconciled."""
    pair = find_pair(request, name)
    confirm = Confirm(
        title=f"Reconcile {pair.title.lower()}",
        verb="Reconcile",
        back=reverse("reconciliation:pair-detail", args=[name]),
        form=RunForm(posted(request), initial={"seen": name}),
        facts=[("Left", pair.left.name), ("Right", pair.right.name)],
        consequence="Both sides are read and compared. What does not agree becomes a break with its exception.",
        decision=policies.can_reconcile(request.user, ""),
    )
    return decide(
        request,
        confirm,
        lambda data: pair_runs.request(
            pair=name, by=request.user, legal_entity=data["legal_entity"], period_from=data["period_from"],
            period_to=data["period_to"],
        ),
        done="It is being reconciled.",
        back=lambda run: reverse("reconciliation:run-detail", args=[run.pk]),
    )  # fmt: skip


class RunList(ListScreen):
    """Runs, newest first."""

    permission = SEE
    scope = None  # a run of all legal entities is for everybody; its breaks are shown by scope
    title = "Runs"
    lead = "Every reconciliation, kept so that it can be performed again."
    table_class = RunTable
    filterset_class = RunFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has been reconciled yet", "Every pair is reconciled once a day by itself.")

    def rows(self) -> "QuerySet[PairRun]":
        """Those a person may see."""
        return pair_queries.runs(self.request.user)

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the pairs."""
        return here()


def _find(request: Request, pk: int) -> PairRun:
    run = find_or_404(pair_queries.runs(request.user), request.user, scope=None, pk=pk)
    find_pair(request, run.pair)
    return run


@screen(permission=SEE)
def run_detail(request: Request, pk: int) -> HttpResponse:
    """One run: what it found, why it certifies nothing where it does not, its evidence."""
    run, user = _find(request, pk), request.user
    pair = PAIRS.get(run.pair)
    buttons = []
    if run.state == PairRun.State.DONE:
        buttons = [
            Button("Perform again…", reverse("reconciliation:run-verify", args=[pk]), icon="refresh"),
            Button("Manifest", reverse("reconciliation:run-manifest", args=[pk]), icon="download", link=True),
        ]
    context = {
        "title": f"{pair.title}, run {run.pk}",
        "lead": f"{pair.left.name} against {pair.right.name}",
        "status": verdict(run),
        "breadcrumbs": here((pair.title, reverse("reconciliation:pair-detail", args=[run.pair]))),
        "buttons": buttons,
        "run": run,
        "progress": progress(run),
        "read": sum(run.counts.get("rows", {}).values()),
        "agreed": [(TITLES[way], sums) for way, sums in run.counts.get("agreed", {}).items()],
        "kinds": pair_queries.kinds_of(run),
        "table": BreakTable(pair_queries.breaks(user).filter(last_run=run), request, name="breaks"),
        "facts": known(
            ("Legal entity", run.legal_entity or "all"),
            ("Period", period(run)),
            ("Asked for by", name_of(run.started_by)),
            ("Started", when(run.started_at)),
            ("Finished", when(run.finished_at) if run.finished_at else None),
            ("Digest of the outcome", run.result_digest),
        ),
        "entries": timeline.entries(timeline_of("reconciliation.pairrun", run.pk, limit=EVENTS)),
    }
    return render(request, "reconciliation/run_detail.html", context)


@screen(permission=SEE)
def run_progress(request: Request, pk: int) -> HttpResponse:
    """How far a run is: asked by its page while it goes on."""
    return render(request, "_components/progress.html", {"progress": progress(_find(request, pk))})


def progress(run: PairRun) -> Progress:
    """The phases of a run."""
    done, failed = run.state == PairRun.State.DONE, run.state == PairRun.State.FAILED
    begun = run.state != PairRun.State.WAITING
    compared: Any = "done" if done else "failed" if failed else "current" if begun else "waiting"
    phases = (
        Phase("Asked for", "done" if begun else "current"),
        Phase("Both sides read and compared", compared),
        Phase("Breaks and evidence kept", "done" if done else "waiting"),
    )  # fmt: skip
    rows = run.counts.get("rows", {})
    return Progress(
        id="run-progress", noun="items compared", done=sum(rows.values()), running=run.state in PairRun.UNDER_WAY,
        url=reverse("reconciliation:run-progress", args=[run.pk]), phases=phases, started_at=run.started_at,
        finished_at=run.finished_at, stuck=run.error,
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def run_verify(request: Request, pk: int) -> HttpResponse:
    """Perform a run again from its manifest."""
    run = _find(request, pk)
    confirm = Confirm(
        title=f"Perform run {run.pk} again",
        verb="Perform it again",
        back=reverse("reconciliation:run-detail", args=[pk]),
        form=SeenForm(posted(request), initial={"seen": run.result_digest or "none"}),
        facts=[("Digest of the outcome", run.result_digest)],
        consequence="It is compared again from the inputs, rules and decisions it kept. Nothing is changed.",
    )
    return decide(
        request,
        confirm,
        lambda data: pair_runs.verify(run=PairRun.objects.get(pk=pk), by=request.user),
        done=lambda same: "It gives the same outcome." if same else "It gives another outcome: tell the auditor.",
    )


@screen(permission=SEE)
def run_manifest(request: Request, pk: int) -> HttpResponse:
    """Everything the outcome follows from, as a file."""
    _find(request, pk)
    run = PairRun.objects.get(pk=pk)
    if not run.manifest:
        raise Http404
    digest = evidence.digest_of(run.manifest)
    content: dict[str, Any] = {"manifest": run.manifest, "digest": digest, "result_digest": run.result_digest}
    response = JsonResponse(content, json_dumps_params={"indent": 1, "sort_keys": True})
    response["Content-Disposition"] = f'attachment; filename="reconciliation-{run.pair}-{run.pk}.json"'
    return response
