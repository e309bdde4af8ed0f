"""Bulk decisions on exceptions: freeze the selection, show what will happen, do it row by row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.cases import policies, queries
from integration_hub.cases.actions import cases
from integration_hub.cases.filters import CaseFilter
from integration_hub.cases.forms import BulkAssignForm, BulkClaimForm, BulkSnoozeForm, start_of, tomorrow
from integration_hub.cases.models import CASE_MOVES, Case
from integration_hub.cases.tables import held
from integration_hub.cases.views import SEE, rows_for_list
from integration_hub.console import selections
from integration_hub.console.filters import FilterBar
from integration_hub.console.http import Request, selection
from integration_hub.console.models import Selection
from integration_hub.console.screens import screen
from integration_hub.kernel.decision import Decision, deny
from integration_hub.kernel.errors import NotReady, Stale, ThroughlineError
from integration_hub.kernel.money import Money, added
from integration_hub.people.models import User

NOUN = "case"
SHOWN = 100
Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """One bulk decision: its words, its form, whether a row allows it, and the act on one row."""

    title: str
    verb: str
    form: Callable[[Request], forms.Form]
    allowed: Callable[[Case, User], Decision]
    act: Callable[[Case, int, User, Data], object]


def sent(request: Request) -> Any:
    """What was sent, also when the form has no field of its own; None when nothing was."""
    return request.POST if request.method == "POST" else None


def _may_snooze(case: Case, by: User) -> Decision:
    handle = policies.can_handle(case, by)
    if handle and not CASE_MOVES.allows(case.status, Case.Status.SNOOZED):
        return deny(f"It is {case.get_status_display().lower()} and cannot be snoozed.")
    return handle


VERBS: dict[str, Verb] = {
    "claim": Verb(
        "Take these exceptions",
        "Take them",
        lambda request: BulkClaimForm(sent(request)),
        lambda case, by: policies.can_assign(case, by, by),
        lambda case, seen, by, data: cases.claim(case_id=case.pk, by=by, seen_version=seen),
    ),
    "assign": Verb(
        "Assign these exceptions",
        "Assign them",
        lambda request: BulkAssignForm(sent(request), people=queries.handlers()),
        policies.can_handle,
        lambda case, seen, by, data: cases.assign(case_id=case.pk, to=data["to"], by=by, seen_version=seen),
    ),
    "snooze": Verb(
        "Snooze these exceptions",
        "Snooze them",
        lambda request: BulkSnoozeForm(sent(request), initial={"until": tomorrow()}),
        _may_snooze,
        lambda case, seen, by, data: cases.snooze(
            case_id=case.pk, until=start_of(data["until"]), reason=data["reason"], by=by, seen_version=seen
        ),
    ),
}


@dataclass(slots=True)
class Plan:
    """What a bulk decision will do: rows it takes, rows it refuses with reasons, money per currency and basis."""

    taken: list[Any] = field(default_factory=list)
    refused: list[tuple[Any, str]] = field(default_factory=list)
    money: list[Money] = field(default_factory=list)
    gone: int = 0


@screen(permission=SEE, methods=["POST"])
def case_bulk(request: Request, verb: str) -> HttpResponse:
    """Freeze the ticked rows, or all that match the filter of the list, and go to the confirm page."""
    _verb(verb)
    if request.GET.get("all"):
        chosen, told = _matching(request)
    else:
        chosen, told = selection(request.POST.getlist("selected")), "ticked rows"
    if not chosen:
        return HttpResponseRedirect(reverse("cases:case-list"))
    frozen = selections.freeze(owner=request.user, noun=NOUN, rows=chosen[: selections.LIMIT], told=told)
    return HttpResponseRedirect(reverse("cases:case-bulk-confirm", args=[verb, frozen.token]))


def _matching(request: Request) -> tuple[list[tuple[int, int | None]], str]:
    view = request.GET.get("view", "")
    rows = rows_for_list(request.user).filter(
        queries.view_condition(view if view in queries.VIEWS else "all", request.user)
    )
    bar = FilterBar(CaseFilter, rows, request)
    found = bar.rows.order_by("-urgency", "pk").values_list("pk", "version")
    return list(found[: selections.LIMIT]), bar.sentence or "everything in the list"


@screen(permission=SEE, methods=["GET", "POST"])
def case_bulk_confirm(request: Request, verb: str, token: str) -> HttpResponse:
    """What will happen to the frozen rows; POST does it and shows what became of each."""
    what = _verb(verb)
    frozen = selections.find(token=token, owner=request.user, noun=NOUN)
    form = what.form(request)
    plan = _plan(what, frozen, request.user)
    if request.method == "POST" and form.is_valid():
        try:
            selections.use(frozen)
        except NotReady as refusal:
            return _ask(request, what, frozen, plan, form, error=str(refusal), status=409)
        return _results(request, what, frozen, plan, form.cleaned_data)
    return _ask(request, what, frozen, plan, form, status=422 if form.is_bound and form.errors else 200)


def _verb(name: str) -> Verb:
    if name not in VERBS:
        raise Http404
    return VERBS[name]


def _plan(what: Verb, frozen: Selection, by: User) -> Plan:
    seen = selections.versions(frozen)
    rows = rows_for_list(by).filter(pk__in=list(seen)).order_by("-urgency", "pk")
    plan = Plan()
    for case in rows:
        decision = what.allowed(case, by) if case.version == seen[case.pk] else deny(str(Stale()))
        if not decision:
            plan.refused.append((case, decision.reason))
            continue
        plan.taken.append(case)
    plan.money = added(money for case in plan.taken for money in held(case))
    plan.gone = len(seen) - len(plan.taken) - len(plan.refused)
    return plan


def _ask(
    request: Request, what: Verb, frozen: Selection, plan: Plan, form: forms.Form, *, error: str = "", status: int
) -> HttpResponse:
    context = {
        "title": what.title,
        "breadcrumbs": [("Exceptions", reverse("cases:case-list"))],
        "what": what,
        "frozen": frozen,
        "plan": plan,
        "taken": [(case, held(case)) for case in plan.taken[:SHOWN]],
        "form": form,
        "error": error,
        "limit": selections.LIMIT,
    }
    return render(request, "cases/bulk_confirm.html", context, status=status)


def _results(request: Request, what: Verb, frozen: Selection, plan: Plan, data: Data) -> HttpResponse:
    seen = selections.versions(frozen)
    results = [(case, *_attempt(what, case, seen[case.pk] or 0, request.user, data)) for case in plan.taken]
    results += [(case, False, reason) for case, reason in plan.refused]
    context = {
        "title": f"{sum(done for _, done, _ in results)} of {len(seen)} done",
        "lead": what.title,
        "breadcrumbs": [("Exceptions", reverse("cases:case-list"))],
        "results": results,
        "gone": plan.gone,
    }
    return render(request, "cases/bulk_results.html", context)


def _attempt(what: Verb, case: Case, seen: int, by: User, data: Data) -> tuple[bool, str]:
    try:
        what.act(case, seen, by, data)
    except ThroughlineError as refusal:
        return False, str(refusal)
    return True, "Done."
