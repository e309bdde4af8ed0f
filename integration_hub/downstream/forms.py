"""Forms of streams."""

import re
from datetime import UTC, datetime, time
from typing import Any

from django import forms

from integration_hub.connectors.models import Connection
from integration_hub.connectors.publishing import Publishing
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.console.forms import DecisionForm, ReasonForm, day
from integration_hub.downstream.actions.streams import StreamIn
from integration_hub.downstream.models import Stream

_PARTED = re.compile(r"[\s,;]+")
MINUTES_LATE = 60


def names(text: str) -> list[str]:
    """What was typed one to a line, or parted by commas."""
    return [part for part in _PARTED.split(text.strip()) if part]


class _Stated(forms.Form):
    """What a stream says, whether new or changed."""

    title = forms.CharField(max_length=120, label="Name", help_text="Who is told, e.g. Data warehouse.")
    actions = forms.CharField(
        label="Events",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One to a line; billing.* stands for all that begin so.",
        error_messages={"required": "Name at least one event."},
    )
    legal_entities = forms.CharField(
        label="Legal entities",
        required=False,
        help_text="Codes, parted by commas; empty: all, and what belongs to none.",
    )
    with_words = forms.BooleanField(
        label="Send names of people and the reasons they gave",
        required=False,
        help_text="Without it only what happened is sent, with amounts and ids.",
    )
    late_after_minutes = forms.IntegerField(
        label="Late after minutes", min_value=1, max_value=7 * 24 * 60, initial=MINUTES_LATE
    )

    def stated(self) -> StreamIn:
        """What was entered; call when valid."""
        data = self.cleaned_data
        return StreamIn(
            title=data["title"],
            actions=names(data["actions"]),
            legal_entities=names(data["legal_entities"].upper()),
            with_words=data["with_words"],
            late_after_seconds=data["late_after_minutes"] * 60,
        )


class NewStreamForm(_Stated):
    """A new stream."""

    code = forms.SlugField(max_length=60, label="Code", help_text="Small letters, digits and hyphens. Never changes.")
    connection = forms.ModelChoiceField(
        label="System", queryset=Connection.objects.none(), empty_label="Choose a system",
        help_text="A webhook consumer or a broker, set up under Connections.",
    )  # fmt: skip
    since = day("Events since", required=False, help_text="Empty: from now on.")
    field_order = ["title", "code", "connection"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = [name for name, connector in CONNECTORS if isinstance(connector, Publishing)]
        self.fields["connection"].queryset = Connection.objects.filter(vendor__in=able)  # type: ignore[attr-defined]

    def moment(self) -> datetime | None:
        """The beginning of the day that was chosen, by UTC; None for now."""
        return _beginning(self.cleaned_data["since"]) if self.cleaned_data["since"] else None


class StreamForm(DecisionForm, _Stated):
    """What a stream is changed to."""

    @staticmethod
    def said(stream: Stream) -> dict[str, Any]:
        """What it says now."""
        return {
            "version": stream.version,
            "title": stream.title,
            "actions": "\n".join(stream.actions),
            "legal_entities": ", ".join(stream.legal_entities),
            "with_words": stream.with_words,
            "late_after_minutes": max(1, stream.late_after_seconds // 60),
        }


class AgainForm(ReasonForm):
    """Since when everything is told once more."""

    since = day("Events since", help_text="The beginning of the day, by UTC.")
    field_order = ["since", "reason"]

    def moment(self) -> datetime:
        """The beginning of the day that was chosen, by UTC."""
        return _beginning(self.cleaned_data["since"])


def _beginning(on: Any) -> datetime:
    return datetime.combine(on, time(0), UTC)
