"""Stripe's answers as far as we rely on them: lists, invoices and credit notes as they read back, complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class StripePayload(BaseModel):
    """Anything Stripe sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class StripeObject(StripePayload):
    """A row of a list: kept whole, but it must say what it is and when it was made."""

    model_config = ConfigDict(extra="allow")
    id: str
    created: int


class StripeList(StripePayload):
    """One page."""

    data: list[dict[str, Any]] = Field(default_factory=list)
    has_more: bool = False


class StripeTaxRate(StripePayload):
    """The rate a tax was computed with."""

    tax_rate: str


class StripeTax(StripePayload):
    """One tax of a line or a document."""

    amount: int
    tax_rate_details: StripeTaxRate | None = None


class StripeLine(StripePayload):
    """A line of an invoice."""

    id: str
    amount: int
    taxes: list[StripeTax] | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class StripeMoments(StripePayload):
    """When an invoice passed from one status to the next."""

    finalized_at: int | None = None


class StripeDocument(StripePayload):
    """An invoice or a credit note, as it reads back."""

    id: str
    number: str | None = None
    status: str
    currency: str
    total: int
    total_excluding_tax: int | None = None
    total_taxes: list[StripeTax] | None = None
    amount_remaining: int = 0
    created: int
    effective_at: int | None = None
    due_date: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    status_transitions: StripeMoments = StripeMoments()

    @property
    def tax(self) -> int:
        """All tax of it."""
        return sum(tax.amount for tax in self.total_taxes or [])


class StripeError(StripePayload):
    """What is wrong."""

    type: str = ""
    code: str = ""
    message: str = ""
    param: str = ""


class StripeProblem(StripePayload):
    """An error body."""

    error: StripeError
