"""Billable work: the list, and one piece of work with the decision about it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import policies, queries, set_aside, sheets, tables
from billing.actions import late, waivers
from billing.explain import explain
from billing.filters import WorkFilter
from billing.forms import WaiveForm
from billing.models import BillableEvent, Piece
from billing.naming import work_title
from billing.views.write_downs import for_ticked, ways_for_work
from contracts.models import Task
from integration_hub.console import links
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.columns import Column
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Table
from integration_hub.console.wording import day_html, hours, money_html, number, yes_no

NARROW = ("contract", "project", "person")


class WorkList(ListScreen):
    """All delivered work, piece by piece."""

    permission = "billing.view_piece"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Billable work"
    lead = "Every hour, expense, fee and milestone, and what we concluded about it."
    template_name = "billing/work_list.html"
    table_class = tables.ChosenWork
    filterset_class = WorkFilter
    empty = Empty("No work yet", "Approved time and expenses arrive from the PSA.")

    def rows(self) -> "QuerySet[Any]":
        return queries.current_pieces()

    def bulk_buttons(self) -> list[Button]:
        """What is done with the ticked work."""
        return for_ticked(self.request.user)

    def context(self) -> dict[str, Any]:
        """Sums per state and how far the billing is, once the filters are narrow enough to add up."""
        if not any(self.request.GET.get(name) for name in NARROW):
            return {"states": [], "standings": []}
        chosen = WorkFilter(self.request.GET, queryset=self._scoped(), request=self.request)
        rows = chosen.qs if chosen.is_valid() else Piece.objects.none()
        sums = queries.by_state(rows)
        labels = dict(Piece.State.choices)
        shown = [(labels[state], sums[state]) for state in labels if state in sums]
        return {
            "states": [(label, found.money, tables.sum_words(found)) for label, found in shown],
            "standings": tables.standing_rows(sheets.standings(rows)),
        }


@screen(permission="billing.view_billableevent")
def work_detail(request: Request, pk: int) -> HttpResponse:
    """One version of delivered work: facts, pieces, the decision in words, earlier versions, the raw trace folded."""
    rows = BillableEvent.objects.select_related(
        "contract", "project", "resource", "legal_entity", "line", "milestone", "source_version__connection"
    )
    event = find_or_404(rows, request.user, pk=pk)
    decision = queries.decision_of(event)
    pieces = _pieces(event, decision)
    context = {
        "title": work_title(event),
        "status": badge(pieces[0].state, pieces[0].get_state_display()) if len(pieces) == 1 else None,
        "key": event.work_key,
        "breadcrumbs": _way_to(event),
        "buttons": [*_buttons(event, request), *ways_for_work(pieces, request.user)],
        "event": event,
        "current": event if event.is_current else BillableEvent.objects.filter(
            work_key=event.work_key, is_current=True).first(),
        "facts": _facts(event),
        "pieces": [(piece, hours(piece.minutes / 60) if piece.minutes is not None else "") for piece in pieces],
        "decision": decision,
        "write_downs": list(set_aside.of_work([event.work_key])[:10]),
        "late": late.standing([event.work_key]).get(event.work_key),
        "explanation": explain(decision, pieces) if decision else None,
        "versions": VersionTable(queries.versions_of(event), request, name="versions"),
        "decisions": list(event.decisions.select_related("contract_version").prefetch_related("pieces")[:20]),
        "source_url": _source_url(event),
    }  # fmt: skip
    return render(request, "billing/work_detail.html", context)


@screen(permission="billing.view_piece", methods=["GET", "POST"])
def waive(request: Request, pk: int) -> HttpResponse:
    """Ask why, then bill work that came too late all the same."""
    rows = BillableEvent.objects.select_related("legal_entity", "contract", "resource", "milestone", "line")
    event = find_or_404(rows, request.user, pk=pk)
    confirm = Confirm(
        title="Waive the time bar?",
        verb="Waive it",
        form=WaiveForm(posted(request)),
        back=reverse("billing:work-detail", args=[pk]),
        facts=[("Work", work_title(event)), ("Contract", str(event.contract))],
        consequence="The work is billed as if it had come in time. The waiver is kept with your name.",
        decision=policies.can_waive(event, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: waivers.waive(event_id=pk, reason=data["reason"], by=request.user),
        done="The waiver is recorded; the work is decided again.",
    )


def _pieces(event: BillableEvent, decision: Any) -> list[Piece]:
    parts = ("candidate_line__candidate", "line", "cap", "bill_to__customer")
    rows = Piece.objects.filter(event=event).select_related(*parts)
    rows = rows.filter(is_current=True) if event.is_current else rows.filter(decision=decision)
    return list(rows.order_by("number"))


def _way_to(event: BillableEvent) -> list[tuple[str, str]]:
    way = [("Billable work", reverse("billing:work-list"))]
    if event.contract is not None:
        way.append((event.contract.number, reverse("contracts:contract-detail", args=[event.contract.pk])))
    return way


def _buttons(event: BillableEvent, request: Request) -> list[Button]:
    entity = event.legal_entity.code if event.legal_entity else ""
    place = reverse("billing:hold-place") + f"?scope=event&target={event.work_key}"
    waiver = policies.can_waive(event, request.user)
    waive = [Button("Waive the time bar", reverse("billing:work-waive", args=[event.pk]), waiver, icon="hourglass")]
    found = waive if waiver.allowed else []
    found += [Button("Place a hold", place, policies.can_place_hold(request.user, entity), icon="hand-stop")]
    if trace := links.trace_of("event", str(event.pk)):
        found.append(Button("Trace", trace, icon="route", link=True))
    return found


def _facts(event: BillableEvent) -> list[tuple[str, Any]]:
    return [
        ("Kind", event.get_kind_display()),
        ("Service date", day_html(event.service_date)),
        ("Person", event.resource.name if event.resource else None),
        ("Role", event.role or (event.resource.role if event.resource else None)),
        ("Project", event.project.code if event.project else None),
        ("Task", _task(event)),
        ("Category", event.category),
        ("Worked", hours(event.minutes / 60) if event.minutes is not None else None),
        ("Units", number(event.quantity) if event.quantity is not None else None),
        ("Amount", money_html(event.amount, event.currency) if event.amount is not None else None),
        ("Approval", event.get_approval_display()),
        ("Chargeable in the source", yes_no(event.chargeable)),
        ("Legal entity", event.legal_entity.code if event.legal_entity else None),
        ("Note", event.description),
    ]


def _task(event: BillableEvent) -> str:
    """The task by name where the PSA gave one, with its code."""
    name = Task.objects.filter(project=event.project_id, code=event.task_code).values_list("name", flat=True).first()
    return f"{name} ({event.task_code})" if name else event.task_code


def _source_url(event: BillableEvent) -> str:
    version = event.source_version
    if version is None:
        return ""
    return links.trace_of("source", f"{version.connection.code}/{version.entity}/{version.source_id}")


class VersionTable(Table):
    """Versions of one piece of delivered work."""

    caption = "Versions"
    default_sort = "-version"
    columns = [
        Column("version", "Version", accessor=lambda row: f"v{row.version}"),
        Column("service_date", "Service date", kind="date"),
        Column("hours", "Hours", kind="hours", accessor=tables.hours_of),
        Column("amount", "Amount", kind="money"),
        Column("approval", "Approval", kind="badge"),
        Column("source", "Source version", accessor="source_version.version"),
        Column("state", "State", accessor=lambda row: version_state(row)),
        Column("recorded_at", "Recorded", kind="datetime"),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.pk])


def version_state(row: BillableEvent) -> str:
    """Whether a version counts."""
    if row.is_deleted:
        return "Deleted in the source"
    return "Current" if row.is_current else "Superseded"
