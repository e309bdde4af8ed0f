"""Terms of prices and of billing as a reader of the contract says them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.models import Contract, ContractLine, RetroMode
from contracts.queries import policy_of
from integration_hub.canonical import LinePrices
from integration_hub.canonical.prices import ExpenseTerm, Increment
from integration_hub.console.wording import number

HUNDRED = Decimal(100)


def of_line(line: ContractLine) -> list[str]:
    """What a line agrees beside its rates, a phrase each; nothing for what is the default."""
    if not line.prices:
        return []
    agreed, currency = LinePrices.model_validate(line.prices), line.contract.currency
    words = [f"{one.category} at {number(one.factor)} times the rate" for one in agreed.premiums]
    words += [
        f"beyond {number(tier.beyond_hours)} h at {number(tier.rate)} {currency} per hour"
        for tier in sorted(agreed.tiers, key=lambda tier: tier.beyond_hours)
    ]
    words += [_increment(agreed.increment)] if agreed.increment else []
    words += [_expense(term, currency) for term in agreed.expenses]
    words += carried(line)
    words += [f"settled {agreed.grace_days} days after each period"] if agreed.grace_days else []
    words += [PRORATION[agreed.proration]] if agreed.proration in PRORATION else []
    words += ["billed in advance"] if agreed.due == "advance" else []
    words += [f"suspended {_day(gap.first)} until before {_day(gap.until)}" for gap in agreed.suspensions]
    return words


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def carried(line: ContractLine) -> list[str]:
    """How much of an hour retainer is carried on at least."""
    floor = LinePrices.model_validate(line.prices).carry_floor_hours
    return [] if floor is None else [f"at least {floor:,.2f} h of it, whatever is left"]


PRORATION = {
    "fixed30": "part-months by days of 30",
    "half_months": "part-months by half months",
    "none": "a part-month in full",
}
_MODES = {"up": "up", "down": "down", "nearest": "to the nearest"}
_POOLS = {"entry": "each entry", "day": "a person's day in all", "task": "a person's day on a task"}


def _increment(rule: Increment) -> str:
    factor = "" if rule.factor == 1 else f"{number(rule.factor)} times the worked time, "
    floor = f", at least {number(rule.floor_minutes)} min" if rule.floor_minutes else ""
    return f"{factor}rounded {_MODES[rule.mode]} to {number(rule.unit_minutes)} min for {_POOLS[rule.pool]}{floor}"


def _expense(term: ExpenseTerm, currency: str) -> str:
    figures: Mapping[str, str] = {
        "at_cost": "at cost",
        "markup": f"with {number(term.percent or 0)} % markup",
        "multiplier": f"at {number(term.multiplier or 0)} times the cost",
        "unit_price": f"at {number(term.price or 0)} {currency} a unit",
        "disbursement": "passed on as paid",
        "non_billable": "not billed",
    }
    words = f"{term.category or 'other expenses'} {figures[term.method]}"
    if term.tax_rate:
        words += f", {number(term.tax_rate * HUNDRED)} % tax {'recovered' if term.recoverable else 'charged on'}"
    if term.limit is not None:
        beyond = "cut off" if term.over_limit == "cut" else "to be agreed"
        words += f", up to {number(term.limit)} {currency}, more is {beyond}"
    return words


def of_policy(contract: Contract) -> Iterable[tuple[str, Any]]:
    """How a contract is billed where that differs from the default, as labels and words."""
    agreed, told = policy_of(contract), []
    if agreed.rate_precedence == "specificity_then_scope":
        told.append(("Prices", "The most specific price, whatever its scope"))
    if agreed.rate_precedence == "explicit":
        told.append(("Prices", ", then ".join(_key(name) for name in agreed.rate_order)))
    if agreed.rate_currency_fallback != "none":
        told.append(("Prices in other currencies", "Converted at the rate of the service date"))
    if agreed.expense_markup_base == "gross":
        told.append(("Markup on expenses", "Of the cost with its tax"))
    if agreed.late_policy == "time_bar":
        told.append(("Late work", f"Not billed when it arrives more than {agreed.time_bar_days} days after its day"))
    if agreed.late_policy == "supplemental":
        told.append(("Late work", "On an invoice of its own, once an invoice covered its day"))
    if contract.retention_percent is not None:
        taxed = "work" if agreed.retention_tax == "when_withheld" else "release"
        told.append(("Retention", f"{number(contract.retention_percent)} % withheld, taxed with the {taxed}"))
    if agreed.deposit_tax == "when_applied":
        told.append(("Deposits", "Taxed with the work they are taken off from"))
    if agreed.retro_mode != "reverse_and_rebill":
        told.append(("Prices that change for the past", RetroMode(agreed.retro_mode).label))
    return told


_SCOPES = {"contract": "the contract's", "customer": "the customer's", "legal_entity": "the standard"}


def _key(name: str) -> str:
    scope, kind = name.split(".")
    return f"{_SCOPES[scope]} {kind} price"
