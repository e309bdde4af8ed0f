"""Forms of billing's decisions."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from billing.actions import write_downs
from billing.actions.crediting import Wanted
from billing.models import CreditReason, Delegation, Hold, HoldCode, InvoiceLine, WriteDownReason
from billing.policies import SYSTEM_ONLY
from contracts.queries import entities_for
from integration_hub.console.forms import RELOAD, DecisionForm, NoteForm, day
from integration_hub.kernel.clock import today
from integration_hub.people.models import User


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


class WaiveForm(forms.Form):
    """Why late work is billed all the same."""

    reason = forms.CharField(
        label="Who agreed, and where", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The client's word for it. Kept in the trail.",
    )  # fmt: skip


class OfEntityForm(forms.Form):
    """One of the person's legal entities, chosen already where there is one."""

    legal_entity = forms.ChoiceField(label="Legal entity")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = [(row.code, f"{row.code} · {row.name}") for row in entities_for(user) if row.is_active]
        field = self.fields["legal_entity"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = mine if len(mine) == 1 else [("", "Choose…"), *mine]


class StartRunForm(OfEntityForm):
    """Which work becomes candidates."""

    through = day("Work up to and including", help_text="Service dates after this day wait for the next run.")
    invoice_date = day("Invoice date", help_text="On or after the last service date.")


class PostThroughForm(OfEntityForm):
    """What is posted: of a legal entity, up to a day."""

    through = day("Up to and including")

    @staticmethod
    def last_month() -> dict[str, date]:
        """What is proposed: the month that is over."""
        return {"through": today().replace(day=1) - timedelta(days=1)}


class SeenForm(DecisionForm):
    """A decision on a candidate as it was shown: its version, the hash of its figures, its total, the last event."""

    content_hash = forms.CharField(
        max_length=64, widget=forms.HiddenInput, error_messages={"required": RELOAD, "max_length": RELOAD}
    )
    gross = forms.DecimalField(required=False, widget=forms.HiddenInput)
    event = forms.IntegerField(required=False, widget=forms.HiddenInput)


class InStead(forms.Form):
    """In whose stead an approval is given, asked where rights were lent to the person."""

    delegation = forms.TypedChoiceField(label="Approve for", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, own: bool, lent: Sequence[Delegation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not lent:
            del self.fields["delegation"]
            return
        field = self.fields["delegation"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = [*([("", "Myself")] if own else []), *((str(row.pk), row.giver.label) for row in lent)]
        field.required = not own


class ApproveForm(InStead, SeenForm):
    """An approval of one candidate."""


class BulkApproveForm(InStead):
    """An approval of many, which were frozen."""


class DelegateForm(forms.Form):
    """What a person lends of their right to approve."""

    taker = forms.ModelChoiceField(label="To", queryset=User.objects.none())
    acts = forms.MultipleChoiceField(
        label="For", choices=Delegation.Act.choices, required=False, help_text="None chosen: everything."
    )
    legal_entities = forms.MultipleChoiceField(
        label="Legal entities", required=False, help_text="None chosen: all of yours."
    )
    limit = forms.DecimalField(
        label="Up to", required=False, max_digits=18, decimal_places=2,
        help_text="Gross in the legal entity's currency. Empty: as you.",
    )  # fmt: skip
    starts_on = day("From")
    ends_on = day("Last day", help_text="30 days are the most.")
    reason = forms.CharField(label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taker, entities = self.fields["taker"], self.fields["legal_entities"]
        assert isinstance(taker, forms.ModelChoiceField)  # noqa: S101 declared above
        assert isinstance(entities, forms.MultipleChoiceField)  # noqa: S101 declared above
        taker.queryset = User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("username")
        entities.choices = [(row.code, f"{row.code} · {row.name}") for row in entities_for(user)]


class SeenReasonForm(SeenForm):
    """The same with a reason."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Whoever prepared it reads this. Kept in the trail.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )


HOW = (
    ("whole", "All that is left"),
    ("lines", "Chosen lines, whole or by amount"),
    ("amount", "An amount, shared over the lines"),
    ("share", "A share in percent"),
)


class CreditWhatForm(forms.Form):
    """What of an invoice to credit: `pick_<n>` chooses line n, `line_<n>` its amount (none: all that is left)."""

    how = forms.ChoiceField(label="Credit", choices=HOW, initial="whole")
    amount = forms.DecimalField(
        label="Amount, net", required=False, min_value=0, help_text="Shared over the chosen lines, or over all."
    )
    percent = forms.DecimalField(
        label="Share in percent", required=False, min_value=0, max_value=100, help_text="Of what was invoiced, net."
    )

    def __init__(self, *args: Any, lines: Sequence[InvoiceLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbers = [line.number for line in lines]
        for number in self.numbers:
            self.fields[f"pick_{number}"] = forms.BooleanField(label=f"Credit line {number}", required=False)
            self.fields[f"line_{number}"] = forms.DecimalField(label=f"Amount of line {number}", required=False)

    def clean(self) -> dict[str, Any]:
        """What the chosen way needs must be there."""
        data = super().clean() or {}
        how = data.get("how")
        if how == "amount" and data.get("amount") is None:
            self.add_error("amount", "State the amount.")
        if how == "share" and data.get("percent") is None:
            self.add_error("percent", "State the share.")
        if how == "lines" and not self._chosen():
            self.add_error(None, "Choose a line, or state its amount.")
        return data

    def _chosen(self) -> dict[int, Decimal | None]:
        data = self.cleaned_data
        return {
            number: data.get(f"line_{number}")
            for number in self.numbers
            if data.get(f"pick_{number}") or data.get(f"line_{number}") is not None
        }

    def wanted(self) -> Wanted:
        """What was chosen; the form is valid."""
        data, chosen = self.cleaned_data, self._chosen()
        if data["how"] == "whole":
            return Wanted()
        if data["how"] == "lines":
            return Wanted(lines=chosen)
        lines = dict.fromkeys(chosen)
        return (
            Wanted(lines=lines, amount=data["amount"])
            if data["how"] == "amount"
            else Wanted(lines=lines, percent=data["percent"])
        )


class CreditReasonForm(DecisionForm):
    """Why it is credited, and what becomes of the work; `net` is the total that was shown."""

    net = forms.DecimalField(widget=forms.HiddenInput, error_messages={"required": RELOAD, "invalid": RELOAD})
    reason = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose…"), *CreditReason.choices],
        error_messages={"required": "Choose why it is credited."},
    )
    then = forms.ChoiceField(
        label="The work",
        choices=[("", "Choose…"), ("keep", "stays billed: a concession or a write-off"), ("bill", "is billed again")],
        error_messages={"required": "Say what becomes of the work."},
        help_text="Only whole lines can be billed again.",
    )
    note = forms.CharField(
        label="Note",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever approves it judges by this. Kept in the trail.",
        error_messages={"required": "Say why, so that the person who approves it can judge."},
    )


class AcceptChangeForm(NoteForm):
    """Accept a change of billed work; `credited` and `charged` are the figures that were shown."""

    credited = forms.DecimalField(widget=forms.HiddenInput, error_messages={"required": RELOAD, "invalid": RELOAD})
    charged = forms.DecimalField(widget=forms.HiddenInput, error_messages={"required": RELOAD, "invalid": RELOAD})


SET_ASIDE = (("whole", "All that is open"), ("hours", "Some of the hours"), ("amount", "An amount"))


class SetAsideForm(forms.Form):
    """Work that was chosen: `works` are its pieces, `seen` is what was open of them when they were."""

    works = forms.CharField(widget=forms.HiddenInput, error_messages={"required": RELOAD})
    seen = forms.DecimalField(widget=forms.HiddenInput, error_messages={"required": RELOAD, "invalid": RELOAD})

    def __init__(self, *args: Any, open_now: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_now = open_now

    def clean(self) -> dict[str, Any]:
        """What is open of it must be what was seen."""
        data = super().clean() or {}
        if data.get("seen") is not None and data["seen"] != self._open_now:
            raise forms.ValidationError(f"What is open of this work moved since you chose it. {RELOAD}")
        return data


class ProposeForm(SetAsideForm):
    """How much of the chosen work is not billed, and why. An amount is shared over several works."""

    how = forms.ChoiceField(label="Write off", choices=SET_ASIDE, initial="whole")
    hours = forms.DecimalField(label="Hours", required=False, min_value=0, decimal_places=4, max_digits=12)
    amount = forms.DecimalField(
        label="Amount, net", required=False, min_value=0, decimal_places=6, max_digits=24,
        help_text="Shared over the works by what is open of each, to the cent.",
    )  # fmt: skip
    reason = forms.ChoiceField(
        label="Reason",
        choices=[("", "Choose…"), *WriteDownReason.choices],
        error_messages={"required": "Choose why it is not billed."},
    )
    note = forms.CharField(
        label="Note",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever approves it judges by this. Kept in the trail.",
        error_messages={"required": "Say why, so that the person who approves it can judge."},
    )

    def __init__(self, *args: Any, several: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._several = several

    def clean(self) -> dict[str, Any]:
        """The figure that the chosen way needs; `total` and `by_work` are what the action takes."""
        data = super().clean()
        how, some, much = data.get("how"), data.get("hours"), data.get("amount")
        if how == "hours" and self._several:
            self.add_error("hours", "Hours are stated for one work: choose one, or state an amount.")
        elif how == "hours" and not some:
            self.add_error("hours", "State the hours.")
        if how == "amount" and not much:
            self.add_error("amount", "State the amount.")
        each = write_downs.Wanted(minutes=some * 60) if how == "hours" and some else write_downs.Wanted()
        data["total"] = much if how == "amount" else None
        data["by_work"] = lambda found: dict.fromkeys(found, each)
        return data


class PostponeForm(SetAsideForm):
    """Until when the chosen work is not billed, and why."""

    until = day("Until", required=False, help_text="It comes back by itself on this day; empty: when it is fetched.")
    note = forms.CharField(
        label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the trail.",
        error_messages={"required": "Say why it is billed later."},
    )  # fmt: skip


class SeenWriteDownForm(DecisionForm):
    """An approval of exactly what was seen."""

    hash = forms.CharField(widget=forms.HiddenInput, error_messages={"required": RELOAD})
