"""What was bought for clients' projects: lines of vendors' bills."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from integration_hub.canonical.base import Amount, Currency, Record


class PurchaseLine(Record):
    """One line of a vendor's bill on a project (our code), net of recoverable tax.

    `handling` is what becomes of it: charged on to the client by its contract's rule, paid for hours that are charged
    as time, or borne by us; empty where the source does not say.
    """

    entity: ClassVar[str] = "purchase_line"
    vendor: Annotated[str, Field(min_length=1, max_length=120)]
    bill_number: Annotated[str, Field(min_length=1, max_length=80)]
    line_number: Annotated[int, Field(ge=1)] = 1
    project: Annotated[str, Field(min_length=1, max_length=80)]
    category: Annotated[str, Field(max_length=80)] = ""
    delivered_on: date
    amount: Annotated[Amount, Field(gt=0)]
    currency: Currency
    approved: bool = True
    handling: Literal["", "recharge", "covers_time", "absorbed"] = ""
    description: str = ""
