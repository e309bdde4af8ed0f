"""Decision views: show what will happen, do it once, and say what happened or why it did not."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from integration_hub.console.forms import RELOAD
from integration_hub.console.http import wants_partial
from integration_hub.kernel.decision import ALLOW, Decision
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale

OK, REFUSED, CONFLICT, INVALID = 200, 403, 409, 422


@dataclass(frozen=True, slots=True)
class Confirm:
    """What a person is asked before a decision takes effect.

    `facts` are (label, value) pairs of what is decided about; values may be HTML made by the console's filters.
    `consequence` says in one sentence what will happen, `details` in HTML what exactly. `tone` "danger" is for what
    cannot be undone.
    """

    title: str
    verb: str
    form: forms.BaseForm
    back: str
    facts: list[tuple[str, Any]] = field(default_factory=list)
    consequence: str = ""
    details: SafeString | None = None
    decision: Decision = ALLOW
    tone: Literal["primary", "danger"] = "primary"
    template_name: str = "console/confirm.html"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision: the HTTP status and the sentence the person reads."""

    status: int
    message: str

    @property
    def done(self) -> bool:
        """Whether it took effect."""
        return self.status == OK

    @property
    def tone(self) -> str:
        """The tone of the banner."""
        return {OK: "success", REFUSED: "danger", CONFLICT: "warning", INVALID: "danger"}.get(self.status, "danger")


def decide(
    request: HttpRequest,
    confirm: Confirm,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    done: str | Callable[[Any], str],
    row: Callable[[Outcome], str] | None = None,
    back: Callable[[Any], str] | None = None,
) -> HttpResponse:
    """The whole view of one decision.

    GET shows the confirm page (in the drawer when htmx asks). POST validates, calls `act(cleaned_data)`, answers:

    * done → message and redirect to `back`. Pressed in a table row (the form carries `row`, the id of its `<tr>`):
      the row as `row(outcome)` writes it, and a spoken message instead of a redirect.
    * `Stale`, `NotReady` → 409 · `Denied` → 403 · invalid form, `BadInput` → 422: nothing was changed. The confirm page
      again with the reason; or, for a button that posts straight from a row, the row with `outcome`.
    """
    if request.method != "POST":
        return _ask(request, confirm, None)
    result, outcome = _attempt(confirm, act, done)
    target = _row_id(request)
    if row and target and (outcome.done or not _from_drawer(request)):
        return _answer_row(row, outcome, target)
    if not outcome.done:
        return _ask(request, confirm, outcome)
    messages.success(request, outcome.message)
    address = back(result) if back else confirm.back
    return HttpResponseClientRedirect(address) if wants_partial(request) else HttpResponseRedirect(address)


def _attempt(
    confirm: Confirm, act: Callable[[Mapping[str, Any]], Any], done: str | Callable[[Any], str]
) -> tuple[Any, Outcome]:
    if not confirm.form.is_valid():
        return None, Outcome(INVALID, _first_error(confirm.form))
    try:
        result = act(confirm.form.cleaned_data)
    except (Stale, NotReady) as refusal:
        return None, Outcome(CONFLICT, str(refusal))
    except Denied as refusal:
        return None, Outcome(REFUSED, str(refusal))
    except BadInput as refusal:
        for problem in refusal.problems:
            known = problem.field in confirm.form.fields
            text = f"{problem.message} {problem.remedy}".strip() if known else str(problem)
            confirm.form.add_error(problem.field if known else None, text)
        return None, Outcome(INVALID, str(refusal))
    return result, Outcome(OK, done(result) if callable(done) else done)


def _first_error(form: forms.BaseForm) -> str:
    if "version" in form.errors:
        return RELOAD
    for name, errors in form.errors.items():
        label = form[name].label if name in form.fields else ""
        return f"{label}: {errors[0]}" if label else str(errors[0])
    return "Check the form."


def _from_drawer(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target", "") == "drawer-body"


def _row_id(request: HttpRequest) -> str:
    """The id of the table row the decision was pressed in; empty on a page of its own."""
    value = request.POST.get("row", "") if wants_partial(request) else ""
    return value if re.fullmatch(r"[\w-]+", value) else ""


def _answer_row(row: Callable[[Outcome], str], outcome: Outcome, target: str) -> HttpResponse:
    response = HttpResponse(row(outcome), status=outcome.status)
    reswap(retarget(response, f"#{target}"), "outerHTML")
    return announce(response, outcome.message, tone=outcome.tone, done=outcome.done)


def _ask(request: HttpRequest, confirm: Confirm, outcome: Outcome | None) -> HttpResponse:
    part = wants_partial(request)
    template = f"{confirm.template_name}#confirm" if part else confirm.template_name
    row_id = request.POST.get("row") or request.GET.get("row", "")
    context = {"confirm": confirm, "outcome": outcome, "form": confirm.form, "in_drawer": part, "row_id": row_id}
    response = render(request, template, context, status=outcome.status if outcome else OK)
    if part and outcome:
        response = reswap(retarget(response, "#drawer-body"), "innerHTML")
    return response


def announce(response: HttpResponse, message: str, *, tone: str = "success", done: bool = True) -> HttpResponse:
    """Let the page say a sentence (and, when `done`, close the drawer and move on to the next row)."""
    trigger_client_event(response, "console:outcome", {"message": message, "tone": tone, "done": done})
    return response


def refusal(request: HttpRequest, status: int, message: str, **context: Any) -> HttpResponse:
    """A refusal outside a form: the error page, or for htmx a banner above the screen."""
    if wants_partial(request):
        response = render(request, "_partials/refusal.html", {"message": message, **context}, status=status)
        return reswap(retarget(response, "#messages"), "innerHTML")
    return render(request, f"{status}.html", {"message": message, **context}, status=status)
