"""Forms of what is paid into a retainer, billed ahead of work, or withheld of it."""

from collections.abc import Sequence
from typing import Any

from django import forms

from integration_hub.console.forms import day


class TopUpForm(forms.Form):
    """How much is paid into a retainer, and when that falls due."""

    amount = forms.DecimalField(label="Amount, net", max_digits=24, decimal_places=6)
    on = day("Due on", help_text="The billing run that reaches this day puts it on an invoice.")
    note = forms.CharField(
        label="Why", max_length=500, help_text="Who asked for it, or what it follows from. Kept in the trail."
    )
    seen = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"In {currency}; tax is added on the invoice."


class DepositForm(forms.Form):
    """How much is billed ahead, of the work of which line, when and why."""

    line = forms.ChoiceField(label="Contract line", help_text="The work of this line uses the deposit up.")
    amount = forms.DecimalField(label="Amount, net", max_digits=24, decimal_places=6)
    on = day("Invoice date")
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was agreed, e.g. the clause and its percentage. Who approves it judges by this.",
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, lines: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"In {currency}; the tax, where there is any, is added on the invoice."
        self.fields["line"].choices = [("", "Choose…"), *lines]  # type: ignore[attr-defined]


class DownPaymentForm(forms.Form):
    """Which percentage of the fixed prices of a contract is billed ahead, when and why."""

    percent = forms.DecimalField(label="Percent of the prices", max_digits=7, decimal_places=4)
    on = day("Invoice date")
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was agreed, e.g. the clause. Who approves it judges by this.",
    )  # fmt: skip


class TakeOffForm(forms.Form):
    """How much of a deposit an invoice takes off."""

    amount = forms.DecimalField(
        label="Amount to take off, net", max_digits=24, decimal_places=6, help_text="0 takes nothing off."
    )
    version = forms.IntegerField(widget=forms.HiddenInput())


class DepositBackForm(forms.Form):
    """How much of what is left of a deposit is given back, when and why."""

    amount = forms.DecimalField(label="Amount, net", max_digits=24, decimal_places=6)
    on = day("Date of the credit memo")
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why it is not used up. Who approves it judges by this.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput())


class ReleaseRetentionForm(forms.Form):
    """How much of what a payer withholds is released, when and why."""

    amount = forms.DecimalField(label="Amount, net", max_digits=24, decimal_places=6)
    on = day("Invoice date")
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What released it, e.g. the certificate of completion and its date. Who approves it judges by this.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"In {currency}; the tax, where there is any, is added on the invoice."
