"""Forms of billing's decisions."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from billing.models import Hold, HoldCode
from billing.policies import SYSTEM_ONLY
from contracts.queries import entities_for
from integration_hub.console.forms import RELOAD, DecisionForm
from integration_hub.people.models import User


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when nothing was in it; None while the question is only asked."""
    return request.POST if request.method == "POST" else None


class DayInput(forms.DateInput):
    """A day picked from a calendar, in the format browsers expect."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def day(label: str, **more: Any) -> forms.DateField:
    """A date field."""
    return forms.DateField(label=label, widget=DayInput(), **more)


class PlaceHoldForm(forms.Form):
    """A hold on something that is named already (`scope` and `target` hidden) or is named here."""

    scope = forms.ChoiceField(label="On", choices=Hold.Scope.choices)
    target = forms.CharField(label="Number, code or id", max_length=200, help_text="As it is written on its own page.")
    code = forms.ChoiceField(
        label="Reason code",
        choices=[("", "Choose…"), *(choice for choice in HoldCode.choices if choice[0] not in SYSTEM_ONLY)],
        error_messages={"required": "Choose why billing must stop."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever releases the hold judges by this. Kept in the trail.",
        error_messages={"required": "Say why, so that the person who releases it can judge."},
    )
    review_on = day("Look at it again on", required=False, help_text="Empty: the usual time for this code.")

    def __init__(self, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:
            self.fields["scope"].widget = forms.HiddenInput()
            self.fields["target"].widget = forms.HiddenInput()


class StartRunForm(forms.Form):
    """Which work becomes candidates."""

    legal_entity = forms.ChoiceField(label="Legal entity")
    through = day("Work up to and including", help_text="Service dates after this day wait for the next run.")
    invoice_date = day("Invoice date", help_text="On or after the last service date.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = [(row.code, f"{row.code} · {row.name}") for row in entities_for(user) if row.is_active]
        field = self.fields["legal_entity"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = mine if len(mine) == 1 else [("", "Choose…"), *mine]


class SeenForm(DecisionForm):
    """A decision on a candidate as it was shown: its version, the hash of its figures, its total, the last event."""

    content_hash = forms.CharField(
        max_length=64, widget=forms.HiddenInput, error_messages={"required": RELOAD, "max_length": RELOAD}
    )
    gross = forms.DecimalField(required=False, widget=forms.HiddenInput)
    event = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SeenReasonForm(SeenForm):
    """The same with a reason."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Whoever prepared it reads this. Kept in the trail.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )
