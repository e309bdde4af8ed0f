"""A document as PDF, the time and expenses behind it as PDF and as files."""

from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from billing import queries, tables
from billing.actions import papers
from billing.models import Candidate, Paper
from billing.papers import backup
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import DecisionForm, posted
from integration_hub.console.http import Request, find_or_404, wants_partial
from integration_hub.console.progress import Progress
from integration_hub.console.screens import Empty, ListScreen, require, screen
from integration_hub.kernel.errors import NotReady

SEE = "billing.view_candidate"
SEE_WORK = "billing.view_piece"


def buttons(candidate: Candidate) -> list[Button]:
    """The ways from a candidate or its invoice to what a client reads."""
    return [
        Button("PDF", address(candidate, Paper.Kind.DOCUMENT), icon="download", link=True),
        Button("Time and expenses", reverse("billing:candidate-entries", args=[candidate.pk]), icon="list-details",
               link=True),
    ]  # fmt: skip


def address(candidate: Candidate, kind: str, step: str = "") -> str:
    """The address of a paper, or of a step to it."""
    return reverse(f"billing:candidate-{kind}{step}", args=[candidate.pk])


def _find(request: Request, pk: int, kind: str) -> Candidate:
    if kind == Paper.Kind.BACKUP:
        require(request.user, SEE_WORK)
    return find_or_404(Candidate.objects.select_related(*queries.CANDIDATE_PARTS), request.user, pk=pk)


@screen(permission=SEE)
def paper(request: Request, pk: int, kind: str) -> HttpResponse:
    """The file; where it is long and not set yet, the page that has it set."""
    candidate = _find(request, pk, kind)
    try:
        file = papers.hand_out(draft=papers.draft_of(candidate, kind), by=request.user)
    except NotReady:
        return HttpResponseRedirect(address(candidate, kind, "-making"))
    return as_download(file)


def as_download(file: papers.File) -> HttpResponse:
    """A file as an answer."""
    response = HttpResponse(file.body, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@screen(permission=SEE)
def making(request: Request, pk: int, kind: str) -> HttpResponse:
    """How far a long paper is; or why there is none."""
    candidate = _find(request, pk, kind)
    context: dict[str, Any] = {
        "title": f"{Paper.Kind(kind).label} of {candidate.number}",
        "breadcrumbs": [(candidate.number, reverse("billing:candidate-detail", args=[pk]))],
        "candidate": candidate,
        "file_url": address(candidate, kind),
    }
    try:
        draft = papers.draft_of(candidate, kind)
    except NotReady as reason:
        return render(request, "billing/paper.html", context | {"refused": str(reason)}, status=409)
    found = papers.current(draft)
    ask = Button("Have it set", address(candidate, kind, "-order"), version=candidate.version, tone="primary")
    context |= {
        "draft": draft,
        "paper": found,
        "short": not papers.is_long(draft),
        "ask": None if found is not None and found.state != Paper.State.FAILED else ask,
        "progress": _progress(found) if found is not None else None,
        "going": found is not None and found.state == Paper.State.MAKING,
    }
    template = "billing/paper.html"
    return render(request, f"{template}#live" if wants_partial(request) else template, context)


def _progress(found: Paper) -> Progress:
    return Progress(
        id="progress",
        noun="parts set",
        done=found.parts_done,
        total=found.parts_total,
        running=found.state == Paper.State.MAKING,
        started_at=found.created_at,
        finished_at=found.finished_at,
    )


@screen(permission=SEE, methods=["GET", "POST"])
def order(request: Request, pk: int, kind: str) -> HttpResponse:
    """Have a long paper set."""
    candidate = _find(request, pk, kind)
    confirm = Confirm(
        title=f"Have {Paper.Kind(kind).label.lower()} of {candidate.number} set",
        verb="Have it set",
        form=DecisionForm(posted(request), initial={"version": candidate.version}),
        back=address(candidate, kind, "-making"),
        consequence="The workers set it part by part; nothing else waits for it.",
    )
    return decide(
        request,
        confirm,
        lambda data: papers.order(draft=papers.draft_of(candidate, kind), by=request.user),
        done="It is being set.",
    )


class EntryList(ListScreen):
    """The entries behind one candidate's lines; as a file they are the detail that a client asks for."""

    permission = SEE_WORK
    scope: ClassVar[str | None] = "legal_entity__code"
    table_class = tables.EntryTable
    template_name = "console/list.html"
    empty = Empty("No work is behind its lines", "A concession lowers the price of lines; the work stays billed.")

    @cached_property
    def candidate(self) -> Candidate:
        """The candidate in the address, within the person's legal entities."""
        return _find(self.request, int(self.kwargs["pk"]), Paper.Kind.BACKUP)

    @property
    def title(self) -> str:  # type: ignore[override]  # it names the document
        """What the entries are behind."""
        return f"Time and expenses of {self.candidate.number}"

    def rows(self) -> "QuerySet[Any]":
        """The pieces on its lines."""
        return backup.pieces(self.candidate).select_related("event__resource", "candidate_line", "line")

    def buttons(self) -> list[Button]:
        """The same as PDF."""
        return [Button("PDF", address(self.candidate, Paper.Kind.BACKUP), icon="download", link=True)]

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Candidates, then this one."""
        row = self.candidate
        return [
            ("Invoice candidates", reverse("billing:candidate-list")),
            (row.number, reverse("billing:candidate-detail", args=[row.pk])),
        ]
