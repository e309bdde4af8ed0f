"""Exceptions: the queue, one case, and the decisions on it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration_hub.cases import policies, queries
from integration_hub.cases.actions import cases
from integration_hub.cases.filters import CaseFilter
from integration_hub.cases.fixes import fix_for
from integration_hub.cases.forms import AssignForm, CommentForm, ResolveForm, SnoozeForm, start_of, tomorrow
from integration_hub.cases.models import CASE_MOVES, Case
from integration_hub.cases.registry import KINDS
from integration_hub.cases.tables import SEVERITY, CaseTable, DoneTable, MemberTable, clock, held, kind_title, owner
from integration_hub.console import links, offers, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, Outcome, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.query import edited
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Table
from integration_hub.console.templatetags.console import amounts, badge, when
from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.trail.queries import timeline_of

SEE = "hub_cases.view_case"
EVENTS = 50
Data = Mapping[str, Any]


def rows_for_list(user: User) -> "QuerySet[Any]":
    """Cases with everything a row shows."""
    rows = queries.with_urgency(queries.with_money(queries.with_held(queries.visible_to(user))))
    return rows.select_related("assigned_to").defer("detail")


EMPTY = {
    "mine": Empty("You have taken no exception", "Those of your role are in the next tab.", kind="done"),
    "waiting": Empty("Nothing waits for an answer", "No exception is snoozed either.", kind="done"),
    "done": Empty("Nothing has been resolved yet"),
}


class CaseList(ListScreen):
    """The queue: most money × severity × age first."""

    permission = SEE
    scope = "legal_entity"
    title = "Exceptions"
    lead = "What a person must decide, most costly to leave first: money held × severity × age."
    table_class: ClassVar[type[Table]] = CaseTable
    filterset_class = CaseFilter
    template_name = "cases/case_list.html"
    empty = Empty("No exception waits here", "Everything that came in could be decided by rule.", kind="done")
    default_view: ClassVar[str] = "all"

    @property
    def view(self) -> str:
        """Which part of the queue is shown."""
        wanted = self.request.GET.get("view", "")
        return wanted if wanted in queries.VIEWS else self.default_view

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Resolved cases have columns of their own."""
        table = DoneTable if self.view == "done" else CaseTable
        self.table_class = table  # type: ignore[misc]  # of this request's view object, not of the class
        self.empty = EMPTY.get(self.view, self.empty)  # type: ignore[misc]
        return super().get(request, *args, **kwargs)

    def rows(self) -> "QuerySet[Any]":
        """The chosen part of the queue."""
        return rows_for_list(self.request.user).filter(queries.view_condition(self.view, self.request.user))

    def bulk_buttons(self) -> list[Button]:
        """Decisions on ticked rows; each freezes the selection first."""
        if self.view == "done" or not self.request.user.has_perm(policies.PERMISSION):
            return []
        return [
            Button("Take…", reverse("cases:case-bulk", args=["claim"]), icon="user-check"),
            Button("Assign…", reverse("cases:case-bulk", args=["assign"]), icon="users"),
            Button("Snooze…", reverse("cases:case-bulk", args=["snooze"]), icon="clock"),
        ]

    def context(self) -> dict[str, Any]:
        """The tabs, and the way to decide on all that match."""
        counts = queries.counts_by_view(self.request.user)
        return {
            "tabs": [
                {
                    "label": label,
                    "url": edited(self.request.GET, drop=["after", "before", "format", "sort"], view=name),
                    "current": name == self.view,
                    "count": counts.get(name),
                }
                for name, label in queries.VIEWS.items()
            ],
            "matching": "" if self.view == "done" else edited(self.request.GET, drop=["after", "before"], all="1"),
        }


# One case ---------------------------------------------------------------------------------------------------------


def find(request: Request, pk: int) -> Any:
    """A case with its money, or 404."""
    rows = queries.with_money(Case.objects.select_related("assigned_to", "delegate"))
    return find_or_404(rows, request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE)
def case_detail(request: Request, pk: int) -> HttpResponse:
    """One case: what, why, what to do, what it holds up, what happened."""
    return _page(request, find(request, pk), CommentForm())


def _page(request: Request, case: Any, comment: CommentForm, status: int = 200) -> HttpResponse:
    kind = KINDS.find(case.code)
    context = {
        "case": case,
        "title": case.title,
        "status": case.status,
        "lead": kind_title(case),
        "key": case.code,
        "breadcrumbs": [("Exceptions", reverse("cases:case-list"))],
        "buttons": [*buttons(case, request.user), *offers.for_row("case", request, case)],
        "facts": facts(case),
        "kind": kind,
        "suggestions": suggestions(case, request.user),
        "fix": fix_for(case, request),
        "subject_url": links.address(case.subject_type, case.subject_id),
        "members": MemberTable(case.members.all(), request, name="members"),
        "comments": case.comments.select_related("author").order_by("-written_at")[:EVENTS],
        "comment_form": comment,
        "can_comment": policies.can_comment(case, request.user),
        "entries": timeline.entries(timeline_of("case", case.pk, limit=EVENTS)),
    }
    return render(request, "cases/case_detail.html", context, status=status)


def facts(case: Any) -> list[tuple[str, Any]]:
    """The case in facts."""
    return known(
        ("Held up", amounts(held(case)) if held(case) else None),
        ("Severity", SEVERITY.get(case.severity, str(case.severity))),
        ("Owner", owner(case)),
        ("Stands in", stands_in(case)),
        ("Clock", badge(clock(case))),
        ("Due", when(case.due_at)),
        ("Raised", when(case.first_seen_at)),
        ("Snoozed until", when(case.snoozed_until) if case.snoozed_until else None),
        ("Legal entity", case.legal_entity or None),
        ("Seen again", f"{case.reopened} ×" if case.reopened else None),
    )


def stands_in(case: Case) -> SafeString | None:
    """Who stands in for the owner now, and until when."""
    if case.delegate is None or not case.stood_in_by(case.delegate.pk):
        return None
    return format_html("{} until {}", case.delegate.label, when(case.delegate_until))


def suggestions(case: Case, user: User) -> list[dict[str, str]]:
    """What usually helps, most likely first; a link where a screen does it and the person may open it."""
    kind = KINDS.find(case.code)
    found = []
    for suggestion in kind.suggestions if kind else ():
        may = not suggestion.permission or user.has_perm(suggestion.permission)
        url = reverse(suggestion.url_name, args=[case.subject_id]) if suggestion.url_name and may else ""
        found.append({"label": suggestion.label, "url": url})
    return found


def buttons(case: Case, user: User) -> list[Button]:
    """What can be decided now; what the state never allows is left out, what the person may not do says why."""
    if not case.is_open:
        return []
    handle = policies.can_handle(case, user)
    at = {name: reverse(f"cases:case-{name}", args=[case.pk]) for name in VERBS}
    offered = [Button("Resolve…", at["resolve"], handle, tone="primary", icon="circle-check", key="a")]
    if not handle:
        return offered
    if case.assigned_to_id != user.pk:
        offered.append(Button("Take it", at["claim"], policies.can_assign(case, user, user), version=case.version))
    if case.status != Case.Status.IN_PROGRESS and CASE_MOVES.allows(case.status, Case.Status.IN_PROGRESS):
        offered.append(Button("Start", at["start"], version=case.version, icon="player-play"))
    if case.status == Case.Status.SNOOZED:
        offered.append(Button("Wake", at["wake"], version=case.version, icon="bell"))
    offered.append(Button("Assign…", at["assign"], icon="users"))
    if case.delegate_id and policies.can_take_back(case, user):
        offered.append(Button("End standing in…", at["take-back"], icon="arrow-back-up"))
    elif policies.can_delegate(case, user):
        offered.append(Button("Delegate…", at["delegate"], icon="user-check"))
    if CASE_MOVES.allows(case.status, Case.Status.WAITING):
        offered.append(Button("Wait…", at["wait"], icon="hourglass"))
    if CASE_MOVES.allows(case.status, Case.Status.SNOOZED):
        offered.append(Button("Snooze…", at["snooze"], icon="clock"))
    retry = policies.can_retry(case, user)
    if retry:
        offered.append(Button("Try again…", at["retry"], retry, icon="refresh"))
    return offered


# Decisions --------------------------------------------------------------------------------------------------------


def decision(
    request: Request,
    pk: int,
    *,
    title: str,
    verb: str,
    form: Callable[[Case], DecisionForm],
    act: Callable[[Data], Any],
    done: str | Callable[[Any], str],
    may: Callable[[Case], Decision],
    consequence: str = "",
) -> HttpResponse:
    case = find(request, pk)
    confirm = Confirm(
        title=title,
        verb=verb,
        back=reverse("cases:case-detail", args=[pk]),
        form=form(case),
        facts=known(("Exception", case.title), ("Held up", amounts(held(case)) if held(case) else None)),
        consequence=consequence,
        decision=may(case),
    )
    return decide(request, confirm, act, done=done, row=lambda outcome: _row(request, pk, outcome))


def _row(request: Request, pk: int, outcome: Outcome) -> str:
    case = rows_for_list(request.user).get(pk=pk)
    return CaseTable(Case.objects.none(), request).row_html(case, outcome=outcome)


def _bound(request: Request, form: type[DecisionForm], **initial: Any) -> Callable[[Case], DecisionForm]:
    return lambda case: form(request.POST or None, initial={"version": case.version, **initial})


def _may_handle(request: Request) -> Callable[[Case], Decision]:
    return lambda case: policies.can_handle(case, request.user)


@screen(permission=SEE, methods=["GET", "POST"])
def case_claim(request: Request, pk: int) -> HttpResponse:
    """Take a case oneself."""
    return decision(
        request, pk, title="Take this exception", verb="Take it", form=_bound(request, DecisionForm),
        act=lambda data: cases.claim(case_id=pk, by=request.user, seen_version=data["version"]),
        done="It is yours.", may=lambda case: policies.can_assign(case, request.user, request.user),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_assign(request: Request, pk: int) -> HttpResponse:
    """Give a case to somebody."""
    people = queries.handlers()
    return decision(
        request, pk, title="Assign this exception", verb="Assign",
        form=lambda case: AssignForm(request.POST or None, people=people,
                                     initial={"version": case.version, "to": case.assigned_to_id}),
        act=lambda data: cases.assign(case_id=pk, to=data["to"], by=request.user, seen_version=data["version"]),
        done=lambda case: f"Assigned to {case.assigned_to.label}.", may=_may_handle(request),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_start(request: Request, pk: int) -> HttpResponse:
    """Begin, or go on after waiting."""
    return decision(
        request, pk, title="Start on this exception", verb="Start", form=_bound(request, DecisionForm),
        act=lambda data: cases.start(case_id=pk, by=request.user, seen_version=data["version"]),
        done="In progress.", may=_may_handle(request),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_wait(request: Request, pk: int) -> HttpResponse:
    """Wait for somebody's answer."""
    return decision(
        request, pk, title="Wait for an answer", verb="Wait", form=_bound(request, ReasonForm),
        act=lambda data: cases.wait(case_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]),
        done="Waiting.", may=_may_handle(request), consequence="Its clock goes on while it waits.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_snooze(request: Request, pk: int) -> HttpResponse:
    """Leave a case alone until a day."""
    return decision(
        request, pk, title="Snooze this exception", verb="Snooze", form=_bound(request, SnoozeForm, until=tomorrow()),
        act=lambda data: cases.snooze(case_id=pk, until=start_of(data["until"]), reason=data["reason"],
                                      by=request.user, seen_version=data["version"]),
        done="Snoozed.", may=_may_handle(request),
        consequence="It leaves the queue until then; its clock goes on.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_wake(request: Request, pk: int) -> HttpResponse:
    """End a snooze."""
    return decision(
        request, pk, title="Wake this exception", verb="Wake", form=_bound(request, DecisionForm),
        act=lambda data: cases.wake(case_id=pk, by=request.user, seen_version=data["version"]),
        done="Back in the queue.", may=_may_handle(request),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_resolve(request: Request, pk: int) -> HttpResponse:
    """Resolve a case as mended, or override it."""
    return decision(
        request, pk, title="Resolve this exception", verb="Resolve", form=_bound(request, ResolveForm),
        act=lambda data: cases.resolve(case_id=pk, outcome=data["outcome"], text=data["text"], by=request.user,
                                       seen_version=data["version"]),
        done="Resolved.", may=_may_handle(request), consequence=f"{ONLY_HERE}{_closes_when(find(request, pk))}",
    )  # fmt: skip


ONLY_HERE = (
    "Nothing is sent to another system and no figure changes: this closes the exception here and lets go of what it "
    "lists. Whether that can be billed or posted is still decided by its own checks."
)


def _closes_when(case: Case) -> str:
    kind = KINDS.find(case.code)
    return f" It also closes by itself when {kind.closes_when}." if kind else ""


@screen(permission=SEE, methods=["GET", "POST"])
def case_retry(request: Request, pk: int) -> HttpResponse:
    """Work what waits behind a case again."""
    return decision(
        request, pk, title="Try what waits behind it again", verb="Try again", form=_bound(request, DecisionForm),
        act=lambda data: cases.retry(case_id=pk, by=request.user, seen_version=data["version"]),
        done=lambda count: f"{count} put back to work." if count else "Nothing waited any more.",
        may=lambda case: policies.can_retry(case, request.user),
        consequence="What waits is worked again at once, and sends to other systems what it has to send, never twice. "
        "The exception closes by itself if this time it works.",
    )  # fmt: skip


VERBS = ("claim", "assign", "delegate", "take-back", "start", "wait", "snooze", "wake", "resolve", "retry")


@screen(permission=SEE, methods=["POST"])
def case_comment(request: Request, pk: int) -> HttpResponse:
    """Write on a case."""
    case = find(request, pk)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _page(request, case, form, status=422)
    try:
        cases.comment(case_id=pk, text=form.cleaned_data["text"], by=request.user)
    except ThroughlineError as refusal:
        form.add_error("text", str(refusal))
        return _page(request, case, form, status=403 if not policies.can_comment(case, request.user) else 422)
    messages.success(request, "Comment added.")
    return HttpResponseRedirect(reverse("cases:case-detail", args=[pk]) + "#comments")
