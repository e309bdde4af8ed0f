"""Changes of billed work: the list, one with what accepting it brings, and the two decisions."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from billing import late_words, policies, simulated, simulation
from billing.actions import late_decisions
from billing.filters import LateChangeFilter
from billing.forms import AcceptChangeForm
from billing.models import LateChange
from billing.tables.late import LateChangeTable, work_of
from integration_hub.cases.models import Case
from integration_hub.console import links, timeline
from integration_hub.console.actors import name_of
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.filters import Standing
from integration_hub.console.forms import ReasonForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import ago_html, money_html
from integration_hub.trail.queries import timeline_of

VIEW = "billing.view_latechange"


def rows() -> "QuerySet[LateChange]":
    """Changes with all that a page shows of them."""
    return LateChange.objects.select_related(*late_decisions.PARTS)


class LateChangeList(ListScreen):
    """What sources say of billed work after it was billed."""

    permission = VIEW
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Late changes"
    lead = "Work that its source changed or deleted after it was billed. Nothing moves until somebody decides."
    template_name = "contracts/list.html"
    table_class = LateChangeTable
    filterset_class = LateChangeFilter
    standing = Standing("Status", "open", left_out=~Q(status="open"), unless=("status",))
    empty = Empty("No change waits", "What is billed is what the sources say, or somebody decided.", kind="done")

    def rows(self) -> "QuerySet[Any]":
        return rows()


def _find(request: Request, pk: int) -> LateChange:
    return find_or_404(rows(), request.user, pk=pk)


@screen(permission=VIEW)
def detail(request: Request, pk: int) -> HttpResponse:
    """A change: before and after, what accepting it would bring, and who decided."""
    change = _find(request, pk)
    context = {
        "title": work_of(change),
        "lead": late_words.in_short(change),
        "status": badge(change.status, change.get_status_display()),
        "key": change.work_key,
        "breadcrumbs": [("Late changes", reverse("billing:latechange-list"))],
        "buttons": _buttons(change, request),
        "change": change,
        "differences": late_words.differences(change),
        "facts": _facts(change),
        "links": _links(change),
        "entries": timeline.entries(timeline_of("billing.latechange", change.pk, limit=50)),
    }
    if change.status == LateChange.Status.OPEN:
        context["brought"] = late_words.panel(change)[0]
        context["simulation"] = simulated.panel(lambda: simulation.of_late_change(change))
    return render(request, "billing/late_change_detail.html", context)


def _buttons(change: LateChange, request: Request) -> list[Button]:
    if change.status != LateChange.Status.OPEN:
        return []
    accept, refuse = policies.can_accept_change(change, request.user), policies.can_refuse_change(change, request.user)
    at = {name: reverse(f"billing:latechange-{name}", args=[change.pk]) for name in ("accept", "refuse")}
    return [
        Button("Accept…", at["accept"], accept, "primary", "circle-check", "a"),
        Button("Refuse…", at["refuse"], refuse, icon="circle-x"),
    ]


def _facts(change: LateChange) -> list[tuple[str, Any]]:
    def money(amount: Any) -> Any:
        return None if amount is None else money_html(amount, change.currency)

    return known(
        ("Billed, net", money(change.billed)),
        ("Contract", str(change.contract) if change.contract else None),
        ("Legal entity", change.legal_entity.code if change.legal_entity else None),
        ("Stated", ago_html(change.created_at)),
        ("Decided by", name_of(change.decided_by) if change.decided_by else None),
        ("Decided", ago_html(change.decided_at) if change.decided_at else None),
        ("Reason", change.reason),
        ("Credited, net", money(change.credited)),
        ("Billed anew, net", money(change.charged)),
    )


def _links(change: LateChange) -> list[tuple[str, str]]:
    found = []
    if change.contract_id:
        found.append(("Contract", reverse("contracts:contract-detail", args=[change.contract_id])))
    if version := change.source_version:
        trace = links.trace_of("source", f"{version.connection.code}/{version.entity}/{version.source_id}")
        found.append(("Source record", trace))
    return [(label, url) for label, url in found if url]


@screen(permission=VIEW, methods=["GET", "POST"])
def accept(request: Request, pk: int) -> HttpResponse:
    """Show what it credits and bills, then let what the source states take the place of what is billed."""
    change = _find(request, pk)
    details, brought = _figures(change) if request.method == "GET" else (None, None)
    initial: dict[str, Any] = {"version": change.version}
    if brought is not None:
        initial |= {"credited": brought.credited, "charged": brought.charged}
    confirm = Confirm(
        title="Accept this change of billed work?",
        verb="Accept it",
        form=AcceptChangeForm(posted(request), initial=initial),
        back=reverse("billing:latechange-detail", args=[pk]),
        facts=_question(change),
        details=details,
        consequence="The next billing run makes the credit memo and the invoice of it; others approve them first.",
        decision=policies.can_accept_change(change, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: late_decisions.accept(
            change_id=pk,
            by=request.user,
            seen_version=data["version"],
            reason=data["note"],
            credited=data["credited"],
            charged=data["charged"],
        ),
        done="Accepted: what was billed of it is to be credited, and billed anew.",
    )


def _figures(change: LateChange) -> tuple[SafeString | None, late_decisions.Brought | None]:
    if change.status != LateChange.Status.OPEN:
        return None, None
    shown, brought = late_words.panel(change)
    whole = simulated.panel(lambda: simulation.of_late_change(change))
    return mark_safe(f"{shown}{whole}"), brought  # noqa: S308 both are templates


def _question(change: LateChange) -> list[tuple[str, Any]]:
    return [
        ("Work", work_of(change)),
        ("Contract", str(change.contract) if change.contract else None),
        *((row.label, format_html("{} → {}", row.was, row.now)) for row in late_words.differences(change)),
    ]


@screen(permission=VIEW, methods=["GET", "POST"])
def refuse(request: Request, pk: int) -> HttpResponse:
    """Say why what is billed stands."""
    change = _find(request, pk)
    confirm = Confirm(
        title="Refuse this change of billed work?",
        verb="Refuse it",
        form=ReasonForm(posted(request), initial={"version": change.version}),
        back=reverse("billing:latechange-detail", args=[pk]),
        facts=_question(change),
        consequence="What is billed stands, and the difference to the source is kept here. Only another change of its "
        "source asks again. Tell whoever keeps the source: it still says otherwise.",
        decision=policies.can_refuse_change(change, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: late_decisions.refuse(
            change_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
        done="Refused: what is billed stands.",
    )


def fix(case: Case, request: Request) -> SafeString:
    """On the page of its case: what changed, and the way to the decision."""
    change = rows().filter(work_key=case.root_cause, status=LateChange.Status.OPEN).first()
    if change is None:
        return SafeString()
    context = {
        "change": change,
        "differences": late_words.differences(change),
        "accept": policies.can_accept_change(change, request.user),
    }
    return mark_safe(render_to_string("billing/_late_fix.html", context))  # noqa: S308 a template
