"""Terms of prices that a contract or one of its lines may carry beside its rates (billing.md R1, R4, R5, R10, R14).

What is not stated keeps the product's default; what contradicts itself is refused with the field that does.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from integration_hub.canonical.base import Rate

Positive = Annotated[Decimal, Field(gt=0)]
Share = Annotated[Decimal, Field(ge=0, lt=1)]
RateKey = Annotated[str, Field(pattern=r"^(contract|customer|legal_entity)\.(item|resource|role|default)$")]


class Terms(BaseModel):
    """A group of terms."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Premium(Terms):
    """Time of a category, such as overtime or travel, costs a multiple of its rate."""

    category: Annotated[str, Field(min_length=1, max_length=80)]
    factor: Annotated[Decimal, Field(gt=0, le=10)]


class Tier(Terms):
    """The rate per hour once so many hours of the line are charged."""

    beyond_hours: Positive
    rate: Rate


class Increment(Terms):
    """Charged time is the worked time times `factor`, in steps of `unit_minutes`, and at least `floor_minutes`."""

    unit_minutes: Annotated[Decimal, Field(gt=0, le=1440)]
    mode: Literal["up", "down", "nearest"] = "up"
    factor: Positive = Decimal(1)
    floor_minutes: Annotated[Decimal, Field(ge=0, le=1440)] = Decimal(0)
    pool: Literal["entry", "day", "task"] = "entry"


class ExpenseTerm(Terms):
    """How expenses of a category are charged; an empty category is all that no other names.

    `tax_rate` (a fraction) is the tax on the cost; it stays in what is charged only where it is not `recoverable`.
    `limit` is in the contract's currency, per unit where expenses state units; what is beyond asks, or is cut.
    """

    category: Annotated[str, Field(max_length=80)] = ""
    method: Literal["at_cost", "markup", "multiplier", "unit_price", "disbursement", "non_billable"] = "at_cost"
    percent: Annotated[Decimal, Field(ge=0)] | None = None
    multiplier: Positive | None = None
    price: Rate | None = None
    tax_rate: Share = Decimal(0)
    recoverable: bool = True
    limit: Positive | None = None
    over_limit: Literal["ask", "cut"] = "ask"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        figures = {"markup": "percent", "multiplier": "multiplier", "unit_price": "price"}
        for method, name in figures.items():
            stated = getattr(self, name) is not None
            if stated != (self.method == method):
                raise ValueError(f"{name} is {'only for' if stated else 'missing for'} the method {method}")
        return self


class Suspension(Terms):
    """Days on which nothing is charged, [from, to)."""

    first: date
    until: date

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until <= self.first:
            raise ValueError("until is not after first")
        return self


class LinePrices(Terms):
    """What a line agrees beside its rates.

    An hour retainer carries at least `carry_floor_hours` on, left or not; a minimum commitment is settled `grace_days`
    after each period; a monthly fee falls `due` with its last day, or in advance with its first.
    """

    premiums: tuple[Premium, ...] = ()
    tiers: tuple[Tier, ...] = ()
    increment: Increment | None = None
    expenses: tuple[ExpenseTerm, ...] = ()
    proration: Literal["actual_days", "fixed30", "half_months", "none"] = "actual_days"
    suspensions: tuple[Suspension, ...] = ()
    due: Literal["arrears", "advance"] = "arrears"
    carry_floor_hours: Positive | None = None
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name, keys in (
            ("premiums", [one.category for one in self.premiums]),
            ("tiers", [one.beyond_hours for one in self.tiers]),
            ("expenses", [one.category for one in self.expenses]),
        ):
            if len(set(keys)) != len(keys):
                raise ValueError(f"{name} names the same twice: state each once")
        if any(one.until > two.first for one, two in zip(self._gaps(), self._gaps()[1:], strict=False)):
            raise ValueError("suspensions overlap: state each day once")
        return self

    def _gaps(self) -> list[Suspension]:
        return sorted(self.suspensions, key=lambda gap: gap.first)


class Policy(Terms):
    """How a contract wants its prices found, whether late work is still billed, what a price for the past does,
    and when retention and deposits are taxed.

    What a contract does not state is as its legal entity has it.
    """

    rate_precedence: Literal["scope_then_specificity", "specificity_then_scope", "explicit"] = "scope_then_specificity"
    rate_order: tuple[RateKey, ...] = ()
    rate_currency_fallback: Literal["none", "convert_at_service_date"] = "none"
    expense_markup_base: Literal["net_of_recoverable_tax", "gross"] = "net_of_recoverable_tax"
    late_policy: Literal["next_invoice", "supplemental", "time_bar"] = "next_invoice"
    time_bar_days: Annotated[int, Field(gt=0)] | None = None
    retro_mode: Literal["reverse_and_rebill", "delta", "prospective"] = "reverse_and_rebill"
    retention_tax: Literal["when_invoiced", "when_withheld"] = "when_invoiced"
    deposit_tax: Literal["when_invoiced", "when_applied"] = "when_invoiced"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if bool(self.rate_order) != (self.rate_precedence == "explicit"):
            raise ValueError("rate_order is needed for the precedence explicit, and only for that")
        if len(set(self.rate_order)) != len(self.rate_order):
            raise ValueError("rate_order names the same twice: state each once")
        if (self.time_bar_days is not None) != (self.late_policy == "time_bar"):
            raise ValueError("time_bar_days is needed for the late_policy time_bar, and only for that")
        return self


_BELONG = {"rate_precedence": "rate_order", "late_policy": "time_bar_days"}
"""A switch, and the figure that is needed for one of its settings alone."""


def in_force(own: Mapping[str, Any], otherwise: Mapping[str, Any]) -> Policy:
    """The policy of a contract: its own words, and for the rest those of its legal entity."""
    rest = {name: value for name, value in otherwise.items() if name not in own}
    for switch, figure in _BELONG.items():
        if switch in own:
            rest.pop(figure, None)
    return Policy.model_validate({**rest, **own})


def said(policy: Policy) -> dict[str, object]:
    """What a policy states, as JSON; the default where it was stated too, because a legal entity may have another."""
    return policy.model_dump(mode="json", exclude_unset=True)


def stated(terms: Terms) -> dict[str, object]:
    """What terms say that differs from the defaults, as JSON."""
    return terms.model_dump(mode="json", exclude_defaults=True)
