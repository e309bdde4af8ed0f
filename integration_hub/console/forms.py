"""Forms of decisions: every one of them states the version the person saw."""

from django import forms

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
