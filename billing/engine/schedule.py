"""What falls due when (billing.md §1.4, R4): half-open periods, the last part takes the cent."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from billing.engine.agreed import Due, Proration
from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money

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


Span = tuple[date, date]


def prorate(
    fee: Decimal,
    spans: Sequence[Span],
    *,
    whole: Span,
    currency: str,
    rounding: Rounding = "half_up",
    by: Proration = "actual_days",
) -> list[Decimal]:
    """Parts of a fee for half-open spans of one whole period, each rounded once.

    Spans that together fill the period add up to the fee: the last takes the remainder. `by` days of the calendar, days
    of a month of 30, half months (one counts as soon as a day of it is served), or `none`: whoever begins pays it all.
    Raises ValueError for a span that does not lie forward inside the period.
    """
    if any(not whole[0] <= start < end <= whole[1] for start, end in spans):
        raise ValueError(f"Every span must lie forward inside {whole[0]} to {whole[1]}.")
    shares, full = _SHARES[by](spans, whole)
    parts = [round_money(fee * share / full, currency, rounding) for share in shares]
    if sum(shares) == full:
        last = max(place for place, share in enumerate(shares) if share)
        parts[last] = round_money(fee, currency, rounding) - sum(parts[:last], ZERO)
    return parts


def _by_days(spans: Sequence[Span], whole: Span) -> tuple[list[int], int]:
    return [(end - start).days for start, end in spans], (whole[1] - whole[0]).days


def _by_thirty(spans: Sequence[Span], whole: Span) -> tuple[list[int], int]:
    """The 31st counts for nothing, and the last day of the month ends its thirty days."""

    def passed(day: date) -> int:
        return 30 if day == whole[1] else min(day.day - 1, 30)

    return [passed(end) - passed(start) for start, end in spans], 30


def _by_halves(spans: Sequence[Span], whole: Span) -> tuple[list[int], int]:
    middle, taken, shares = whole[0].replace(day=16), set[int](), []
    for start, end in spans:
        served = {half for half, is_in in ((1, start < middle), (2, end > middle)) if is_in} - taken
        taken |= served
        shares.append(len(served))
    return shares, 2


def _whole(spans: Sequence[Span], whole: Span) -> tuple[list[int], int]:
    return [int(place == 0) for place in range(len(spans))], 1


_SHARES = {"actual_days": _by_days, "fixed30": _by_thirty, "half_months": _by_halves, "none": _whole}


def monthly(
    *,
    fee: Decimal,
    starts_on: date,
    ends_on: date,
    currency: str,
    rounding: Rounding = "half_up",
    due: Due = "arrears",
    by: Proration = "actual_days",
    suspensions: Sequence[Span] = (),
) -> list[Period]:
    """A fee per calendar month from `starts_on` through `ends_on` (inclusive), part-months prorated as agreed.

    Suspended days are cut out: a month with several gaps has several parts. Raises ValueError when the end lies before
    the start.
    """
    periods: list[Period] = []
    for start, end in months_between(starts_on, _after(starts_on, ends_on)):
        spans = _served(start, end, suspensions)
        month = (month_start(start), next_month(start))
        amounts = prorate(fee, spans, whole=month, currency=currency, rounding=rounding, by=by) if spans else []
        for (first, until), amount in zip(spans, amounts, strict=True):
            if amount or not fee:
                periods.append(_period(len(periods) + 1, first, until, amount, due))
    return periods


def _served(start: date, end: date, suspensions: Sequence[Span]) -> list[Span]:
    """What is left of [start, end) without the days of suspensions."""
    spans, at = [], start
    for first, until in sorted(suspensions):
        if at < min(first, end):
            spans.append((at, min(first, end)))
        at = max(at, until)
    return [*spans, (at, end)] if at < end else spans


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
