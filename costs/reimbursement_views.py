"""Screens of reimbursements: what people are owed, one of them with its whole way, and the decisions on it."""

from typing import Any, ClassVar

from django.db.models import F, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing.models import BillableEvent
from billing.views.journals import post_through
from contracts.lineage import link
from costs import policies, stops
from costs.actions import reimbursing
from costs.filters import ReimbursementFilter
from costs.models import Reimbursement, ReimbursementItem
from costs.tables import ReimbursementTable
from integration_hub.console import links, timeline
from integration_hub.console.actors import name_of
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import ago_html, day_html, money, money_html
from integration_hub.effects.models import Effect
from integration_hub.trail.queries import timeline_of

SEE = "costs.view_reimbursement"
TOLD_TO = {"paid": "paid", "open": "not paid any more"}


def rows() -> "QuerySet[Reimbursement]":
    """Reimbursements with all that a page shows of them."""
    return Reimbursement.objects.select_related("resource", "legal_entity", "connection")


class ReimbursementList(ListScreen):
    """What people spent and get back, the latest approval first."""

    permission = SEE
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Reimbursements"
    lead = "What people paid for the firm and get back. What a client is charged for it has no part in this."
    template_name = "costs/reimbursement_list.html"
    table_class = ReimbursementTable
    filterset_class = ReimbursementFilter
    empty = Empty("Nobody is owed anything", "Set for a legal entity from which day on expenses are reimbursed.")

    def rows(self) -> "QuerySet[Any]":
        return rows()

    def buttons(self) -> list[Button]:
        allowed = policies.may_post_reimbursements(self.request.user)
        return [Button("Post reimbursements", reverse("costs:reimbursement-post-all"), allowed, "primary", "send")]

    def context(self) -> dict[str, Any]:
        """Sums per state and currency of what the filters choose."""
        chosen = ReimbursementFilter(self.request.GET, queryset=self._scoped(), request=self.request)
        if not chosen.is_valid():
            return {"states": []}
        sums: dict[str, dict[str, Any]] = {}
        owed = chosen.qs.order_by().values_list("status", "currency").annotate(owed=Sum(F("amount") - F("taken_back")))
        for status, currency, amount in owed:
            sums.setdefault(status, {})[currency] = amount
        at = reverse("costs:reimbursement-list")
        shown = [choice for choice in Reimbursement.Status.choices if choice[0] not in ("withdrawn", "reversed")]
        return {"states": [(label, sums[status], f"{at}?status={status}") for status, label in shown if status in sums]}


@screen(permission=SEE)
def detail(request: Request, pk: int) -> HttpResponse:
    """One reimbursement: its expenses, its journals, what its source was told, and who did what."""
    row = find_or_404(rows(), request.user, pk=pk)
    context = {
        "title": f"{money(row.amount - row.taken_back, row.currency)} to {row.resource}",
        "status": badge(row.status, row.get_status_display()),
        "key": row.number,
        "breadcrumbs": [("Reimbursements", reverse("costs:reimbursement-list"))],
        "buttons": _buttons(row, request),
        "row": row,
        "stops": stops.standing(row) if row.status == Reimbursement.Status.DUE else [],
        "items": _items(row),
        "journals": [_journal(journal) for journal in row.journals.select_related("connection").order_by("pk")],
        "told": _told(row),
        "facts": _facts(row),
        "trace": links.trace_of("reimbursement", str(row.pk)),
        "entries": timeline.entries(timeline_of("costs.reimbursement", row.pk, limit=50)),
    }
    return render(request, "costs/reimbursement_detail.html", context)


def _buttons(row: Reimbursement, request: Request) -> list[Button]:
    if row.status != Reimbursement.Status.DUE:
        return []
    at = {name: reverse(f"costs:reimbursement-{name}", args=[row.pk]) for name in ("post", "accept")}
    found = [Button("Post…", at["post"], policies.can_post_reimbursement(row, request.user), "primary", "send", "p")]
    if stops.standing(row):
        found.append(
            Button("Accept…", at["accept"], policies.can_accept_reimbursement(row, request.user), icon="check")
        )
    return found


def _items(row: Reimbursement) -> list[dict[str, Any]]:
    items = list(row.items.select_related("claim__project", "claim__approver"))
    keys = [item.claim.work_key for item in items]
    works = dict(BillableEvent.objects.filter(work_key__in=keys, is_current=True).values_list("work_key", "pk"))
    return [_item(item, works.get(item.claim.work_key)) for item in items]


def _item(item: ReimbursementItem, work: int | None) -> dict[str, Any]:
    """An expense, and where it is as delivered work: from there the trace leads to the client and to the person."""
    return {
        "day": day_html(item.spent_on),
        "category": item.category or "Expense",
        "project": item.claim.project.code,
        "amount": money_html(item.amount, item.currency),
        "receipt": "Yes" if item.has_receipt else "No",
        "approved_by": item.claim.approver or "",
        "state": None if item.is_live else badge("reversed", "Taken back"),
        "url": link("billing:work-detail", work) if work else "",
        "trace": links.trace_of("event", str(work)) if work else "",
    }


def _journal(journal: Any) -> dict[str, Any]:
    return {
        "number": journal.number,
        "remote": journal.remote_number,
        "connection": journal.connection,
        "date": day_html(journal.accounting_date),
        "amount": money_html(journal.amount, journal.currency),
        "settled": money_html(journal.settled, journal.currency) if journal.amount > 0 else "",
        "status": badge(journal.status, journal.get_status_display()),
    }


def _told(row: Reimbursement) -> list[dict[str, Any]]:
    effects = Effect.objects.filter(subject_type="costs.reimbursement", subject_id=str(row.pk)).order_by("pk")
    return [
        {
            "what": TOLD_TO.get(effect.payload.get("status", ""), ""),
            "state": badge(effect.state, effect.get_state_display()),
            "url": links.address("hub_effects.effect", effect.pk),
        }
        for effect in effects
    ]


def _facts(row: Reimbursement) -> list[tuple[str, Any]]:
    return known(
        ("Person", row.resource.name),
        ("Legal entity", row.legal_entity.code),
        ("Expenses from", str(row.connection)),
        ("Expense report", row.report),
        ("Amount", money_html(row.amount, row.currency)),
        ("Taken back", money_html(row.taken_back, row.currency) if row.taken_back else None),
        ("Approved", ago_html(row.approved_at)),
        ("Accepted by", name_of(row.accepted_by) if row.accepted_by else None),
        ("Because", row.accepted_because),
        ("Posted by", name_of(row.posted_by) if row.posted_by else None),
        ("Payable", ago_html(row.payable_at) if row.payable_at else None),
        ("Paid", day_html(row.paid_on) if row.paid_on else ago_html(row.paid_at) if row.paid_at else None),
        ("Its source knows", ago_html(row.told_at) if row.told_at else None),
    )


def _question(row: Reimbursement) -> list[tuple[str, Any]]:
    expenses = row.items.count()
    return [
        ("Person", row.resource.name),
        ("Amount", money_html(row.amount, row.currency)),
        ("Expenses", f"{expenses}, of report {row.report}"),
        ("Approved", ago_html(row.approved_at)),
    ]


@screen(permission=SEE, methods=["GET", "POST"])
def post(request: Request, pk: int) -> HttpResponse:
    """Send one reimbursement to the ERP."""
    row = find_or_404(rows(), request.user, pk=pk)
    confirm = Confirm(
        title=f"Post {row.number}?",
        verb="Post",
        form=DecisionForm(posted(request), initial={"version": row.version}),
        back=reverse("costs:reimbursement-detail", args=[pk]),
        facts=_question(row),
        consequence=f"The ERP books that {row.legal_entity} owes {row.resource} this, and pays it as it pays what is "
        "payable. It is sent once.",
        decision=policies.can_post_reimbursement(row, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: reimbursing.post(reimbursement=row, version=data["version"], by=request.user),
        done="It is on its way to the ERP.",
    )


@screen(permission=SEE, methods=["GET", "POST"])
def accept(request: Request, pk: int) -> HttpResponse:
    """Accept what stops a reimbursement."""
    row = find_or_404(rows(), request.user, pk=pk)
    confirm = Confirm(
        title=f"Accept what stops {row.number}?",
        verb="Accept",
        form=ReasonForm(posted(request), initial={"version": row.version}),
        back=reverse("costs:reimbursement-detail", args=[pk]),
        facts=[*_question(row), *(("Stops it", said) for said in stops.standing(row))],
        consequence="Somebody else may then post it. When its expenses change, it has to be accepted again.",
        decision=policies.can_accept_reimbursement(row, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: reimbursing.accept(
            reimbursement=row, reason=data["reason"], version=data["version"], by=request.user
        ),
        done="It is accepted: a second person posts it.",
    )


@screen(permission=SEE, methods=["GET", "POST"])
def post_all(request: Request) -> HttpResponse:
    """Post all that a legal entity owes and this person may send."""
    return post_through(
        request,
        reimbursing.post_all,
        what="reimbursements",
        back=reverse("costs:reimbursement-list"),
        consequence="What is due of expenses up to that day is sent to the ERP as payable, each report once. Your own "
        "money, what you approved, and what has to be accepted first is left for others.",
        decision=policies.may_post_reimbursements(request.user),
        done=lambda count: "One is on its way." if count == 1 else f"{count} are on their way.",
    )
