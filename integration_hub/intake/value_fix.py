"""Mapping the value that is missing, from the page of its case: say what it means, and its records are taken."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from integration_hub.cases.models import Case
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.intake import troubles, waiting
from integration_hub.intake.forms import ValueForm
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.decision import Decision, deny
from integration_hub.kernel.errors import Stale
from integration_hub.mapping import policies
from integration_hub.mapping.actions import values

CODE = troubles.VALUE_UNMAPPED


@dataclass(frozen=True, slots=True)
class Missing:
    """A value without a meaning: whose, in which map, and how many records wait for it."""

    connection: str
    value_map: str
    theirs: str
    records: int
    freed: int

    @property
    def sentence(self) -> str:
        """What mapping it does."""
        carry = "1 record carries it and is" if self.records == 1 else f"{self.records:,} records carry it and are"
        stuck = self.records - self.freed
        if not stuck:
            return f"{carry} taken again at once."
        others = (
            "1 of them has further problems and stays"
            if stuck == 1
            else f"{stuck:,} of them have further problems and stay"
        )
        return f"{carry} taken again at once; {others} refused."


def missing(case: Case) -> Missing:
    """What the root cause of a case says: connection, value map, value."""
    connection, value_map, theirs = (*case.root_cause.split(":", 2), "", "", "")[:3]
    rows = SourceVersion.objects.filter(case_code=CODE, root_cause=case.root_cause, status="refused")
    found = list(rows.values_list("problems", flat=True)[:5000])
    return Missing(connection, value_map, theirs, rows.count(), sum(len(problems) == 1 for problems in found))


def fix(case: Case, request: Request) -> SafeString:
    """The card on the case page."""
    lack = missing(case)
    form = ValueForm(initial={"version": case.version}, connection=lack.connection, name=lack.value_map)
    context = {"case": case, "missing": lack, "form": form, "decision": policies.can_edit_values(request.user)}
    return render_to_string("intake/_value_fix.html", context, request=request)


@screen(permission="hub_cases.view_case", methods=["GET", "POST"])
def value_map(request: Request, pk: int) -> HttpResponse:
    """Give the value of a case its meaning, and have the records that waited for it taken again."""
    case = find_or_404(Case.objects.all(), request.user, scope="legal_entity", pk=pk)
    if case.code != CODE:
        raise Http404
    lack = missing(case)
    initial = {"version": case.version}
    form = ValueForm(request.POST or None, initial=initial, connection=lack.connection, name=lack.value_map)
    confirm = Confirm(
        title="Map this value",
        verb="Map it",
        back=reverse("cases:case-detail", args=[pk]),
        form=form,
        facts=[("Connection", lack.connection), ("Value map", lack.value_map), ("Theirs", lack.theirs)],
        consequence=lack.sentence,
        decision=_may(case, request),
    )

    def act(data: Any) -> int:
        if Case.objects.get(pk=pk).version != data["version"]:
            raise Stale
        _may(case, request).or_raise()
        values.add_value(
            connection=lack.connection, name=lack.value_map, theirs=lack.theirs, ours=data["ours"], by=request.user
        )
        again = SourceVersion.objects.filter(case_code=CODE, root_cause=case.root_cause, status="refused")
        return waiting.later(list(again.values_list("pk", flat=True)))

    return decide(request, confirm, act, done=_mapped)


def _mapped(count: int) -> str:
    return f"Mapped. {count:,} {'record is' if count == 1 else 'records are'} taken again."


def _may(case: Case, request: Request) -> Decision:
    if not case.is_open:
        return deny("This case is already resolved: the value has a meaning.")
    return policies.can_edit_values(request.user)
