"""A field that changed, on the page of its case: what it was and is, the mapping to edit, or: it is right as it is."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Min
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from integration_hub.cases.models import Case
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.intake.actions import shapes
from integration_hub.intake.models import SourceVersion
from integration_hub.intake.troubles import DRIFT
from integration_hub.kernel.decision import Decision, deny
from integration_hub.kernel.errors import Stale
from integration_hub.mapping import policies
from integration_hub.mapping.models import Mapping


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that is not what it was: of which feed, how it changed, since when, in how many records."""

    connection: str
    entity: str
    field: str
    message: str
    value: str
    records: int
    since: Any
    mapping: Mapping | None


def changed(case: Case) -> Changed:
    """What the root cause of a case and its records say."""
    connection, entity, field, _ = (*case.root_cause.split(":", 3), "", "", "")[:4]
    rows = SourceVersion.objects.filter(case_code=DRIFT, root_cause=case.root_cause, status="refused")
    problems = rows.order_by("pk").values_list("problems", flat=True).first() or [{}]
    mapping = Mapping.objects.filter(connection=connection, entity=entity, status=Mapping.Status.PUBLISHED).first()
    since = rows.aggregate(since=Min("received_at"))["since"]
    first = problems[0]
    return Changed(
        connection, entity, field, first.get("message", ""), first.get("value", ""), rows.count(), since, mapping
    )


def fix(case: Case, request: Request) -> SafeString:
    """The card on the case page."""
    context = {
        "case": case,
        "changed": changed(case),
        "form": ReasonForm(initial={"version": case.version}),
        "decision": policies.can_edit(request.user),
        "in_admin": request.user.is_staff,
    }
    return render_to_string("intake/_drift_fix.html", context, request=request)


@screen(permission="hub_cases.view_case", methods=["GET", "POST"])
def accept(request: Request, pk: int) -> HttpResponse:
    """Say that a field is right as it is now: it is learnt anew, and the records are taken."""
    case = find_or_404(Case.objects.all(), request.user, scope="legal_entity", pk=pk)
    if case.code != DRIFT:
        raise Http404
    found = changed(case)
    confirm = Confirm(
        title=f"{found.field} is right as it is now",
        verb="It is right",
        back=reverse("cases:case-detail", args=[pk]),
        form=ReasonForm(request.POST or None, initial={"version": case.version}),
        facts=[("Connection", found.connection), ("Field", found.field), ("Changed", found.message)],
        consequence=f"{found.records:,} records are taken as they are. What the field looks like is learnt anew.",
        decision=_may(case, request),
    )

    def act(data: Any) -> int:
        if Case.objects.get(pk=pk).version != data["version"]:
            raise Stale
        _may(case, request).or_raise()
        return shapes.accept(root_cause=case.root_cause, reason=data["reason"], by=request.user)

    return decide(request, confirm, act, done=lambda count: f"Noted. {count:,} records are taken again.")


def _may(case: Case, request: Request) -> Decision:
    if not case.is_open:
        return deny("This case is already resolved.")
    return policies.can_edit(request.user)
