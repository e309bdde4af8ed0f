"""Forms of what finance enters about agreements."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from contracts.actions.payer_terms import LimitIn, OrderIn
from contracts.actions.payers import ShareIn
from contracts.models import BillTo, Contract, ContractLine, CostRate, Customer, Method
from contracts.queries import payers_of
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


class EnterCostRateForm(forms.Form):
    """What an hour or day of a person, or of a role's people, costs one legal entity."""

    legal_entity = forms.CharField(label="Legal entity", max_length=16, help_text="Its code")
    resource = forms.CharField(
        label="Person", required=False, max_length=120, help_text="Code of the person, as a rule the e-mail address"
    )
    role = forms.CharField(label="Role", required=False, max_length=80, help_text="Instead of a person")
    vendor = forms.CharField(
        label="Subcontractor (optional)", required=False, max_length=120, help_text="The vendor's number in the ERP"
    )
    rate = forms.DecimalField(label="Cost rate", max_digits=24, decimal_places=10)
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, help_text="ISO 4217 code, such as EUR")
    unit = forms.ChoiceField(label="Per", choices=CostRate.Unit.choices)
    valid_from = day("From", help_text="Work of this day and later")
    valid_to = day("To (optional)", required=False, help_text="The last day; empty: until another one follows")
    note = forms.CharField(label="Where it is from (optional)", required=False, max_length=200)

    def clean_currency(self) -> str:
        """Currency codes are upper case."""
        return str(self.cleaned_data["currency"]).upper()


class EnterStandardPriceForm(forms.Form):
    """What an hour or day of work sells for in one legal entity where nothing else is agreed."""

    legal_entity = forms.CharField(label="Legal entity", max_length=16, help_text="Its code")
    role = forms.CharField(label="Role", required=False, max_length=80, help_text="Empty with no person: everybody")
    resource = forms.CharField(
        label="Person (optional)", required=False, max_length=120, help_text="Code of the person, instead of a role"
    )
    rate = forms.DecimalField(label="Price", max_digits=24, decimal_places=10)
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, help_text="ISO 4217 code, such as EUR")
    unit = forms.ChoiceField(label="Per", choices=[("hour", "Hour"), ("day", "Day of 8 hours")])
    valid_from = day("From", help_text="Work of this day and later")
    valid_to = day("To (optional)", required=False, help_text="The last day; empty: until another one follows")

    def clean_currency(self) -> str:
        """Currency codes are upper case."""
        return str(self.cleaned_data["currency"]).upper()


class PayersForm(forms.Form):
    """Who pays for the work of a contract from a day on."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    shares = forms.CharField(
        label="Who pays, and how much",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
        help_text="A customer a line: its number and its percentage, such as “CUST-0042 37.5”. Together they make 100; "
        "the first gets what the rounding of the others leaves.",
    )
    line = forms.ModelChoiceField(
        ContractLine.objects.none(), label="Of which line", required=False, empty_label="All lines of the contract"
    )
    effective_on = day("From", help_text="Work of this day and later.")
    reason = forms.CharField(
        label="Where it was agreed",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        help_text="Such as the amendment and its clause. Kept in the trail.",
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["line"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 declared above
        lines = contract.lines.exclude(method=Method.RETAINER_PREPAID)
        field.queryset = lines.order_by("number")

    def clean_shares(self) -> list[ShareIn]:
        """The shares as they were written, the first with the rest."""
        rows = [row.split() for row in str(self.cleaned_data["shares"]).splitlines() if row.strip()]
        found = []
        for number, row in enumerate(rows, start=1):
            percent = _percent(row[1]) if len(row) == 2 else None
            if percent is None:
                raise forms.ValidationError(f"Line {number} is not a customer's number and a percentage.")
            payer = Customer.objects.filter(code=row[0]).exclude(status=Customer.Status.MERGED).first()
            if payer is None:
                raise forms.ValidationError(f"Line {number}: no customer has the number {row[0]}.")
            found.append(ShareIn(payer, percent, takes_rest=number == 1))
        return found


class PayerTermsForm(forms.Form):
    """The order and the limit of one payer."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    payer = forms.ModelChoiceField(BillTo.objects.none(), label="Payer", empty_label=None)
    order = forms.CharField(
        label="Purchase order (optional)", required=False, max_length=60, help_text="Its invoices name it."
    )
    order_amount = forms.DecimalField(
        label="Amount of the order (optional)", required=False, min_value=0, max_digits=24, decimal_places=6
    )
    order_expires_on = day("Last day of the order (optional)", required=False)
    limit = forms.DecimalField(
        label="Limit of its share (optional)",
        required=False,
        min_value=0,
        max_digits=24,
        decimal_places=6,
        help_text="The most it is billed from now on. What is beyond stays over the limit; the others do not pay it.",
    )
    includes_expenses = forms.BooleanField(label="The limit counts expenses too", required=False)
    reason = forms.CharField(
        label="Where it was agreed",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        help_text="Such as the order itself. Kept in the trail.",
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["payer"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 declared above
        field.queryset = payers_of(contract)

    def clean(self) -> dict[str, Any]:
        """The order and the limit, None where they are left empty."""
        data = super().clean() or self.cleaned_data
        number, amount = data.get("order", ""), data.get("limit")
        data["order"] = OrderIn(number, data.get("order_amount"), data.get("order_expires_on")) if number else None
        data["limit"] = None if amount is None else LimitIn(amount, data.get("includes_expenses", False))
        return data


def _percent(text: str) -> Decimal | None:
    """A percentage with or without its sign."""
    try:
        value = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


class ProgressForm(forms.Form):
    """How far a line is at the end of a day."""

    as_of = day("As of", help_text="The end of this day; its work is billed with this date.")
    percent = forms.DecimalField(
        label="Done in all, in percent",
        min_value=0,
        max_value=100,
        max_digits=7,
        decimal_places=4,
        help_text="Of the whole line, not since the last time.",
    )
    measured_by = forms.CharField(label="Measured by", max_length=120)
    evidence = forms.CharField(
        label="What proves it", max_length=300, help_text="Such as the progress report the client signed."
    )


class WithdrawCostRateForm(forms.Form):
    """Taking back a rate that was wrong."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Reason",
        help_text="Kept in the trail.",
        error_messages={"required": "Say why: the reason is kept in the trail."},
    )
