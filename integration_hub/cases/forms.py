"""Forms of what people do with exceptions."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from integration_hub.cases.models import Case
from integration_hub.console.forms import DecisionForm, ReasonForm
from integration_hub.kernel.clock import now
from integration_hub.people.models import User


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person by name and role."""

    def label_from_instance(self, obj: Any) -> str:
        """`Fiona Hart · Finance`."""
        return f"{obj.label} · {obj.get_role_display()}" if obj.role else obj.label


class AssignForm(DecisionForm):
    """Whom to give a case to."""

    to = PersonField(queryset=User.objects.none(), label="Give it to", empty_label="Choose a person")

    def __init__(self, *args: Any, people: "QuerySet[User]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]


def until_field() -> forms.DateField:
    """A day up to which something may wait."""
    return forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It comes back to its queue at the start of that day (UTC). Its clock goes on.",
        error_messages={"required": "Say until when.", "invalid": "Write the day as 2026-01-31."},
    )


class SnoozeForm(ReasonForm):
    """Until when a case may wait, and why."""

    until = until_field()
    field_order = ["version", "until", "reason"]


class DelegateForm(ReasonForm):
    """Who stands in, until when, and why."""

    to = PersonField(queryset=User.objects.none(), label="Who stands in", empty_label="Choose a person")
    until = until_field()
    field_order = ["version", "to", "until", "reason"]

    def __init__(self, *args: Any, people: "QuerySet[User]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]
        self.fields["until"].help_text = "It is yours alone again at the start of that day (UTC). Its clock goes on."


def start_of(day: Any) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(0), tzinfo=UTC)


def tomorrow() -> str:
    """What a snooze form proposes."""
    return (now() + timedelta(days=1)).date().isoformat()


class ResolveForm(DecisionForm):
    """How a case is resolved."""

    outcome = forms.ChoiceField(
        label="How",
        widget=forms.RadioSelect,
        choices=[
            (Case.Outcome.MANUAL, "It is mended: the cause is gone"),
            (Case.Outcome.OVERRIDE, "Accept it as it is (override)"),
        ],
        initial=Case.Outcome.MANUAL,
    )
    text = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What was done, or why it is accepted",
        help_text="Kept in the trail and shown to everyone who sees this exception.",
        error_messages={"required": "Say what was done: it is kept in the trail."},
    )


class CommentForm(forms.Form):
    """What somebody writes on a case; no version: nothing is decided."""

    text = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Comment",
        help_text="Write @ and a login, e.g. @fiona, to tell somebody of it.",
        error_messages={"required": "Write what others should know."},
    )


class BulkClaimForm(forms.Form):
    """Taking many cases needs no further word."""


class BulkAssignForm(forms.Form):
    """Whom to give many cases to."""

    to = PersonField(queryset=User.objects.none(), label="Give them to", empty_label="Choose a person")

    def __init__(self, *args: Any, people: "QuerySet[User]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]


class BulkSnoozeForm(forms.Form):
    """Until when many cases may wait, and why."""

    until = until_field()
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), label="Reason")
