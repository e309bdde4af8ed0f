"""Decisions on rows without a version: the form states what the person saw instead, and old sight is refused."""

from django import forms

from integration_hub.console.forms import RELOAD
from integration_hub.kernel.errors import Stale


class SeenForm(forms.Form):
    """A decision on a row that has no version; `seen` is the state the person was looking at."""

    seen = forms.CharField(max_length=120, widget=forms.HiddenInput, error_messages={"required": RELOAD})


class SeenNoteForm(SeenForm):
    """A decision that may carry a reason."""

    reason = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), label="Reason (optional)"
    )


class SeenReasonForm(SeenForm):
    """A decision that must carry a reason."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Kept in the trail and shown to everyone who sees this record.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )


def still(seen: str, current: object) -> None:
    """Raise `Stale` unless the row still is as the person saw it."""
    if seen != str(current):
        raise Stale
