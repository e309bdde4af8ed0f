"""Minimum commitments (billing.md R23): what fees fall short of a promise is billed, once per period."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from billing.engine.schedule import DAY, Frequency, add_months, month_start, prorate
from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money

Span = tuple[date, date]
_MONTHS = {"monthly": 1, "quarterly": 3}


def periods(frequency: Frequency, starts_on: date, ends_on: date | None, *, through: date) -> list[tuple[Span, Span]]:
    """The calendar periods of a commitment that are over on a day, each with the part of it that is served, [from, to).

    `once` is one period: the whole term, which needs an end.
    """
    end = ends_on + DAY if ends_on is not None else None
    if frequency == "once":
        over = end is not None and end <= through + DAY
        return [((starts_on, end), (starts_on, end))] if over and end is not None else []
    found, at = [], _first(frequency, starts_on)
    while (until := add_months(at, _MONTHS[frequency])) <= through + DAY:
        if end is not None and at >= end:
            break
        found.append(((at, until), (max(at, starts_on), min(until, end) if end is not None else until)))
        at = until
    return found


def _first(frequency: Frequency, on: date) -> date:
    month = month_start(on)
    return add_months(month, -((month.month - 1) % _MONTHS[frequency]))


def shortfall(
    commitment: Decimal,
    fees: Iterable[Decimal],
    *,
    served: Span,
    whole: Span,
    currency: str,
    rounding: Rounding = "half_up",
) -> tuple[Decimal, Decimal]:
    """What of a commitment is due for the served part of its period, by days, and what the fees fall short of it."""
    [due] = prorate(commitment, [served], whole=whole, currency=currency, rounding=rounding)
    return due, max(ZERO, due - round_money(sum(fees, ZERO), currency, rounding))
