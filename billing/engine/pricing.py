"""What work is worth before limits: time by the exact minute, usage by the unit, the rest by its amount (R1, R14)."""

from decimal import Decimal

from billing.engine.eligibility import Place
from billing.engine.expenses import as_delivered, converted, price_expense
from billing.engine.notation import exact_amount, plain
from billing.engine.rates import RateAnswer
from billing.engine.tiers import TierBook, prices
from billing.engine.values import ZERO, Line, Price, RateRow, Terms, Work

MINUTES_PER_HOUR = 60
ONE = Decimal(1)
FREE = {"included": "included", "non_chargeable": "non_billable"}
"""What is worth nothing and not printed, by the answer of the table."""


def time_value(minutes: Decimal, hourly: Decimal) -> Decimal:
    """Minutes at a rate per hour, multiplied first, at storage precision: hours are never rounded."""
    return exact_amount(minutes * hourly / MINUTES_PER_HOUR)


def price_time(work: Work, place: Place, rate: RateAnswer | None, charge: str, tiers: TierBook) -> Price:
    """The value of a time entry that is charged as `charge` says.

    On a retainer, and where volume has its prices, it is that of the minutes still open alone.
    """
    if place.code:
        return Price(None)
    line, base = place.line, rate.hourly if rate else None
    factor = premium(line, work, rate.row if rate else None)
    hourly = None if base is None else base * factor
    if free := FREE.get(charge, ""):
        return Price(ZERO, hourly, free=free)
    if charge == "complimentary":
        return Price(ZERO, ZERO, gratis=True)
    if base is None or hourly is None:
        return Price(None, code=rate.code if rate else "RATE_MISSING")
    minutes = to_charge(work)
    if line is not None and line.method == "retainer_hours":
        return Price(time_value(minutes - work.locked_minutes, hourly), hourly)
    if line is not None and line.tiers:
        slices = tiers.split(line, minutes - work.locked_minutes, base, factor)
        value = sum((time_value(part.minutes, part.hourly) for part in slices), ZERO)
        parts = tuple((part.minutes, part.hourly) for part in slices)
        return Price(value, hourly, slices=parts, allowed=prices(line, base, factor))
    return Price(time_value(minutes, hourly) - work.locked_amount, hourly)


def to_charge(work: Work) -> Decimal:
    """The minutes that are charged: those worked, or what a minimum increment makes of them."""
    return (work.minutes if work.charged is None else work.charged) or ZERO


def premium(line: Line | None, work: Work, row: RateRow | None) -> Decimal:
    """What the category of the work multiplies its rate with; a price for exactly that category stands as it is."""
    if line is None or not line.premiums or (row is not None and row.item and row.item == work.category):
        return ONE
    return next((one.factor for one in line.premiums if one.category == work.category), ONE)


def price_usage(work: Work, place: Place, rate: RateAnswer | None, charge: str) -> Price:
    """The value of units at their price, charged as `charge` says."""
    if (settled := _settled(place, charge)) is not None:
        return settled
    if rate is None or rate.hourly is None or work.quantity is None:
        return Price(None, code=rate.code if rate else "RATE_MISSING")
    value = exact_amount(work.quantity * rate.hourly)
    step = {"step": "by unit", "units": plain(work.quantity), "price": plain(rate.hourly), "amount": plain(value)}
    return Price(value, steps=(step,))


def price_amount(work: Work, place: Place, terms: Terms, charge: str) -> Price:
    """The value of an expense, a milestone or a fee that is charged as `charge` says."""
    if (settled := _settled(place, charge)) is not None:
        return settled
    if work.kind == "expense":
        return price_expense(work, place.line, terms)
    price = converted(as_delivered(work), work, terms)
    if work.kind == "milestone" and not work.evidence:
        return Price(price.value, code="MILESTONE_EVIDENCE", steps=price.steps)
    return price


def _settled(place: Place, charge: str) -> Price | None:
    """The price of what has no minutes, where its place or its charge settles it; None where it is to be worked out."""
    if place.code:
        return Price(None)
    if free := FREE.get(charge, ""):
        return Price(ZERO, free=free)
    return Price(None, code="RULE_ERROR") if charge == "complimentary" else None
