"""Breaks and suggested matches of pairs: both sides beside one another, and the decisions on them."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import links, timeline
from integration_hub.console.actors import name_of
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, Outcome, decide
from integration_hub.console.facts import known
from integration_hub.console.filters import Standing
from integration_hub.console.forms import DecisionForm, NoteForm, ReasonForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import when
from integration_hub.console.wording import money_html
from integration_hub.kernel.decision import Decision
from integration_hub.trail.queries import timeline_of
from reconciliation import mending, pair_queries, policies
from reconciliation.actions import mends, pair_breaks, suggestions
from reconciliation.matching.pairs import PAIRS
from reconciliation.matching.rules import TITLES
from reconciliation.models import PairBreak, Suggestion
from reconciliation.pair_tables import BreakFilter, BreakTable, SuggestionFilter, SuggestionTable, decisions
from reconciliation.pair_views import here
from reconciliation.policies import SEE

EVENTS = 50


class BreakList(ListScreen):
    """Breaks."""

    permission = SEE
    scope = None  # `rows` scopes them, and leaves out pairs whose items the person may not see
    title = "Breaks"
    lead = "Items that two systems do not agree on."
    table_class = BreakTable
    filterset_class = BreakFilter
    template_name = "console/room_list.html"
    standing = Standing("State", "standing", left_out=Q(state__in=["closed", "explained"]), unless=("state",))
    empty = Empty("No breaks", "All pairs agree as far as they were reconciled.", kind="done")

    def rows(self) -> "QuerySet[PairBreak]":
        """Those of the person's legal entities."""
        return pair_queries.breaks(self.request.user)

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the pairs."""
        return here()


class SuggestionList(ListScreen):
    """Suggested matches."""

    permission = SEE
    scope = None  # `rows` scopes them, and leaves out pairs whose items the person may not see
    title = "Suggested matches"
    lead = "Items without a shared reference that may belong together."
    table_class = SuggestionTable
    filterset_class = SuggestionFilter
    template_name = "console/room_list.html"
    standing = Standing("State", "to decide", left_out=~Q(state__in=["open", "proposed"]), unless=("state",))
    empty = Empty("Nothing to decide", "Every match that was found has been decided.", kind="done")

    def rows(self) -> "QuerySet[Suggestion]":
        """Those of the person's legal entities."""
        return pair_queries.suggestions(self.request.user)

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the pairs."""
        return here()


def _break(request: Request, pk: int) -> PairBreak:
    return find_or_404(pair_queries.breaks(request.user), request.user, scope=None, pk=pk)


def _suggestion(request: Request, pk: int) -> Suggestion:
    return find_or_404(pair_queries.suggestions(request.user), request.user, scope=None, pk=pk)


def _linked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with the address of each item."""
    for row in rows:
        for item in filter(None, row.values()):
            kind, _, pk = item["link"].partition(":")
            item["url"] = links.address(kind, pk)
    return rows


@screen(permission=SEE)
def break_detail(request: Request, pk: int) -> HttpResponse:
    """Both sides of a break, and what can be done about it."""
    row, user = _break(request, pk), request.user
    pair = PAIRS.get(row.pair)
    context = {
        "title": f"{row.get_kind_display()}: {row.identity}",
        "lead": pair.title,
        "status": badge(row.state, row.get_state_display()),
        "breadcrumbs": here(
            (pair.title, reverse("reconciliation:pair-detail", args=[row.pair])),
            ("Breaks", reverse("reconciliation:break-list")),
        ),
        "buttons": [*_break_buttons(row, user), *mending.ways(row, user)],
        "pair": pair,
        "rows": _linked(pair_queries.side_by_side(row)),
        "row": row,
        "facts": known(
            ("Kind", row.get_kind_display()),
            ("Legal entity", row.legal_entity),
            ("Right less left", money_html(row.gap, row.currency) if row.currency else None),
            ("Found", when(row.found_at)),
            ("Agrees since", when(row.closed_at) if row.closed_at else None),
            ("Explanation", row.explanation),
            ("Explained by", name_of(row.explained_by) if row.explained_by else None),
            ("Confirmed by", name_of(row.confirmed_by) if row.confirmed_by else None),
        ),
        "entries": timeline.entries(timeline_of("reconciliation.pairbreak", row.pk, limit=EVENTS)),
    }
    return render(request, "reconciliation/sides.html", context)


def _break_buttons(row: PairBreak, user: Any) -> list[Button]:
    def to(name: str) -> str:
        return reverse(f"reconciliation:break-{name}", args=[row.pk])

    if row.state == PairBreak.State.OPEN:
        return [
            Button("Mend it…", to("mend"), policies.can_mend(row, user), "primary", "refresh", key="m"),
            Button("Explain…", to("explain"), policies.can_explain(row, user), icon="edit", key="a"),
        ]  # fmt: skip
    if row.state == PairBreak.State.PROPOSED:
        return [
            Button("Confirm…", to("confirm"), policies.can_confirm(row, user), "primary", "check", key="a"),
            Button("Decline…", to("reopen"), policies.can_reopen(row, user), icon="x", key="r"),
        ]
    if row.state == PairBreak.State.EXPLAINED:
        return [Button("Take back…", to("reopen"), policies.can_reopen(row, user), icon="arrow-back-up")]
    return []


@screen(permission=SEE, methods=["GET", "POST"])
def break_mend(request: Request, pk: int) -> HttpResponse:
    """Do at once what can be done about a break, and have the pair reconciled again."""
    row, user = _break(request, pk), request.user
    acts = mending.acts_of(row, user)
    confirm = Confirm(
        title=f"Mend the break of {row.identity}",
        verb="Do it and reconcile again",
        back=reverse("reconciliation:break-detail", args=[pk]),
        form=DecisionForm(posted(request), initial={"version": row.version}),
        facts=known(
            ("Pair", PAIRS.get(row.pair).title), ("Kind", row.get_kind_display()),
            ("Right less left", money_html(row.gap, row.currency) if row.currency else None),
            *((f"Step {place}", act.says if act.allowed else f"{act.says}: {act.allowed.reason}")
              for place, act in enumerate(acts, 1)),
        ),
        consequence="Then the pair is reconciled again. Where nothing differs nothing is changed.",
        decision=policies.can_mend(row, user),
    )  # fmt: skip
    return decide(
        request,
        confirm,
        lambda data: mends.mend(break_id=pk, by=user, seen_version=data["version"]),
        done="It is done in a moment, and then reconciled.",
        back=lambda run: reverse("reconciliation:run-detail", args=[run.pk]),
    )


@screen(permission=SEE, methods=["GET", "POST"])
def break_explain(request: Request, pk: int) -> HttpResponse:
    """Say why a break is right as it is."""
    return _decide_break(
        request, pk, "Explain", "It counts no more until one side changes. With much money a second person confirms.",
        policies.can_explain, ReasonForm,
        lambda data: pair_breaks.explain(
            break_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def break_confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm an explanation as the second person."""
    return _decide_break(
        request, pk, "Confirm", "It counts no more until one side changes.", policies.can_confirm, DecisionForm,
        lambda data: pair_breaks.confirm(break_id=pk, by=request.user, seen_version=data["version"]),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def break_reopen(request: Request, pk: int) -> HttpResponse:
    """Decline an explanation, or take it back."""
    return _decide_break(
        request, pk, "Reopen", "It counts as a break again.", policies.can_reopen, ReasonForm,
        lambda data: pair_breaks.reopen(
            break_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
    )  # fmt: skip


def _decide_break(
    request: Request, pk: int, verb: str, consequence: str, may: Callable[[PairBreak, Any], Decision],
    form: type[DecisionForm], act: Callable[[Any], PairBreak],
) -> HttpResponse:  # fmt: skip
    row = _break(request, pk)
    confirm = Confirm(
        title=f"{verb} the break of {row.identity}",
        verb=verb,
        back=reverse("reconciliation:break-detail", args=[pk]),
        form=form(posted(request), initial={"version": row.version}),
        facts=known(
            ("Pair", PAIRS.get(row.pair).title), ("Kind", row.get_kind_display()),
            ("Right less left", money_html(row.gap, row.currency) if row.currency else None),
            ("Explanation", row.explanation),
        ),
        consequence=consequence,
        decision=may(row, request.user),
    )  # fmt: skip
    return decide(request, confirm, act, done=lambda done: f"Its state: {done.get_state_display().lower()}.")


@screen(permission=SEE)
def suggestion_detail(request: Request, pk: int) -> HttpResponse:
    """Both sides of a suggested match."""
    row = _suggestion(request, pk)
    pair = PAIRS.get(row.pair)
    context = {
        "title": f"{TITLES[row.way]}: {row.left['count']} and {row.right['count']} items",
        "lead": pair.title,
        "status": badge(row.state, row.get_state_display()),
        "breadcrumbs": here(
            (pair.title, reverse("reconciliation:pair-detail", args=[row.pair])),
            ("Suggested matches", reverse("reconciliation:suggestion-list")),
        ),
        "buttons": decisions(row, request.user),
        "pair": pair,
        "rows": _linked(pair_queries.side_by_side(row)),
        "row": row,
        "facts": known(
            ("Found by", TITLES[row.way]),
            ("Precision of this way at least", f"{row.confidence * 100:.3f} %"),
            ("Others fit as well", row.rivals or None),
            ("Legal entity", row.legal_entity),
            ("Amount", money_html(row.amount, row.currency) if row.currency else row.amount),
            ("Accepted first by", name_of(row.proposed_by) if row.proposed_by else None),
            ("Decided by", name_of(row.decided_by) if row.decided_by else None),
        ),
        "entries": timeline.entries(timeline_of("reconciliation.suggestion", row.pk, limit=EVENTS)),
    }
    return render(request, "reconciliation/sides.html", context)


@screen(permission=SEE, methods=["GET", "POST"])
def suggestion_accept(request: Request, pk: int) -> HttpResponse:
    """Say that the items belong together."""
    return _decide_suggestion(
        request, pk, "Accept", "Every later run takes them for one. With much money a second person accepts as well.",
        policies.can_accept, suggestions.accept,
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def suggestion_reject(request: Request, pk: int) -> HttpResponse:
    """Say that they do not."""
    return _decide_suggestion(
        request, pk, "Reject", "They are not suggested again, and the way that found them counts as less sure.",
        policies.can_reject, suggestions.reject,
    )  # fmt: skip


def _decide_suggestion(
    request: Request, pk: int, verb: str, consequence: str, may: Callable[[Suggestion, Any], Decision],
    act: Callable[..., Suggestion],
) -> HttpResponse:  # fmt: skip
    row = _suggestion(request, pk)
    confirm = Confirm(
        title=f"{verb} the match",
        verb=verb,
        back=reverse("reconciliation:suggestion-detail", args=[pk]),
        form=NoteForm(posted(request), initial={"version": row.version}),
        facts=known(
            ("Left", ", ".join(row.left_keys)[:300]), ("Right", ", ".join(row.right_keys)[:300]),
            ("Amount", money_html(row.amount, row.currency) if row.currency else row.amount),
        ),
        consequence=consequence,
        decision=may(row, request.user),
    )  # fmt: skip

    def shown(outcome: Outcome) -> str:
        again = Suggestion.objects.get(pk=pk)
        return SuggestionTable(Suggestion.objects.none(), request).row_html(again, outcome=outcome)

    return decide(
        request,
        confirm,
        lambda data: act(suggestion_id=pk, by=request.user, seen_version=data["version"], note=data["note"]),
        done=lambda done: f"Its state: {done.get_state_display().lower()}.",
        row=shown,
    )
