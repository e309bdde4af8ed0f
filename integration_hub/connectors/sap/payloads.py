"""Answers of the Gateway as far as we rely on them: pages, billing documents, complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class GatewayPayload(BaseModel):
    """Anything SAP sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class GatewayList(GatewayPayload):
    """Rows, and where the next ones are."""

    results: list[dict[str, Any]]
    next_link: str = Field("", alias="__next")


class GatewayPage(GatewayPayload):
    """One page of a set."""

    d: GatewayList


class GatewayEntry(GatewayPayload):
    """One row."""

    d: dict[str, Any]


class GatewayText(GatewayPayload):
    """Words in a language."""

    value: str = ""


class GatewayError(GatewayPayload):
    """An error."""

    code: str = ""
    message: GatewayText = Field(default_factory=GatewayText)


class GatewayProblem(GatewayPayload):
    """An error body."""

    error: GatewayError


class GatewayNote(GatewayPayload):
    """What the header `sap-message` says beside a success."""

    code: str = ""
    message: str = ""
    severity: str = ""


class Billed(GatewayPayload):
    """A billing document, in our names."""

    number: str = Field(alias="BillingDocument")
    company: str = Field(alias="CompanyCode")
    year: str = Field(alias="FiscalYear")
    entry: str = Field(alias="AccountingDocument")
    issued_on: str = Field(alias="BillingDocumentDate")
    due_on: str | None = Field(None, alias="NetDueDate")
    currency: str = Field(alias="TransactionCurrency")
    net: float | str = Field(alias="TotalNetAmount")
    tax: float | str = Field(0, alias="TotalTaxAmount")
    status: str = Field("", alias="InvoiceClearingStatus")

    @property
    def source_id(self) -> str:
        """What payments and credit notes call it by: the entry it made in the books."""
        return f"{self.company}|{self.year}|{self.entry}"
