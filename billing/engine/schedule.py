"""What falls due when (billing.md §1.4, R4): half-open periods, actual calendar days, the last part takes the cent."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money

Due = Literal["arrears", "advance"]
Frequency = Literal["once", "monthly", "quarterly"]
DAY = timedelta(days=1)
_MONTHS = {"monthly": 1, "quarterly": 3}


@dataclass(frozen=True, slots=True)
class Period:
    """One amount for [period_from, period_to): due on its last day in arrears, on its first in advance."""

    sequence: int
    period_from: date
    period_to: date
    due_on: date
    amount: Decimal


def month_start(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after a day's month."""
    return add_months(day.replace(day=1), 1)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day: 31 January plus one is 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(first: date, end: date) -> list[tuple[date, date]]:
    """The calendar months of [first, end), the outer ones cut to it."""
    spans, at = [], first
    while at < end:
        to = min(next_month(at), end)
        spans.append((at, to))
        at = to
    return spans


def prorate(
    fee: Decimal,
    spans: Sequence[tuple[date, date]],
    *,
    whole: tuple[date, date],
    currency: str,
    rounding: Rounding = "half_up",
) -> list[Decimal]:
    """Parts of a fee for half-open spans of one whole period, by days, each rounded once.

    Spans that together fill the period add up to the fee: the last takes the remainder. Raises ValueError for a span
    that does not lie forward inside the period.
    """
    if any(not whole[0] <= start < end <= whole[1] for start, end in spans):
        raise ValueError(f"Every span must lie forward inside {whole[0]} to {whole[1]}.")
    days = (whole[1] - whole[0]).days
    lengths = [(end - start).days for start, end in spans]
    parts = [round_money(fee * length / days, currency, rounding) for length in lengths]
    if sum(lengths) == days:
        parts[-1] = round_money(fee, currency, rounding) - sum(parts[:-1], ZERO)
    return parts


def monthly(
    *,
    fee: Decimal,
    starts_on: date,
    ends_on: date,
    currency: str,
    rounding: Rounding = "half_up",
    due: Due = "arrears",
) -> list[Period]:
    """A fee per calendar month from `starts_on` through `ends_on` (inclusive); a first or last part-month by its days.

    Raises ValueError when the end lies before the start.
    """
    spans = months_between(starts_on, _after(starts_on, ends_on))
    periods = []
    for sequence, (start, end) in enumerate(spans, 1):
        month = (month_start(start), next_month(start))
        [amount] = prorate(fee, [(start, end)], whole=month, currency=currency, rounding=rounding)
        periods.append(_period(sequence, start, end, amount, due))
    return periods


def instalments(
    *,
    total: Decimal,
    starts_on: date,
    ends_on: date | None,
    frequency: Frequency,
    currency: str,
    rounding: Rounding = "half_up",
    due: Due = "arrears",
) -> list[Period]:
    """A price spread evenly from `starts_on` through `ends_on` (inclusive); the last instalment takes the remainder.

    Periods are months or quarters counted from the start; the last may be shorter and is paid like the others.
    `once` is one period, a single day when there is no end. Raises ValueError for a missing or earlier end.
    """
    if ends_on is None:
        if frequency != "once":
            raise ValueError(f"A {frequency} schedule needs the line's last day.")
        ends_on = starts_on
    end = _after(starts_on, ends_on)
    spans = [(starts_on, end)] if frequency == "once" else _steps(starts_on, end, _MONTHS[frequency])
    each = round_money(total / len(spans), currency, rounding)
    last = round_money(total, currency, rounding) - each * (len(spans) - 1)
    amounts = [each] * (len(spans) - 1) + [last]
    return [
        _period(sequence, start, to, amount, due)
        for sequence, ((start, to), amount) in enumerate(zip(spans, amounts, strict=True), 1)
    ]


def _steps(start: date, end: date, months: int) -> list[tuple[date, date]]:
    spans, number = [], 0
    while (at := add_months(start, number * months)) < end:
        number += 1
        spans.append((at, min(add_months(start, number * months), end)))
    return spans


def _after(starts_on: date, ends_on: date) -> date:
    if ends_on < starts_on:
        raise ValueError(f"The schedule ends on {ends_on}, before it starts on {starts_on}.")
    return ends_on + DAY


def _period(sequence: int, start: date, end: date, amount: Decimal, due: Due) -> Period:
    return Period(sequence, start, end, start if due == "advance" else end - DAY, amount)
