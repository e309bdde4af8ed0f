"""File drop: drop a file, look at it through the mapping, apply it, see what came of it."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from integration_hub.canonical import nouns
from integration_hub.console import timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenForm, still
from integration_hub.console.templatetags.console import number, when
from integration_hub.intake import policies
from integration_hub.intake.actions import files
from integration_hub.intake.filedrop import report
from integration_hub.intake.filters import FileFilter
from integration_hub.intake.forms import FileForm
from integration_hub.intake.models import FileDrop, Run
from integration_hub.intake.tables import FeedRuns, FileTable, file_state
from integration_hub.intake.views import for_all, without_secrets
from integration_hub.kernel.errors import BadInput, ThroughlineError
from integration_hub.mapping.models import Mapping
from integration_hub.trail.queries import timeline_of

SEE, DROP = "hub_intake.view_filedrop", "hub_intake.drop_file"
PREVIEW = 20
EVENTS = 30


class FileList(ListScreen):
    """Dropped files, newest first."""

    permission = SEE
    scope = None  # a file holds records of every legal entity; `rows` leaves it to people who see all
    title = "Files"
    lead = "Exports of systems without an API: dropped here or into a watched folder, looked at, then applied."
    table_class = FileTable
    filterset_class = FileFilter
    template_name = "console/room_list.html"
    empty = Empty("No file has been dropped yet", "Drop the first one; nothing is applied before you have seen it.")

    def rows(self) -> "QuerySet[FileDrop]":
        """Files with who dropped them."""
        rows = without_secrets(FileDrop.objects.select_related("dropped_by"), "connection")
        return for_all(rows, self.request.user)

    def buttons(self) -> list[Button]:
        """Dropping one."""
        may = policies.can_drop(self.request.user)
        return [Button("Drop a file", reverse("intake:file-add"), may, tone="primary", icon="upload", link=True)]


@screen(permission=DROP, methods=["GET", "POST"])
def file_add(request: Request) -> HttpResponse:
    """Drop a file with its companion and control totals."""
    form = FileForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        drop = _drop(request, form) if form.is_valid() else None
        if drop is not None:
            messages.success(request, f"{drop.name} is here. Nothing is applied yet: look at it first.")
            return HttpResponseRedirect(reverse("intake:file-detail", args=[drop.pk]))
        status = 422
    context = {"title": "Drop a file", "breadcrumbs": [("Files", reverse("intake:file-list"))], "form": form}
    return render(request, "intake/file_add.html", context, status=status)


def _drop(request: Request, form: FileForm) -> FileDrop | None:
    data = form.cleaned_data
    companion = data.get("companion")
    try:
        return files.drop(
            connection=data["feed"].connection,
            entity=data["feed"].entity,
            name=data["file"].name,
            stream=data["file"],
            by=request.user,
            companion=files.Companion(companion.name, companion, data["key"]) if companion else None,
            totals=form.totals(),
        )
    except BadInput as wrong:
        for problem in wrong.problems:
            form.add_error("file", str(problem))
    except ThroughlineError as refusal:
        form.add_error(None, str(refusal))
    return None


def find(request: Request, pk: int) -> FileDrop:
    """A file, or 404."""
    rows = for_all(without_secrets(FileDrop.objects.select_related("dropped_by"), "connection"), request.user)
    found: FileDrop = find_or_404(rows, request.user, scope=None, pk=pk)
    return found


@screen(permission=SEE)
def file_detail(request: Request, pk: int) -> HttpResponse:
    """One file: preview through a mapping (`?mapping=` version), its runs and result."""
    drop = find(request, pk)
    mappings = list(_mappings(drop))
    chosen = next((row for row in mappings if str(row.version) == request.GET.get("mapping")), None)
    look, problem = _preview(drop, chosen)
    runs = Run.objects.filter(file=drop).select_related("feed", "file")
    context = {
        "drop": drop,
        "title": drop.name,
        "status": file_state(drop),
        "lead": f"{nouns.many(drop.entity)} for {drop.connection}",
        "breadcrumbs": [("Files", reverse("intake:file-list"))],
        "buttons": buttons(drop, request),
        "facts": facts(drop),
        "mappings": mappings,
        "chosen": chosen,
        "preview": look.rows,
        "statements": look.statements,
        "preview_problem": problem,
        "good": sum(row.after is not None for row in look.rows),
        "last_run": runs.order_by("-pk").first(),
        "runs": FeedRuns(runs, request, name="runs"),
        "entries": timeline.entries(timeline_of("file", drop.pk, limit=EVENTS)),
    }
    return render(request, "intake/file_detail.html", context)


def _mappings(drop: FileDrop) -> "QuerySet[Mapping]":
    """Mappings a file can be looked at through: the one in force first, then drafts."""
    rows = Mapping.objects.filter(connection=drop.connection.code, entity=drop.entity)
    return rows.exclude(status=Mapping.Status.SUPERSEDED).order_by("-status", "-version")


def _preview(drop: FileDrop, mapping: Mapping | None) -> tuple[files.Look, str]:
    try:
        return files.look(file=drop, mapping=mapping, rows=PREVIEW), ""
    except (ThroughlineError, OSError) as error:
        return files.Look([]), str(error)


def facts(drop: FileDrop) -> list[tuple[str, Any]]:
    """The file in facts, and what its sender says about it."""
    told = drop.manifest
    companion = told.get("companion") or {}
    sums = told.get("sums") or told.get("control_totals") or {}
    return known(
        ("Connection", str(drop.connection)),
        ("Holds", nouns.many(drop.entity)),
        ("Bytes", number(drop.bytes)),
        ("Dropped", when(drop.dropped_at)),
        ("Dropped by", drop.dropped_by.label if drop.dropped_by else "the watched folder or a command"),
        ("Applied", when(drop.applied_at) if drop.applied_at else None),
        ("Companion", f"{companion['name']} by {companion['key']}" if companion else None),
        ("Records, says its sender", number(told["records"]) if told.get("records") is not None else None),
        *[(f"Sum of {column}, says its sender", str(value)) for column, value in sums.items()],
        ("SHA-256", drop.sha256[:16]),
    )


def buttons(drop: FileDrop, request: Request) -> list[Button]:
    """Applying it, for the first time or again."""
    again = drop.state != FileDrop.State.PREVIEWED
    may = policies.can_apply(drop, request.user)
    label = "Apply again…" if again else "Apply…"
    tone: Any = "default" if again else "primary"
    return [Button(label, reverse("intake:file-apply", args=[drop.pk]), may, tone=tone, icon="check", key="a")]


@screen(permission=SEE, methods=["GET", "POST"])
def file_apply(request: Request, pk: int) -> HttpResponse:
    """Load a file in the background; the run shows how far it is."""
    drop = find(request, pk)
    look, problem = _preview(drop, None)
    rows = look.rows
    good = sum(row.after is not None for row in rows)
    confirm = Confirm(
        title=f"Apply {drop.name}",
        verb="Apply",
        back=reverse("intake:file-detail", args=[pk]),
        form=SeenForm(request.POST or None, initial={"seen": drop.state}),
        facts=[
            ("Connection", str(drop.connection)),
            ("Holds", nouns.many(drop.entity)),
            (f"Of the first {len(rows)} rows", problem or f"{good} would be applied"),
        ],
        consequence="Good rows are applied, wrong rows are refused with the reason. Applying it twice changes nothing.",
        decision=policies.can_apply(drop, request.user),
    )

    def act(data: Any) -> Run:
        current = find(request, pk)
        still(data["seen"], current.state)
        return files.apply(file=current, by=request.user)

    def to_run(run: Run) -> str:
        return reverse("intake:run-detail", args=[run.pk])

    return decide(request, confirm, act, done=f"{drop.name} is being loaded.", back=to_run)


@screen(permission=SEE)
def file_errors(request: Request, pk: int) -> HttpResponseBase:
    """What is wrong with the rows of a file, as CSV."""
    drop = find(request, pk)
    response = StreamingHttpResponse(report.lines(drop), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="file-{drop.pk}-errors.csv"'
    response["Cache-Control"] = "no-store"
    return response
