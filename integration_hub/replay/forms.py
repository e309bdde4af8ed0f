"""Forms of replay plans."""

from django import forms

from integration_hub.replay.actions.plans import FASTEST, SLOWEST


class PlanForm(forms.Form):
    """What a plan is called, why, and how fast it may go."""

    title = forms.CharField(max_length=120, label="Title", help_text="What these items have in common.")
    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Why they are to be worked again. Kept in the trail; whoever approves reads it.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )
    per_minute = forms.IntegerField(
        min_value=SLOWEST,
        max_value=FASTEST,
        initial=600,
        label="Items a minute",
        help_text="At most. What is planned meanwhile goes before them.",
    )
