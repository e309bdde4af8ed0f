"""What work is worth before limits: time by the exact minute, expenses by their rule (billing.md R1, R14)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.engine.eligibility import Place
from billing.engine.facts import quoted
from billing.engine.notation import exact_amount, plain
from billing.engine.rates import RateAnswer
from billing.engine.values import ZERO, ExpenseRule, Line, Terms, Work
from integration_hub.kernel.money import round_money

MINUTES_PER_HOUR = 60
HUNDRED = Decimal(100)
FREE = {"included": "included", "non_chargeable": "non_billable"}
"""What is worth nothing and not printed, by the answer of the table."""


@dataclass(frozen=True, slots=True)
class Price:
    """The value of an event in contract currency, or the code that says why it has none; or that it is not charged.

    `free` is "included" or "non_billable" where the value is nought by agreement; `gratis` is printed at nought.
    `steps` explain an expense.
    """

    value: Decimal | None
    hourly: Decimal | None = None
    code: str = ""
    free: str = ""
    gratis: bool = False
    steps: tuple[dict[str, Any], ...] = ()


def time_value(minutes: Decimal, hourly: Decimal) -> Decimal:
    """Minutes at a rate per hour, multiplied first, at storage precision: hours are never rounded."""
    return exact_amount(minutes * hourly / MINUTES_PER_HOUR)


def price_time(work: Work, place: Place, rate: RateAnswer | None, charge: str) -> Price:
    """The value of a time entry that is charged as `charge` says; on a retainer only of the minutes still open."""
    if place.code:
        return Price(None)
    hourly = rate.hourly if rate else None
    if free := FREE.get(charge, ""):
        return Price(ZERO, hourly, free=free)
    if charge == "complimentary":
        return Price(ZERO, ZERO, gratis=True)
    if hourly is None:
        return Price(None, code=rate.code if rate else "RATE_MISSING")
    minutes = work.minutes or ZERO
    if place.line is not None and place.line.method == "retainer_hours":
        return Price(time_value(minutes - work.locked_minutes, hourly), hourly)
    return Price(time_value(minutes, hourly) - work.locked_amount, hourly)


def price_amount(work: Work, place: Place, terms: Terms, charge: str) -> Price:
    """The value of an expense, a milestone or a fee that is charged as `charge` says."""
    if place.code:
        return Price(None)
    if free := FREE.get(charge, ""):
        return Price(ZERO, free=free)
    if charge == "complimentary":
        return Price(None, code="RULE_ERROR")
    if work.kind == "expense":
        return _price_expense(work, place.line, terms)
    price = _in_contract_currency(work, terms)
    if work.kind == "milestone" and not work.evidence:
        return Price(price.value, code="MILESTONE_EVIDENCE", steps=price.steps)
    return price


def expense_rule(line: Line) -> ExpenseRule:
    """How a line charges expenses: by its rule; without one at cost, unless its price covers everything ("")."""
    if line.expense_rule:
        return line.expense_rule
    return "at_cost" if line.method in ("tm", "expense") else ""


def _price_expense(work: Work, line: Line | None, terms: Terms) -> Price:
    price = _in_contract_currency(work, terms)
    if price.value is not None and line is not None and expense_rule(line) == "markup":
        price = _marked_up(price, line.markup_percent, terms)
    if price.code:
        return price
    if not work.evidence:
        return Price(price.value, code="RECEIPT_MISSING", steps=price.steps)
    return price


def _marked_up(price: Price, percent: Decimal | None, terms: Terms) -> Price:
    if percent is None or price.value is None:
        return Price(None, code="RATE_MISSING", steps=price.steps)
    marked = round_money(price.value * (1 + percent / HUNDRED), terms.currency, terms.rounding)
    step = {"step": "marked up", "percent": plain(percent), "amount": plain(marked)}
    return Price(marked, steps=(*price.steps, step))


def _in_contract_currency(work: Work, terms: Terms) -> Price:
    """Converted at the rate of the work's own date and rounded, because the client sees that step."""
    amount = work.amount or ZERO
    cost = {"step": "cost", "amount": plain(amount), "currency": work.currency}
    if work.currency == terms.currency:
        return Price(exact_amount(amount), steps=(cost,))
    if work.fx is None:
        return Price(None, code="FX_MISSING", steps=(cost,))
    if (work.service_date - work.fx.on).days > terms.fx_max_age_days:
        stale = {"step": "stale", **quoted(work.fx), "days": terms.fx_max_age_days}
        return Price(None, code="FX_STALE", steps=(cost, stale))
    converted = round_money(work.fx.convert(amount), terms.currency, terms.rounding)
    step = {"step": "converted", **quoted(work.fx), "amount": plain(converted), "currency": terms.currency}
    return Price(converted, steps=(cost, step))
