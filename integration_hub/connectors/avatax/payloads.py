"""AvaTax's answers as far as we rely on them."""

from pydantic import BaseModel, ConfigDict, Field


class AvaTaxPayload(BaseModel):
    """Anything AvaTax sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class AvaTaxJurisdiction(AvaTaxPayload):
    """Tax of one line in one jurisdiction."""

    name: str = Field("", alias="jurisName")
    kind: str = Field("", alias="jurisType")
    tax_name: str = Field("", alias="taxName")
    rate: float | str = 0
    tax: float | str = 0
    taxable: float | str = Field(0, alias="taxableAmount")


class AvaTaxLine(AvaTaxPayload):
    """One line with its tax."""

    number: str = Field("", alias="lineNumber")
    amount: float | str = Field(0, alias="lineAmount")
    tax: float | str = 0
    taxable: float | str = Field(0, alias="taxableAmount")
    details: list[AvaTaxJurisdiction] | None = None


class AvaTaxTransaction(AvaTaxPayload):
    """A transaction, estimated or recorded."""

    id: int | str = 0
    code: str = ""
    status: str = ""
    net: float | str = Field(0, alias="totalAmount")
    tax: float | str = Field(0, alias="totalTax")
    currency: str = Field("", alias="currencyCode")
    locked: bool = False
    reference: str | None = Field(None, alias="referenceCode")
    lines: list[AvaTaxLine] | None = None


class AvaTaxDetail(AvaTaxPayload):
    """One complaint."""

    code: str = ""
    message: str = ""
    description: str = ""
    refers_to: str = Field("", alias="refersTo")


class AvaTaxError(AvaTaxPayload):
    """The inner error."""

    code: str = ""
    message: str = ""
    target: str = ""
    details: list[AvaTaxDetail] = Field(default_factory=list)


class AvaTaxProblem(AvaTaxPayload):
    """An error body."""

    error: AvaTaxError
