"""What was agreed: customers, opportunities, contracts, their lines, prices and amendments."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from integration_hub.canonical.base import Amount, Currency, Id, Name, Rate, Record, Text
from integration_hub.canonical.prices import LinePrices, Policy


class Customer(Record):
    """A client firm in the CRM. `code` is the customer number shared with the ERP."""

    entity: ClassVar[str] = "customer"
    code: Annotated[str, Field(min_length=1, max_length=60)]
    name: Name
    parent_id: Id | None = None
    currency: Currency | None = None
    country: Annotated[str, Field(max_length=2)] = ""
    region: Annotated[str, Field(max_length=40)] = ""
    city: Annotated[str, Field(max_length=80)] = ""
    street: Text = ""
    postal_code: Annotated[str, Field(max_length=20)] = ""
    tax_id: Annotated[str, Field(max_length=40)] = ""


class CustomerAccount(Record):
    """The same client as the ERP has it: with legal entity, currency and terms."""

    entity: ClassVar[str] = "customer_account"
    code: Annotated[str, Field(min_length=1, max_length=60)]
    name: Name
    legal_entity_id: Id | None = None
    currency: Currency | None = None
    payment_terms: Annotated[str, Field(max_length=60)] = ""
    inactive: bool = False


class Opportunity(Record):
    """A deal."""

    entity: ClassVar[str] = "opportunity"
    name: Name
    customer_id: Id
    amount: Amount | None = None
    currency: Currency | None = None
    stage: Annotated[str, Field(max_length=60)]
    is_closed: bool = False
    is_won: bool = False
    closes_on: date | None = None


class Contract(Record):
    """An agreement as the CRM or CLM has it. `legal_entity` is our code."""

    entity: ClassVar[str] = "contract"
    number: Annotated[str, Field(min_length=1, max_length=60)]
    name: Name
    customer_id: Id
    opportunity_id: Id | None = None
    legal_entity: Annotated[str, Field(min_length=1, max_length=16)]
    currency: Currency
    status: Literal["draft", "in_review", "signed", "terminated"]
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    payment_terms: Annotated[str, Field(max_length=60)] = ""
    tax_jurisdiction: Annotated[str, Field(max_length=40)] = ""
    po_number: Annotated[str, Field(max_length=60)] = ""
    po_amount: Annotated[Decimal, Field(ge=0)] | None = None
    po_expires_on: date | None = None
    po_required: bool = False
    delivery_lead: Annotated[str, Field(max_length=120)] = ""
    retention_percent: Annotated[Decimal, Field(gt=0, lt=100, decimal_places=4)] | None = None
    policy: Policy = Policy()

    @model_validator(mode="after")
    def _terms_agree(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        if self.status == "signed" and self.signed_on is None:
            raise ValueError("signed_on is missing although the contract is signed")
        return self


class ContractLine(Record):
    """One line of a contract and how it is billed."""

    entity: ClassVar[str] = "contract_line"
    contract_id: Id
    number: Annotated[int, Field(ge=1)]
    name: Name
    method: Literal[
        "tm", "milestone", "retainer_hours", "retainer_prepaid", "recurring", "fixed_schedule", "expense", "included",
        "usage", "commitment", "progress",
    ]  # fmt: skip
    amount: Annotated[Decimal, Field(ge=0)] | None = None
    included_hours: Annotated[Decimal, Field(ge=0)] | None = None
    overage_rate: Rate | None = None
    unused: Literal["forfeit", "rollover"] = "forfeit"
    carry_limit_hours: Annotated[Decimal, Field(ge=0)] | None = None
    carry_months: Annotated[int, Field(ge=1)] = 1
    overage: Literal["bill", "carry_deficit"] = "bill"
    deficit_limit: Annotated[Decimal, Field(ge=0)] | None = None
    minimum_balance: Annotated[Decimal, Field(ge=0)] | None = None
    taxed_when_funded: bool = False
    draws_retainer: bool = True
    priority: Annotated[int, Field(ge=0)] = 0
    cap_amount: Annotated[Decimal, Field(gt=0)] | None = None
    cap_kind: Literal["hard", "soft"] = "hard"
    cap_period: Literal["total", "month"] = "total"
    starts_on: date | None = None
    ends_on: date | None = None
    frequency: Literal["once", "monthly", "quarterly"] | None = None
    expense_rule: Literal["at_cost", "markup", "non_billable"] | None = None
    markup_percent: Annotated[Decimal, Field(ge=0)] | None = None
    prices: LinePrices = LinePrices()

    @model_validator(mode="after")
    def _terms_agree(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        if self.method == "retainer_hours" and (self.included_hours is None or self.amount is None):
            raise ValueError("an hour retainer needs amount (the fee) and included_hours")
        if self.method in ("recurring", "fixed_schedule") and self.amount is None:
            raise ValueError("a fixed schedule needs amount")
        if self.method == "progress" and not self.amount:
            raise ValueError("a line billed by progress needs amount (its whole price)")
        if self.method == "retainer_prepaid" and self.amount is None:
            raise ValueError("a prepaid retainer needs amount (what is funded first)")
        if self.minimum_balance is not None and self.method != "retainer_prepaid":
            raise ValueError("only a prepaid retainer has a minimum_balance")
        if self.prices.tiers and self.method != "tm":
            raise ValueError("prices.tiers fall with the hours of time & materials; another method has none")
        if (self.prices.premiums or self.prices.increment) and self.method not in ("tm", "retainer_hours"):
            raise ValueError("prices.premiums and prices.increment are for lines that charge time")
        if (self.prices.proration != "actual_days" or self.prices.suspensions) and self.method != "recurring":
            raise ValueError("prices.proration and prices.suspensions are for recurring fees")
        if self.prices.due != "arrears" and self.method not in ("recurring", "retainer_hours"):
            raise ValueError("prices.due is for monthly fees: recurring ones, and those of hour retainers")
        if self.method == "commitment" and (self.amount is None or self.frequency is None):
            raise ValueError("a minimum commitment needs amount (per period) and frequency")
        if self.prices.grace_days and self.method != "commitment":
            raise ValueError("prices.grace_days is for a minimum commitment")
        floor = self.prices.carry_floor_hours
        if floor is not None and (self.method != "retainer_hours" or self.unused != "rollover"):
            raise ValueError("prices.carry_floor_hours is for an hour retainer whose unused hours are carried")
        if floor is not None and self.carry_limit_hours is not None and floor > self.carry_limit_hours:
            raise ValueError("prices.carry_floor_hours is above carry_limit_hours")
        return self


class RateItem(Record):
    """One price of a contract. `valid_to` is the last day."""

    entity: ClassVar[str] = "rate_item"
    contract_id: Id
    role: Annotated[str, Field(max_length=80)] = ""
    resource: Annotated[str, Field(max_length=120)] = ""
    rate: Rate
    item: Annotated[str, Field(max_length=80)] = ""
    unit: Literal["hour", "day", "item"] = "hour"
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24, decimal_places=2)] = Decimal(8)
    currency: Currency
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class MilestoneTerm(Record):
    """A milestone as agreed: its amount and when it is due."""

    entity: ClassVar[str] = "milestone_term"
    line_id: Id
    name: Name
    sequence: Annotated[int, Field(ge=1)]
    amount: Annotated[Decimal, Field(gt=0)]
    due_on: date | None = None


class Signature(Record):
    """How far the signature of an agreement is, as whoever collects it says: of a contract, or of an amendment to it.

    `decided_on` is the day it was signed, declined or voided; while it is open it means nothing.
    """

    entity: ClassVar[str] = "signature"
    contract_number: Annotated[str, Field(min_length=1, max_length=60)]
    amendment_number: Annotated[str, Field(max_length=40)] = ""
    status: Literal["open", "signed", "declined", "voided"]
    sent_on: date | None = None
    decided_on: date | None = None
    reason: str = ""


class Amendment(Record):
    """A change of terms: of a rate (role, new_rate), a cap (new_limit, of which kind and period) or the term
    (new_end_on).
    """

    entity: ClassVar[str] = "amendment"
    contract_id: Id
    number: Annotated[str, Field(min_length=1, max_length=40)]
    kind: Literal["rate", "cap", "term", "scope"]
    status: Literal["draft", "signed", "void"]
    signed_on: date | None = None
    effective_on: date | None = None
    line_id: Id | None = None
    role: Annotated[str, Field(max_length=80)] = ""
    new_rate: Rate | None = None
    new_limit: Annotated[Decimal, Field(gt=0)] | None = None
    cap_kind: Literal["hard", "soft"] = "hard"
    cap_period: Literal["total", "month"] = "total"
    new_end_on: date | None = None
    retro_mode: Literal["", "reverse_and_rebill", "delta", "prospective"] = ""
    description: str = ""

    @model_validator(mode="after")
    def _complete_when_signed(self) -> Self:
        if self.status != "signed":
            return self
        if self.signed_on is None or self.effective_on is None:
            raise ValueError("a signed amendment needs signed_on and effective_on")
        needed = {"rate": "new_rate", "cap": "new_limit", "term": "new_end_on"}.get(self.kind)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"a signed {self.kind} amendment needs {needed}")
        return self
