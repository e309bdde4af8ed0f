"""What the ERP knows of the firm itself: legal entities, terms, periods."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from integration_hub.canonical.base import Currency, Id, Name, Rate, Record


class LegalEntity(Record):
    """A company of the firm (NetSuite: subsidiary)."""

    entity: ClassVar[str] = "legal_entity"
    code: Annotated[str, Field(min_length=1, max_length=16)]
    name: Name
    currency: Currency
    country: Annotated[str, Field(min_length=2, max_length=2)]


class PaymentTerm(Record):
    """Payment terms the ERP accepts."""

    entity: ClassVar[str] = "payment_term"
    name: Name
    days: Annotated[int, Field(ge=0, le=365)] = 30


class ExchangeRate(Record):
    """One unit of `base` is `rate` of `quote` from a day on, until a later day's rate. A correction is a new record or
    a new version of this one: what was known before is kept.
    """

    entity: ClassVar[str] = "exchange_rate"
    base: Currency
    quote: Currency
    rate: Rate
    day: date
    rate_type: Annotated[str, Field(min_length=1, max_length=20)] = "corporate"

    @model_validator(mode="after")
    def _two_currencies(self) -> Self:
        if self.base == self.quote:
            raise ValueError("base and quote are the same currency")
        return self


class CostRate(Record):
    """What an hour or a day of somebody's work costs a legal entity (our code): of a person, by `resource`, or of a
    `role`. `vendor` is the subcontractor whose people are meant; `valid_to` is the last day.
    """

    entity: ClassVar[str] = "cost_rate"
    legal_entity: Annotated[str, Field(min_length=1, max_length=16)]
    resource: Annotated[str, Field(max_length=120)] = ""
    role: Annotated[str, Field(max_length=80)] = ""
    vendor: Annotated[str, Field(max_length=120)] = ""
    currency: Currency
    unit: Literal["hour", "day"] = "hour"
    rate: Rate
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if bool(self.resource) == bool(self.role):
            raise ValueError("either resource or role is needed")
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class StandardRate(Record):
    """What work of a person (`resource`), of a role, or of everybody sells for in a legal entity (our code), where
    nothing else is agreed. `valid_to` is the last day.
    """

    entity: ClassVar[str] = "standard_rate"
    legal_entity: Annotated[str, Field(min_length=1, max_length=16)]
    resource: Annotated[str, Field(max_length=120)] = ""
    role: Annotated[str, Field(max_length=80)] = ""
    currency: Currency
    unit: Literal["hour", "day"] = "hour"
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24, decimal_places=2)] = Decimal(8)
    rate: Rate
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if self.resource and self.role:
            raise ValueError("either resource or role, not both")
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class AccountingPeriod(Record):
    """A period; `legal_entity_id` is empty when it is the same for all. `ends_on` is the last day."""

    entity: ClassVar[str] = "accounting_period"
    name: Name
    starts_on: date
    ends_on: date
    closed: bool
    ar_locked: bool = False
    legal_entity_id: Id | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        return self
