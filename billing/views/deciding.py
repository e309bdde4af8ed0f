"""Decisions on a candidate: approve, return, post, dissolve, check again. Each is bound to what the person saw."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from billing import policies, queries, simulated, simulation
from billing.actions import approvals, candidates
from billing.forms import ApproveForm, SeenForm, SeenReasonForm
from billing.models import Candidate
from billing.views.seen import as_seen, moved_since
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import day_html, money_html
from integration_hub.kernel.decision import Decision, deny
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import User

VIEW = "billing.view_candidate"
BOTH = ("GET", "POST")


def _find(request: Request, pk: int) -> Candidate:
    return find_or_404(Candidate.objects.select_related(*queries.CANDIDATE_PARTS), request.user, pk=pk)


def _facts(candidate: Candidate) -> list[tuple[str, Any]]:
    return [
        ("Bill to", candidate.bill_to.customer.name),
        ("Contract", f"{candidate.contract.number} · {candidate.contract.name}"),
        ("Lines", candidate.lines.count()),
        ("Net", money_html(candidate.net, candidate.currency)),
        ("Tax", money_html(candidate.tax, candidate.currency)),
        ("Gross", money_html(candidate.gross, candidate.currency)),
        ("Invoice date", day_html(candidate.invoice_date)),
    ]


def _decide(
    request: Request,
    candidate: Candidate,
    *,
    title: str,
    verb: str,
    consequence: str,
    allowed: Decision,
    act: Callable[[Mapping[str, Any]], Any],
    done: str | Callable[[Any], str],
    form: Callable[..., forms.Form] = SeenForm,
    details: SafeString | None = None,
    danger: bool = False,
) -> HttpResponse:
    """Ask and decide; when the candidate moved since it was seen, say what changed and change nothing."""
    seen = as_seen(candidate, request)
    if request.method != "POST" and (moved := moved_since(candidate, seen)):
        allowed = deny(f"It changed since you opened it. {moved}")
    confirm = Confirm(
        title=title,
        verb=verb,
        form=form(posted(request), initial=seen),
        back=reverse("billing:candidate-detail", args=[candidate.pk]),
        facts=_facts(candidate),
        consequence=consequence,
        details=details,
        decision=allowed if request.method != "POST" else Decision(True),
        tone="danger" if danger else "primary",
    )
    return decide(request, confirm, lambda data: _unmoved(candidate.pk, request.user, data, act), done=done)


def _unmoved(pk: int, user: User, data: Mapping[str, Any], act: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Do it, or say what moved: a stale decision is a conflict even where the new state would refuse it as well."""
    try:
        return act(data)
    except approvals.Lapsed:
        raise
    except (Stale, Denied) as refusal:
        current = Candidate.objects.select_related(*queries.CANDIDATE_PARTS).get(pk=pk)
        moved = moved_since(current, dict(data))
        personal = current.prepared_by_id == user.pk and isinstance(refusal, Denied)
        if not moved or personal:
            raise
        raise Stale(f"It changed since you opened it. {moved}") from refusal


@screen(permission=VIEW, methods=BOTH)
def approve(request: Request, pk: int) -> HttpResponse:
    """Approve exactly the figures that were shown."""
    candidate = _find(request, pk)
    standing = approvals.standing(candidate)
    left = len(standing.missing) - 1
    asked = request.method == "GET" and candidate.status not in Candidate.BEYOND_CHECKS
    own = bool(policies.can_approve(candidate, request.user))
    lent = [
        row for row in approvals.lent(candidate, request.user) if policies.can_approve(candidate, request.user, row)
    ]
    after = "It can then be posted." if left <= 0 else f"After you, {left} more must approve before it can be posted."
    return _decide(
        request,
        candidate,
        title=f"Approve {candidate.number}?",
        verb="Approve",
        consequence=f"Your approval counts for exactly these figures. {after}",
        details=simulated.panel(lambda: simulation.of_candidate(candidate)) if asked else None,
        allowed=approvals.can_approve(candidate, request.user),
        act=lambda data: approvals.approve(
            candidate_id=pk,
            by=request.user,
            seen_version=data["version"],
            seen_hash=data["content_hash"],
            delegation_id=data.get("delegation"),
        ),
        form=partial(ApproveForm, own=own, lent=lent),
        done=lambda row: (
            f"{row.number} approved." if row.status == "approved" else f"{row.number}: your approval counts."
        ),
    )


@screen(permission=VIEW, methods=BOTH)
def send_back(request: Request, pk: int) -> HttpResponse:
    """Return it to whoever prepared it, with a reason."""
    candidate = _find(request, pk)
    return _decide(
        request,
        candidate,
        title=f"Return {candidate.number}?",
        verb="Return it",
        consequence=f"{candidate.prepared_by.label} sees the reason. Approvals given so far do not count any more.",
        allowed=policies.can_return(candidate, request.user),
        act=lambda data: approvals.send_back(
            candidate_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
        done=f"{candidate.number} returned.",
        form=SeenReasonForm,
    )


@screen(permission=VIEW, methods=BOTH)
def post(request: Request, pk: int) -> HttpResponse:
    """Send it to the ERP, once."""
    candidate = _find(request, pk)
    return _decide(
        request,
        candidate,
        title=f"Post {candidate.number} to the ERP?",
        verb="Post",
        consequence="The ERP gets the invoice once, even if its answer is lost. After that it can only be credited.",
        allowed=policies.can_post(candidate, request.user),
        act=lambda data: approvals.post(candidate_id=pk, by=request.user, seen_version=data["version"]),
        done=f"{candidate.number} is on its way to the ERP.",
    )


@screen(permission=VIEW, methods=BOTH)
def dissolve(request: Request, pk: int) -> HttpResponse:
    """Take it apart: its work is billable again."""
    candidate = _find(request, pk)
    return _decide(
        request,
        candidate,
        title=f"Dissolve {candidate.number}?",
        verb="Dissolve",
        consequence="Its work is billable again and goes into the next run. Approvals and reservations are gone.",
        allowed=policies.can_dissolve(candidate, request.user),
        act=lambda data: candidates.dissolve(
            candidate=candidate, by=request.user, reason=data["reason"], seen_version=data["version"]
        ),
        done=f"{candidate.number} dissolved; its work is billable again.",
        form=SeenReasonForm,
        danger=True,
    )


@screen(permission=VIEW, methods=BOTH)
def check(request: Request, pk: int) -> HttpResponse:
    """Have tax quoted and the checks run again."""
    candidate = _find(request, pk)

    def again(data: Mapping[str, Any]) -> Candidate:
        with transaction.atomic():
            policies.can_refresh(candidate, request.user).or_raise()
            candidates.quote_soon(candidate)
        return candidate

    return _decide(
        request,
        candidate,
        title=f"Check {candidate.number} again?",
        verb="Check again",
        consequence="Tax is quoted again where lines moved, and every check runs. It takes a few seconds.",
        allowed=policies.can_refresh(candidate, request.user),
        act=again,
        done=f"{candidate.number} is being checked again.",
    )
