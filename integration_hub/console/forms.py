"""Forms of decisions, which state the version the person saw, and what forms are made of."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

RELOAD = "Reload the page and try again."


class DecisionForm(forms.Form):
    """A decision on a versioned row. A missing version is an error, not a skip."""

    version = forms.IntegerField(
        min_value=1,
        widget=forms.HiddenInput,
        error_messages={"required": RELOAD, "invalid": RELOAD, "min_value": RELOAD},
    )


class NoteForm(DecisionForm):
    """A decision that may carry a note."""

    note = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), label="Note (optional)"
    )


class ReasonForm(DecisionForm):
    """A decision that must carry a reason."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Kept in the trail and shown to everyone who sees this record.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )


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
