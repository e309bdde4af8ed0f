"""What a lending legal entity charges a borrowing one, and what each of them and the group make of it (R16)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from integration_hub.kernel.money import ZERO, Rounding, round_money

CODE = "IC_PRICE_MISSING"
HOUR = Decimal(60)
Kind = Literal["cost_plus", "percent_of_bill", "fixed_rate"]
Why = Literal["no_price", "no_cost", "no_bill", "no_exchange_rate", "zero"]
Convert = Callable[[Decimal, str, str], Decimal | None]
"""(amount, from, to): the amount in another currency at the rate of the service date, not rounded; None without one."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a pair agreed: percent on top of the cost, percent of the bill, or the price of an hour."""

    kind: Kind
    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Lent:
    """Approved work that one entity delivers under the contract of another: what an hour costs the lender, and what
    the work is worth at its bill rate; None where nobody knows.
    """

    minutes: Decimal
    cost: Decimal | None = None
    cost_currency: str = ""
    bill: Decimal | None = None
    bill_currency: str = ""


@dataclass(frozen=True, slots=True)
class Charged:
    """What the lender charges. `rate` is the price of an hour, never rounded; None for a part of the bill."""

    amount: Decimal
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be priced: `IC_PRICE_MISSING`, never a silent nought."""

    why: Why


def charge(agreed: Agreed | None, lent: Lent, convert: Convert, rounding: Rounding) -> Charged | Refused:
    """The price of lent work in the currency of the agreement, rounded once."""
    if agreed is None:
        return Refused("no_price")
    priced = _priced(agreed, lent, convert)
    if not isinstance(priced, tuple):
        return Refused(priced)
    exact, rate = priced
    amount = round_money(exact, agreed.currency, rounding)
    return Charged(amount, rate) if amount > 0 else Refused("zero")


def _priced(agreed: Agreed, lent: Lent, convert: Convert) -> tuple[Decimal, Decimal | None] | Why:
    if agreed.kind == "fixed_rate":
        return lent.minutes * agreed.value / HOUR, agreed.value
    basis, currency = (lent.cost, lent.cost_currency) if agreed.kind == "cost_plus" else (lent.bill, lent.bill_currency)
    if basis is None:
        return "no_cost" if agreed.kind == "cost_plus" else "no_bill"
    there = convert(basis, currency, agreed.currency)
    if there is None:
        return "no_exchange_rate"
    if agreed.kind == "percent_of_bill":
        return there * agreed.value / 100, None
    rate = there * (100 + agreed.value) / 100
    return lent.minutes * rate / HOUR, rate


# -- what each of them makes of it -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sums:
    """Lent work in rounded amounts: what the customer pays, what the lender charges, what it costs the lender."""

    revenue: Decimal
    revenue_currency: str
    charge: Decimal
    charge_currency: str
    cost: Decimal
    cost_currency: str


@dataclass(frozen=True, slots=True)
class Views:
    """The books of the borrower (in the currency of the bill), of the lender and of the group."""

    customer_revenue: Decimal
    borrowing_cost: Decimal
    borrowing_margin: Decimal
    lending_revenue: Decimal
    lending_cost: Decimal
    lending_margin: Decimal
    group_revenue: Decimal
    group_cost: Decimal
    eliminated: Decimal
    group_margin: Decimal


def views(sums: Sums, *, lending_currency: str, group_currency: str, convert: Convert) -> Views | None:
    """The charge is cost of the borrower and revenue of the lender; in the group it is neither. None where an exchange
    rate is missing. Each figure is converted from what it is in, and rounded once.
    """

    def shown(amount: Decimal, currency: str, to: str) -> Decimal | None:
        there = convert(amount, currency, to)
        return None if there is None else round_money(there, to)

    found = (
        shown(sums.charge, sums.charge_currency, sums.revenue_currency),
        shown(sums.charge, sums.charge_currency, lending_currency),
        shown(sums.cost, sums.cost_currency, lending_currency),
        shown(sums.revenue, sums.revenue_currency, group_currency),
        shown(sums.cost, sums.cost_currency, group_currency),
        shown(sums.charge, sums.charge_currency, group_currency),
    )
    paid, earned, cost, group_revenue, group_cost, eliminated = (ZERO if part is None else part for part in found)
    if None in found:
        return None
    return Views(
        customer_revenue=sums.revenue,
        borrowing_cost=paid,
        borrowing_margin=sums.revenue - paid,
        lending_revenue=earned,
        lending_cost=cost,
        lending_margin=earned - cost,
        group_revenue=group_revenue,
        group_cost=group_cost,
        eliminated=eliminated,
        group_margin=group_revenue - group_cost,
    )
