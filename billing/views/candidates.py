"""Invoice candidates: the list by group, and the page an approver decides on."""

from typing import Any, ClassVar

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import ahead, assigned, changes, policies, queries, tables, taxes, withheld
from billing.actions import approvals, checks
from billing.engine.readiness import Check
from billing.filters import CandidateFilter
from billing.models import (
    Approval,
    Candidate,
    CapEntry,
    CreditMemo,
    CreditOrder,
    DepositOrder,
    Hold,
    Invoice,
    Piece,
    RetentionRelease,
)
from billing.views import papers
from billing.views.bulk import for_ticked
from billing.views.seen import as_shown, decision_url
from contracts import pictures
from integration_hub.cases.queries import for_target
from integration_hub.console import links, timeline
from integration_hub.console.badges import Badge, badge
from integration_hub.console.buttons import Button
from integration_hub.console.filters import Standing
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.query import edited
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import day_html, money_html
from integration_hub.effects.models import Effect
from integration_hub.effects.queries import proof
from integration_hub.effects.tables import what as what_effect
from integration_hub.kernel.money import ZERO
from integration_hub.trail.queries import timeline_of

ORDER = ("needs_attention", "returned", "building", "rejected", "ready", "approved", "posting", "posted", "dissolved")
RANK = Case(
    *(When(status=status, then=Value(place)) for place, status in enumerate(ORDER)), output_field=IntegerField()
)
SETTLED = ("posted", "dissolved")


class CandidateList(ListScreen):
    """Candidates; open ones unless a group or a status is chosen, and the list says so."""

    permission = "billing.view_candidate"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Invoice candidates"
    lead = "Proposed invoices, from what they still lack to the ERP's number."
    template_name = "billing/candidate_list.html"
    table_class = tables.ChosenCandidates
    filterset_class = CandidateFilter
    empty = Empty("No open candidate", "Everything built so far is posted. A billing run makes new ones.", kind="done")

    standing = Standing("Status", "open", left_out=Q(status__in=SETTLED), unless=("group", "status"))

    def rows(self) -> "QuerySet[Any]":
        return Candidate.objects.select_related(*queries.CANDIDATE_PARTS).annotate(rank=RANK)

    def buttons(self) -> list[Button]:
        from billing.views.runs import may_start

        allowed = may_start(self.request.user)
        return [Button("Start a run", reverse("billing:run-start"), allowed, icon="player-play")]

    def bulk_buttons(self) -> list[Button]:
        """What is done with the ticked ones."""
        return for_ticked(self.request.user)

    def context(self) -> dict[str, Any]:
        """The groups with count, age and money."""
        current = self.request.GET.get("group", "")
        return {
            "groups": [
                (group, edited(self.request.GET, drop=["after", "before", "status"],
                               group=None if group.key == current else group.key), group.key == current)
                for group in queries.groups(queries.candidates_for(self.request.user))
            ]
        }  # fmt: skip


@screen(permission="billing.view_candidate")
def candidate_detail(request: Request, pk: int) -> HttpResponse:
    """Everything an approver decides on, and what became of it."""
    candidate = find_or_404(Candidate.objects.select_related(*queries.CANDIDATE_PARTS), request.user, pk=pk)
    events = list(timeline_of("billing.candidate", pk, limit=60))
    found = checks.questions(candidate) if candidate.status not in Candidate.BEYOND_CHECKS else []
    context = {
        "title": candidate.number,
        "status": badge(candidate.status, candidate.get_status_display()),
        "lead": f"{candidate.kind_words} · {candidate.bill_to.customer.name} · {candidate.contract.name}",
        "breadcrumbs": _way_to(candidate),
        "buttons": _buttons(candidate, request, events[0].pk if events else 0),
        "candidate": candidate,
        "money": {name: money_html(getattr(candidate, name), candidate.currency) for name in ("net", "tax", "gross")},
        "steps": _steps(candidate),
        "next": _next(candidate, found),
        "facts": _facts(candidate),
        "lines": _lines(candidate, request),
        "assigned": assigned.told(candidate.lines.order_by("number")),
        "work": tables.BehindTable(queries.behind(candidate), request, name="work"),
        "checks": _checklist(found),
        "open_checks": [check for check in found if not check.ok],
        "approval": _approvals(candidate),
        "moved": _moved(candidate, request, events[0].pk if events else 0),
        "limits": _limits(candidate),
        "tax": (tax := taxes.of_candidate(candidate.pk)),
        "tax_why": taxes.difference(tax),
        "effects": [effect_of(effect) for effect in queries.effects_of(candidate)],
        "invoice": Invoice.objects.filter(candidate=candidate).first(),
        "memo": CreditMemo.objects.filter(candidate=candidate).first(),
        "cases": [(case, links.address("case", case.pk)) for case in for_target("billing.candidate", pk)],
        "holds": _holds(candidate),
        "entries": timeline.entries(events),
    }
    return render(request, "billing/candidate_detail.html", context)


def _lines(candidate: Candidate, request: Request) -> Any:
    credit = candidate.kind == Candidate.Kind.CREDIT_MEMO
    table = tables.CreditLineTable if credit else tables.CandidateLineTable
    rows = candidate.lines.select_related("candidate", *(("corrects__invoice",) if credit else ()))
    return table(rows, request, name="lines")


def _way_to(candidate: Candidate) -> list[tuple[str, str]]:
    contract = reverse("contracts:contract-detail", args=[candidate.contract_id])
    return [("Invoice candidates", reverse("billing:candidate-list")), (candidate.contract.number, contract)]


def _buttons(candidate: Candidate, request: Request, last_event: int) -> list[Button]:
    """What can be decided now: each with the policy's answer, bound to what this page shows."""
    user, status = request.user, candidate.status

    def offer(label: str, name: str, allowed: Any, tone: Any = "default", icon: str = "", key: str = "") -> Button:
        return Button(label, decision_url(f"billing:candidate-{name}", candidate, last_event), allowed, tone, icon, key)

    approve = offer("Approve", "approve", approvals.can_approve(candidate, user), "primary", "circle-check", "a")
    post = offer("Post to the ERP", "post", policies.can_post(candidate, user), "primary", "send", "a")
    back = offer("Return", "return", policies.can_return(candidate, user), icon="arrow-back-up", key="r")
    check = offer("Check again", "check", policies.can_refresh(candidate, user), icon="refresh")
    undo = offer("Dissolve", "dissolve", policies.can_dissolve(candidate, user), icon="arrows-split")
    trace = Button("Trace", links.trace_of("candidate", str(candidate.pk)), icon="route", link=True)
    read = papers.buttons(candidate)
    if status in SETTLED:
        return [*read, trace]
    if status in {"approved", "posting", "rejected"}:
        return [post, *([back] if status == "approved" else []), check, undo, *read, trace]
    return [approve, back, *ahead.candidate_buttons(candidate, user), check, undo, *read, trace]


_PATH = (("Checked", "ready"), ("Approved", "approved"), ("Sent to the ERP", "posting"), ("Posted", "posted"))
_REACHED = {"ready": 1, "approved": 2, "posting": 3, "rejected": 3, "posted": 4}


def _steps(candidate: Candidate) -> list[dict[str, Any]]:
    """The way of a candidate: built, checked, approved, sent, posted."""
    reached = 1 + _REACHED.get(candidate.status, 0)
    if candidate.status == "dissolved":
        return []
    labels = ["Built", *(label for label, _ in _PATH)]
    stopped = candidate.status in {"needs_attention", "returned", "rejected"}
    mark = reached - 1 if candidate.status == "rejected" else reached
    steps = []
    for index, label in enumerate(labels):
        state = "done" if index < mark else "waiting"
        if index == mark:
            state = "failed" if stopped else "current"
        steps.append({"label": label, "state": state})
    return steps


def _next(candidate: Candidate, found: list[Check]) -> tuple[str, str, str] | None:
    """The one next step in words: (tone, title, text)."""
    stopping = [check for check in found if not check.ok and check.level == "stop"]
    status = candidate.status
    if status == "returned":
        return "warning", "Returned.", f"{candidate.returned_reason} Correct what it says, then check it again."
    if status == "rejected":
        return "danger", "The ERP refused it.", candidate.returned_reason
    if status == "needs_attention" and stopping:
        owner = tables.role_name(stopping[0].owner_role)
        more = f" And {len(stopping) - 1} more below." if len(stopping) > 1 else ""
        said = f"{stopping[0].detail} {stopping[0].remedy}".strip()
        return "warning", stopping[0].message, f"{said} ({owner}){more}"
    if status == "building":
        return "info", "Tax and checks are on their way.", "Reload in a moment."
    if status == "posting":
        return "info", "On its way to the ERP.", "Its number appears here as soon as the ERP has confirmed it."
    return None


def _facts(candidate: Candidate) -> list[tuple[str, Any]]:
    order = candidate.purchase_order
    return [
        ("Document", candidate.kind_words),
        ("Bill to", candidate.bill_to.customer.name),
        *_share(candidate),
        ("Legal entity", f"{candidate.legal_entity.code} · {candidate.legal_entity.name}"),
        ("Contract", candidate.contract.number),
        ("Purchase order", order.number if order else None),
        ("Payment terms", candidate.contract.payment_terms),
        *withheld.of_document(candidate),
        *ahead.of_document(candidate),
        *paid_by_retainer(candidate),
        ("Invoice date", day_html(candidate.invoice_date)),
        ("Accounting date", day_html(candidate.accounting_date)),
        ("Work through", day_html(candidate.through)),
        ("Prepared by", candidate.prepared_by.label),
        ("Run", f"Run {candidate.run_id}" if candidate.run_id else None),
        *_asked(candidate),
    ]


def _share(candidate: Candidate) -> list[tuple[str, Any]]:
    """Which part of the work its payer is billed, two where the split changed within it; nothing where it is all."""
    pieces = Piece.objects.filter(candidate_line__candidate=candidate, bill_to__isnull=False)
    parts = pieces.order_by("percent").values_list("percent", flat=True).distinct()
    told = " and ".join(f"{part.normalize():f} %" for part in parts if part is not None)
    return [("Share of the work", told)] if told else []


def _asked(candidate: Candidate) -> list[tuple[str, Any]]:
    """Why somebody asked for it, where somebody did."""
    if candidate.is_release:
        return [("Reason", RetentionRelease.objects.get(candidate=candidate).reason)]
    if candidate.is_deposit:
        return [("Reason", DepositOrder.objects.get(candidate=candidate).reason)]
    order = CreditOrder.objects.filter(candidate=candidate).select_related("invoice").first()
    if order is None:
        return []
    return [("Reason", order.get_reason_display()), ("Effect", order.treatment), ("Note", order.note)]


def paid_by_retainer(document: Candidate | Invoice) -> list[tuple[str, object]]:
    """What prepaid retainers pay of a document, and what is due beside that; nothing where they pay nothing."""
    if not document.drawdown:
        return []
    return [
        ("Paid from retainer", money_html(document.drawdown, document.currency)),
        ("Due in cash", money_html(document.gross - document.drawdown, document.currency)),
    ]


_LEVEL = {"stop": ("Stops it", "danger", "circle-x"), "warn": ("Look", "warning", "alert-triangle"),
          "note": ("Note", "info", "info-circle")}  # fmt: skip


def _checklist(found: list[Check]) -> list[tuple[Check, Badge, str]]:
    """Questions with their badge and owner, open ones first, in the order of the list."""
    told = []
    for check in sorted(
        found, key=lambda check: (check.ok, {"stop": 0, "warn": 1, "note": 2}[check.level], check.number)
    ):
        words, tone, icon = _LEVEL[check.level]
        mark = Badge("Yes", "success", "check") if check.ok else Badge(words, tone, icon)  # type: ignore[arg-type]
        told.append((check, mark, tables.role_name(check.owner_role) if check.owner_role else ""))
    return told


def _approvals(candidate: Candidate) -> dict[str, Any]:
    """How many people are needed, who decided what on which figures."""
    wanted = approvals.required(candidate)
    standing = approvals.standing(candidate, wanted)
    given, needed = len(standing.counted), standing.needed
    rows = Approval.objects.filter(candidate=candidate).select_related("by", "delegation__giver")
    return {
        "needed": needed,
        "given": given,
        "words": f"{given} of {needed}",
        "tone": "success" if standing.complete else "",
        "missing": len(standing.missing),
        "refused": standing.refused,
        "wanted": wanted,
        "rows": [(row, row.content_hash[:8], _verdict(row)) for row in rows],
        "hash": candidate.content_hash[:8],
    }


def _moved(candidate: Candidate, request: Request, last_event: int) -> dict[str, Any] | None:
    """What moved since the person approved it, to be approved again from here; None where nothing is to be."""
    last = changes.lapsed(candidate, request.user)
    if last is None or candidate.status in Candidate.BEYOND_CHECKS:
        return None
    return {
        "at": last.at,
        "rows": changes.between(last.content, checks.content(candidate)),
        "delegation": last.delegation_id,
        "seen": as_shown(candidate, last_event),
        "allowed": policies.can_approve(candidate, request.user, last.delegation),
    }


def _verdict(row: Approval) -> Badge:
    if row.verdict == Approval.Verdict.RETURNED:
        return Badge("Returned", "warning", "arrow-back-up")
    if row.lapsed_at is not None:
        return Badge("Lapsed: figures moved", "neutral", "history")
    return Badge("Approved", "success", "circle-check")


def _limits(candidate: Candidate) -> list[dict[str, Any]]:
    """What the candidate does to purchase order and caps."""
    reserved = candidate.status not in SETTLED and candidate.kind == Candidate.Kind.INVOICE
    found = []
    if (order := candidate.purchase_order) is not None:
        found.append(
            pictures.limit(
                f"PO {order.number}", "Purchase order", limit=order.amount, reserved=order.reserved,
                committed=order.committed, currency=order.currency, until=order.expires_on,
                this=candidate.worked if reserved else ZERO,
            )
        )  # fmt: skip
    rows = CapEntry.objects.filter(candidate=candidate, kind="reserve")
    entries = rows.select_related("cap__line", "cap__bill_to__customer")
    for entry in entries.prefetch_related("cap__months").order_by("cap", "month"):
        month = next((row for row in entry.cap.months.all() if row.month == entry.month), None)
        found.append(pictures.cap(entry.cap, month=month, this=entry.amount if reserved else ZERO))
    return found


def effect_of(effect: Effect) -> dict[str, Any]:
    """An effect with its proof: how often it left the house, and whether key and content are untouched."""
    return {
        "effect": effect,
        "title": str(what_effect(effect)),
        "badge": badge(effect.state, effect.get_state_display()),
        "proof": proof(effect),
        "url": links.address("effect", effect.pk),
    }


def _holds(candidate: Candidate) -> list[Hold]:
    from billing import terms

    return list(terms.holds_on_document(candidate.contract, candidate.bill_to).select_related("contract"))
