"""Screens of corrections: the form made from the content, the difference, and the second person's decision."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import proposals, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import NoteForm, ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenReasonForm
from integration_hub.console.templatetags.console import badge, day
from integration_hub.effects import policies
from integration_hub.effects.actions import corrections
from integration_hub.effects.content import Field, moved
from integration_hub.effects.filters import CorrectionFilter
from integration_hub.effects.models import Correction, Effect
from integration_hub.effects.tables import CorrectionTable, state
from integration_hub.kernel.errors import BadInput, ThroughlineError

SEE = "hub_effects.view_correction"
FIGURES = {"net": "Net", "tax": "Tax", "gross": "Gross", "date": "Period"}


class CorrectionForm(SeenReasonForm):
    """The editable fields of one payload, each as it stands, and why they are changed."""

    def __init__(self, *args: Any, editable: list[Field], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.paths = {f"f{number}": field for number, field in enumerate(editable)}
        for name, field in self.paths.items():
            self.fields[name] = _form_field(field)
        self.order_fields([*self.paths, "reason", "seen"])

    @property
    def wanted(self) -> dict[str, str]:
        """The new text by path."""
        return {field.path: str(self.cleaned_data.get(name, "")) for name, field in self.paths.items()}


def _form_field(field: Field) -> forms.Field:
    widget: forms.Widget = forms.TextInput()
    if field.spec.kind == "date":
        widget = forms.DateInput(attrs={"type": "date"})
    elif field.spec.longest > 200:
        widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(
        label=field.title,
        initial=field.value,
        required=field.spec.required,
        max_length=field.spec.longest,
        widget=widget,
    )


def _find_effect(request: Request, pk: int) -> Effect:
    return find_or_404(Effect.objects.select_related("connection"), request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE, methods=["GET", "POST"])
def effect_correct(request: Request, pk: int) -> HttpResponse:
    """Change fields, look at the difference, then send it: three steps, all of them work without JavaScript."""
    effect = _find_effect(request, pk)
    allowed = policies.can_correct(effect, request.user)
    form = CorrectionForm(
        request.POST or None,
        editable=corrections.fields_of(effect, request.user) if allowed else [],
        initial={"seen": effect.state},
    )
    status, refusal, drafted = 200, "", None
    if request.method == "POST":
        status = 422
        try:
            if form.is_valid() and not allowed:
                status, refusal = 403, allowed.reason
            elif form.is_valid() and request.POST.get("step") == "apply":
                return _propose(request, effect, form)
            elif form.is_valid():
                drafted, status = corrections.draft(effect, form.wanted, request.user), 200
        except BadInput as error:
            _show(form, error)
        except ThroughlineError as error:
            status, refusal = 409, str(error)
    context = {
        "title": f"Correct {effect.business_key}",
        "lead": "The refused revision is kept; the correction is sent as the next revision under the same reference.",
        "status": state(effect),
        "breadcrumbs": [
            ("Effects", reverse("effects:effect-list")),
            (effect.business_key, reverse("effects:effect-detail", args=[pk])),
        ],
        "effect": effect,
        "form": form,
        "allowed": allowed,
        "refusal": refusal,
        "draft": drafted,
        "figures": figures(drafted) if drafted else [],
        "back": reverse("effects:effect-detail", args=[pk]),
    }
    return render(request, "effects/effect_correct.html", context, status=status)


def _propose(request: Request, effect: Effect, form: CorrectionForm) -> HttpResponse:
    correction = corrections.propose(
        effect_id=effect.pk,
        wanted=form.wanted,
        reason=form.cleaned_data["reason"],
        by=request.user,
        seen_state=form.cleaned_data["seen"],
    )
    return HttpResponseRedirect(reverse("effects:correction-detail", args=[correction.pk]))


def _show(form: CorrectionForm, error: BadInput) -> None:
    names = {field.path: name for name, field in form.paths.items()}
    for problem in error.problems:
        form.add_error(names.get(problem.field), f"{problem.message} {problem.remedy}".strip())


def figures(correction: Correction) -> list[tuple[str, Any, Any, bool]]:
    """(what, before, after, whether it moved) of money, tax and period."""
    currency = correction.effect.currency
    changed = moved(correction.figures)
    return [
        (label, _figure(name, before, currency), _figure(name, after, currency), name in changed)
        for name, label in FIGURES.items()
        for before, after in [correction.figures.get(name, ["", ""])]
        if before or after
    ]


def _figure(name: str, value: str, currency: str) -> Any:
    return value if name == "date" else wording.money_html(value, currency)


class CorrectionList(ListScreen):
    """Corrections; those that wait for a second person first."""

    permission = SEE
    scope = "effect__legal_entity"
    title = "Corrections"
    lead = "What was changed in refused effects, by whom, and who agreed."
    table_class = CorrectionTable
    filterset_class = CorrectionFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has been corrected yet", "A refused effect offers it.")

    def rows(self) -> "QuerySet[Any]":
        """Corrections without the content."""
        rows = Correction.objects.select_related("effect", "proposed_by", "decided_by")
        return rows.defer("payload", "effect__payload", "effect__remote")


def find(request: Request, pk: int) -> Correction:
    """A correction within the person's scope, or 404."""
    rows = Correction.objects.select_related("effect__connection", "proposed_by", "decided_by", "result")
    return find_or_404(rows, request.user, scope="effect__legal_entity", pk=pk)


@screen(permission=SEE)
def correction_detail(request: Request, pk: int) -> HttpResponse:
    """One correction: what differs, what it means for money and period, who decides."""
    correction = find(request, pk)
    effect = correction.effect
    context = {
        "title": f"Correction of {effect.business_key}",
        "status": proposals.state(correction),
        "lead": correction.reason,
        "breadcrumbs": [
            ("Effects", reverse("effects:effect-list")),
            (effect.business_key, reverse("effects:effect-detail", args=[effect.pk])),
        ],
        "buttons": buttons(request, correction),
        "correction": correction,
        "figures": figures(correction),
        "facts": facts(correction),
    }
    return render(request, "effects/correction_detail.html", context)


def facts(correction: Correction) -> list[tuple[str, Any]]:
    """The correction in facts."""
    effect = correction.effect
    return known(
        ("Refused because", effect.failure or None),
        ("Amount", wording.money_html(effect.amount, effect.currency) if effect.amount is not None else None),
        ("Posting date", day(effect.posting_date) if effect.posting_date else None),
        ("Refused revision", effect.revision),
        *proposals.facts(correction),
    )


def buttons(request: Request, correction: Correction) -> list[Button]:
    """What may be decided; nothing once it is."""
    return proposals.buttons(
        correction,
        request.user,
        address="effects:correction",
        verb="Approve and send",
        approve=policies.can_approve_correction(correction, correction.effect, request.user),
        withdraw=policies.can_withdraw_correction(correction, request.user),
    )


def _confirm(request: Request, correction: Correction, form: type[forms.Form], **more: Any) -> Confirm:
    told = [(change["title"], f"{change['old'] or '–'} → {change['new'] or '–'}") for change in correction.changes]
    return Confirm(
        back=reverse("effects:correction-detail", args=[correction.pk]),
        form=form(request.POST or None, initial={"version": correction.version}),
        facts=[("Effect", str(correction.effect)), ("State", badge(state(correction.effect))), *told],
        **more,
    )


@screen(permission=SEE, methods=["GET", "POST"])
def correction_approve(request: Request, pk: int) -> HttpResponse:
    """A second person lets it go."""
    correction = find(request, pk)
    confirm = _confirm(
        request, correction, NoteForm, title="Approve this correction", verb="Approve and send",
        consequence="The corrected revision is sent under the same reference; the refused one is kept.",
        decision=policies.can_approve_correction(correction, correction.effect, request.user),
    )  # fmt: skip

    def act(data: Mapping[str, Any]) -> Correction:
        return corrections.approve(correction_id=pk, by=request.user, seen_version=data["version"], reason=data["note"])

    return decide(request, confirm, act, done="The corrected revision is on its way.")


@screen(permission=SEE, methods=["GET", "POST"])
def correction_decline(request: Request, pk: int) -> HttpResponse:
    """A second person says no."""
    correction = find(request, pk)
    confirm = _confirm(
        request, correction, ReasonForm, title="Decline this correction", verb="Decline", tone="danger",
        consequence="Nothing is sent; the effect stays refused and may be corrected otherwise.",
        decision=policies.can_approve_correction(correction, correction.effect, request.user),
    )  # fmt: skip

    def act(data: Mapping[str, Any]) -> Correction:
        return corrections.decline(
            correction_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        )

    return decide(request, confirm, act, done="It is declined.")


@screen(permission=SEE, methods=["GET", "POST"])
def correction_withdraw(request: Request, pk: int) -> HttpResponse:
    """Its author takes it back."""
    correction = find(request, pk)
    confirm = _confirm(
        request, correction, NoteForm, title="Withdraw your correction", verb="Withdraw",
        consequence="Nothing is sent; the effect stays refused.",
        decision=policies.can_withdraw_correction(correction, request.user),
    )  # fmt: skip

    def act(data: Mapping[str, Any]) -> Correction:
        return corrections.withdraw(
            correction_id=pk, by=request.user, seen_version=data["version"], reason=data["note"]
        )

    return decide(request, confirm, act, done="It is withdrawn.")
