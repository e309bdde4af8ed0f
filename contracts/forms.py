"""Forms of what finance enters about agreements."""

from django import forms

from integration_hub.console.forms import day


class EnterRateForm(forms.Form):
    """One unit of `base` is `rate` of `quote` from `day` on."""

    base = forms.CharField(label="Base currency", min_length=3, max_length=3, help_text="ISO 4217 code, such as GBP")
    quote = forms.CharField(label="Quote currency", min_length=3, max_length=3, help_text="ISO 4217 code, such as EUR")
    rate = forms.DecimalField(
        label="Rate",
        max_digits=24,
        decimal_places=10,
        help_text="How much of the quote one unit of the base is, as it was quoted and not rounded",
    )
    day = day("From", help_text="It holds until a later day's rate.")
    note = forms.CharField(label="Where it is from (optional)", required=False, max_length=200)

    def clean_base(self) -> str:
        """Currency codes are upper case."""
        return str(self.cleaned_data["base"]).upper()

    def clean_quote(self) -> str:
        """Currency codes are upper case."""
        return str(self.cleaned_data["quote"]).upper()
