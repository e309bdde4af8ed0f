"""A field that changed, on the page of its case: what it was and is, the mapping to edit, or: it is right as it is."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from integration_hub.cases.models import Case
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.seen import SeenForm
from integration_hub.intake import changes
from integration_hub.intake.actions import shapes
from integration_hub.intake.changes import Changed
from integration_hub.intake.troubles import DRIFT
from integration_hub.kernel.decision import Decision, deny
from integration_hub.kernel.errors import Stale
from integration_hub.mapping import policies
from integration_hub.mapping.models import Mapping

SECOND_PERSON = "Nothing changes until somebody else has published it; then the records kept back are taken again."
AT_ONCE = "It holds at once: the records kept back are taken again."


class DraftForm(SeenForm):
    """A draft of the mapping with what is proposed; for new values, what each means."""

    def __init__(self, data: Any = None, *, changed: Changed) -> None:
        super().__init__(data, initial={"seen": changed.seen})
        theirs = changed.proposed.theirs if changed.proposed else ()
        self.names = {f"value{number}": value for number, value in enumerate(theirs)}
        several = "Left empty, its records stay here." if len(theirs) > 1 else ""
        for name, value in self.names.items():
            self.fields[name] = forms.CharField(
                label=f"“{value}” means", required=not several, max_length=200, help_text=several
            )

    @property
    def meanings(self) -> dict[str, str]:
        """Ours by theirs."""
        return {value: self.cleaned_data.get(name, "") for name, value in self.names.items()}


def fix(case: Case, request: Request) -> SafeString:
    """The card on the case page."""
    found = changes.read(case.root_cause)
    context = {
        "case": case,
        "changed": found,
        "draft_form": DraftForm(changed=found),
        "consequence": _consequence(found),
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
    found = changes.read(case.root_cause)
    confirm = Confirm(
        title=f"{found.field} is right as it is now",
        verb="It is right",
        back=reverse("cases:case-detail", args=[pk]),
        form=ReasonForm(request.POST or None, initial={"version": case.version}),
        facts=[("Connection", found.connection), ("Field", found.field), ("Changed", found.message)],
        consequence=f"{_records(found.records)} taken as they are. What the field looks like is learnt anew.",
        decision=_may(case, request),
    )

    def act(data: Any) -> int:
        if Case.objects.get(pk=pk).version != data["version"]:
            raise Stale
        _may(case, request).or_raise()
        return shapes.accept(root_cause=case.root_cause, reason=data["reason"], by=request.user)

    return decide(request, confirm, act, done=lambda count: f"Noted. {_records(count)} taken again.")


@screen(permission="hub_cases.view_case", methods=["GET", "POST"])
def draft(request: Request, pk: int) -> HttpResponse:
    """Make a draft of the mapping with what is proposed; or say what new values mean where a map is in use already."""
    case = find_or_404(Case.objects.all(), request.user, scope="legal_entity", pk=pk)
    if case.code != DRIFT:
        raise Http404
    found = changes.read(case.root_cause)
    in_use = _in_use(found)
    form = DraftForm(request.POST or None, changed=found)
    differences = found.proposal.differences if found.proposal else []
    confirm = Confirm(
        title=f"Say what {found.field} means" if in_use else f"Change the mapping of {found.field}",
        verb="Map it" if in_use else "Make the draft",
        back=reverse("cases:case-detail", args=[pk]),
        form=form,
        facts=[("Connection", found.connection), ("Field", found.field), ("Changed", found.message), *differences],
        consequence=_consequence(found),
        decision=_may(case, request),
    )

    def act(data: Any) -> Mapping | int:
        _may(case, request).or_raise()
        told: dict[str, Any] = {"root_cause": case.root_cause, "by": request.user, "seen": data["seen"]}
        if in_use:
            return shapes.give_meaning(**told, meanings=form.meanings)
        return shapes.draft(**told, meanings=form.meanings)

    return decide(request, confirm, act, done=_done)


def _in_use(found: Changed) -> bool:
    """Whether a new value needs nothing but a row in a value map that is in use."""
    return found.proposed is not None and found.proposed.in_use


def _consequence(found: Changed) -> str:
    return AT_ONCE if _in_use(found) else SECOND_PERSON


def _done(made: Mapping | int) -> str:
    if isinstance(made, Mapping):
        return f"{made} is a draft. Somebody else checks and publishes it."
    return f"Mapped. {_records(made)} taken again."


def _records(count: int) -> str:
    return "1 record is" if count == 1 else f"{count:,} records are"


def _may(case: Case, request: Request) -> Decision:
    if not case.is_open:
        return deny("This case is already resolved.")
    return policies.can_edit(request.user)
