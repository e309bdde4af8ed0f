"""NetSuite's answers as far as we rely on them: pages of SuiteQL, an invoice as it reads back, complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class NetSuitePayload(BaseModel):
    """Anything NetSuite sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class NetSuitePage(NetSuitePayload):
    """One page of a query."""

    items: list[dict[str, Any]] = Field(default_factory=list)
    has_more: bool = Field(False, alias="hasMore")
    offset: int = 0


class NetSuiteReference(NetSuitePayload):
    """A reference to another record, or an enumerated value."""

    id: str
    name: str = Field("", alias="refName")


class NetSuiteInvoice(NetSuitePayload):
    """An invoice as posted."""

    id: str
    number: str = Field("", alias="tranId")
    issued_on: str = Field(alias="tranDate")
    due_on: str = Field("", alias="dueDate")
    currency: NetSuiteReference
    subtotal: float | str = 0
    tax_total: float | str = Field(0, alias="taxTotal")
    total: float | str = 0
    status: NetSuiteReference | None = None
    approval: NetSuiteReference | None = Field(None, alias="approvalStatus")
    period: NetSuiteReference | None = Field(None, alias="postingPeriod")


class NetSuiteDetail(NetSuitePayload):
    """One complaint."""

    detail: str = ""
    path: str = Field("", alias="o:errorPath")
    code: str = Field("", alias="o:errorCode")


class NetSuiteProblem(NetSuitePayload):
    """An error body."""

    title: str = ""
    details: list[NetSuiteDetail] = Field(default_factory=list, alias="o:errorDetails")
