"""Chargebee's answers as far as we rely on them: lists, documents as they read back, complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ChargebeePayload(BaseModel):
    """Anything Chargebee sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class ChargebeeObject(ChargebeePayload):
    """A row of a list: kept whole, but it must say what it is and when it changed."""

    model_config = ConfigDict(extra="allow")
    id: str
    updated_at: int
    resource_version: int | None = None


class ChargebeeList(ChargebeePayload):
    """One page: each entry holds the object under its kind, and others beside it."""

    rows: list[dict[str, Any]] = Field(alias="list")
    next_offset: str = ""


class ChargebeeTax(ChargebeePayload):
    """Tax of one line."""

    tax_amount: int


class ChargebeeLine(ChargebeePayload):
    """A line of an invoice."""

    id: str
    amount: int


class ChargebeeDocument(ChargebeePayload):
    """An invoice or a credit note, as it reads back."""

    id: str
    status: str
    currency_code: str
    total: int
    date: int
    due_date: int | None = None
    amount_due: int = 0
    customer_id: str = ""
    line_items: list[ChargebeeLine] = Field(default_factory=list)
    line_item_taxes: list[ChargebeeTax] | None = None

    @property
    def tax(self) -> int:
        """All tax of it."""
        return sum(tax.tax_amount for tax in self.line_item_taxes or [])


class ChargebeeProblem(ChargebeePayload):
    """An error body."""

    message: str
    type: str = ""
    api_error_code: str = ""
    param: str = ""
