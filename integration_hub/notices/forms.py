"""How a person wants to be told."""

from collections.abc import Iterator
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms

from integration_hub.kernel.errors import BadInput
from integration_hub.notices.actions import preferences
from integration_hub.notices.actions.preferences import HabitIn
from integration_hub.notices.models import Habit, Kind
from integration_hub.notices.timing import Pace
from integration_hub.notices.wishes import Wish
from integration_hub.people.models import User

_FIELDS = tuple(HabitIn.__dataclass_fields__)


class Clock(forms.TimeInput):
    """A time of day as browsers pick it."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class PreferencesForm(forms.Form):
    """For each kind of thing whether and how; and when mails come."""

    digests = forms.ChoiceField(label="Digests", choices=Habit.Digests.choices)
    digest_at = forms.TimeField(
        label="Daily digest at", widget=Clock(), help_text="By the clock of the exception's legal entity."
    )
    zone = forms.ChoiceField(label="My time zone", help_text="Quiet hours go by its clock.")
    quiet_from = forms.TimeField(label="Quiet from", widget=Clock(), required=False)
    quiet_until = forms.TimeField(
        label="Quiet until", widget=Clock(), required=False,
        help_text="No mail between the two; over midnight too. What comes then waits for their end.",
    )  # fmt: skip
    quiet_weekends = forms.BooleanField(label="Quiet on Saturdays and Sundays", required=False)
    urgent_passes = forms.BooleanField(
        label="Critical ones (S1) are mailed at once, quiet hours or not", required=False
    )

    def __init__(self, *args: Any, wishes: dict[Kind, Wish], mail_on: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [(name, name) for name in sorted(available_timezones())]  # type: ignore[attr-defined]
        for kind in Kind:
            wish = wishes[kind]
            self.fields[f"{kind}_app"] = forms.BooleanField(
                label=f"{kind.label}: in the console", required=False, initial=wish.app
            )
            self.fields[f"{kind}_mail"] = forms.ChoiceField(
                label=f"{kind.label}: by e-mail", choices=Pace.choices, initial=wish.mail, disabled=not mail_on
            )

    def save(self, *, by: User) -> bool:
        """State it; False where it was refused, with what is wrong beside its field."""
        data = self.cleaned_data
        habit = HabitIn(**{name: data[name] for name in _FIELDS})
        wished = {kind: Wish(data[f"{kind}_app"], Pace(data[f"{kind}_mail"])) for kind in Kind}
        try:
            preferences.state(by=by, wishes=wished, habit=habit)
        except BadInput as refusal:
            for problem in refusal.problems:
                self.add_error(problem.field, f"It {problem.message} {problem.remedy}")
            return False
        return True

    def kinds(self) -> Iterator[tuple[Kind, forms.BoundField, forms.BoundField]]:
        """The rows of the table: a kind, its tick and its choice."""
        return ((kind, self[f"{kind}_app"], self[f"{kind}_mail"]) for kind in Kind)

    def timing(self) -> Iterator[forms.BoundField]:
        """The fields below the table."""
        return (self[name] for name in self.base_fields)


def initial_of(habit: Habit | None, zone: str) -> dict[str, Any]:
    """What the form shows of a habit, or of none."""
    if habit is None:
        return {"zone": zone, "digests": Habit.Digests.DAILY, "digest_at": time(8), "urgent_passes": True}
    return {name: getattr(habit, name) for name in _FIELDS}
