"""What was charged and paid, as the ERP reports it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from integration_hub.canonical.base import Amount, Currency, Id, Record


class Invoice(Record):
    """An invoice in the ERP. `external_ref` is our candidate number when we posted it."""

    entity: ClassVar[str] = "invoice"
    number: Annotated[str, Field(max_length=60)]
    external_ref: Annotated[str, Field(max_length=120)] = ""
    legal_entity_id: Id
    customer_id: Id
    issued_on: date
    due_on: date | None = None
    currency: Currency
    net: Amount
    tax: Amount
    gross: Amount
    paid: Amount = Decimal(0)
    status: Literal["open", "paid", "voided"] = "open"


class PaymentApplication(BaseModel):
    """Part of a payment on one invoice (the ERP's invoice id)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    invoice_id: Id
    amount: Annotated[Decimal, Field(gt=0)]


class Payment(Record):
    """Money received and what it was applied to."""

    entity: ClassVar[str] = "payment"
    number: Annotated[str, Field(max_length=60)]
    legal_entity_id: Id | None = None
    customer_id: Id | None = None
    received_on: date
    amount: Annotated[Decimal, Field(gt=0)]
    currency: Currency
    reversed: bool = False
    applications: tuple[PaymentApplication, ...] = ()


class CreditMemo(Record):
    """A credit memo in the ERP and what it was applied to."""

    entity: ClassVar[str] = "credit_memo"
    number: Annotated[str, Field(max_length=60)]
    external_ref: Annotated[str, Field(max_length=120)] = ""
    legal_entity_id: Id
    customer_id: Id
    issued_on: date
    currency: Currency
    net: Amount
    tax: Amount
    gross: Annotated[Amount, Field(ge=0)]
    applications: tuple[PaymentApplication, ...] = ()


class Payable(Record):
    """What we owe somebody, as the ERP's ledger has it. `external_ref` is our number of the journal that booked it.

    `paid` is what has been settled of `amount`, by whatever means. Both are in the currency of the ERP's books, which
    need not be the journal's: their relation says how much of the journal is settled.
    """

    entity: ClassVar[str] = "payable"
    number: Annotated[str, Field(max_length=60)]
    external_ref: Annotated[str, Field(max_length=120)] = ""
    amount: Annotated[Amount, Field(gt=0)]
    paid: Annotated[Amount, Field(ge=0)] = Decimal(0)
    paid_on: date | None = None
