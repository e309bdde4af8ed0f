"""Answers of F&O as far as we rely on them: pages, posted headers, complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FinancePayload(BaseModel):
    """Anything F&O sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class FinancePage(FinancePayload):
    """One page of a data entity."""

    value: list[dict[str, Any]]
    next_link: str = Field("", alias="@odata.nextLink")


class FinanceInner(FinancePayload):
    """Where the useful words are."""

    message: str = ""


class FinanceError(FinancePayload):
    """An error."""

    code: str = ""
    message: str = ""
    inner: FinanceInner = Field(default_factory=FinanceInner, alias="innererror")


class FinanceProblem(FinancePayload):
    """An error body."""

    error: FinanceError


class FinanceInvoice(FinancePayload):
    """A free-text invoice or credit note with its lines, in our names."""

    company: str = Field(alias="dataAreaId")
    reference: str = Field(alias="HeaderReference")
    number: str = Field(alias="InvoiceNumber")
    issued_on: str = Field(alias="InvoiceDate")
    due_on: str | None = Field(None, alias="DueDate")
    currency: str = Field(alias="CurrencyCode")
    amount: float | str = Field(alias="InvoiceAmount")
    tax: float | str = Field(0, alias="SalesTaxAmount")
    status: str = Field("", alias="DocumentStatus")
    lines: list[dict[str, Any]] = Field(alias="FreeTextInvoiceLines")


class FinanceJournal(FinancePayload):
    """A posted journal with its lines, in our names."""

    company: str = Field(alias="dataAreaId")
    number: str = Field(alias="JournalBatchNumber")
    currency: str = Field("", alias="AccountingCurrency")
    debits: float | str = Field(alias="JournalTotalDebit")
