"""What is asked of clocks: as of when, over how many weeks, for which legal entity."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms

from integration_hub.clocks.reading import PERIOD, Asked
from integration_hub.kernel.clock import now
from integration_hub.people.models import User

MOST_WEEKS = 104


class AskedForm(forms.Form):
    """Nothing said is now, over the last twelve weeks, in all of one's legal entities."""

    legal_entity = forms.CharField(label="Legal entity", required=False, max_length=16)
    weeks = forms.IntegerField(label="Weeks", required=False, min_value=1, max_value=MOST_WEEKS)
    as_of = forms.DateField(label="As of the end of", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """The end of the day that is said, by UTC; a day that is not over is now."""
        data = super().clean() or {}
        moment, day = now(), data.get("as_of")
        if day is not None:
            moment = min(moment, datetime.combine(day + timedelta(days=1), time(0), UTC))
        return {**data, "moment": moment, "period": timedelta(weeks=data.get("weeks") or PERIOD.days // 7)}

    def asked(self, user: User) -> Asked:
        """What is asked for; call when valid."""
        data = self.cleaned_data
        entity = data.get("legal_entity", "").strip()
        return Asked(data["moment"], data["moment"] - data["period"], user, legal_entity=entity)
