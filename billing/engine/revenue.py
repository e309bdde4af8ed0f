"""When revenue is earned (billing.md R24): from terms and progress, never from invoices.

Time, expenses and other unit prices follow the right to invoice: their revenue is the value of the work itself, so
their plan has no amounts of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from billing.engine.schedule import DAY, month_start, monthly, months_between, next_month
from billing.engine.values import ZERO, Line
from integration_hub.kernel.money import Rounding, round_money

Basis = Literal["right_to_invoice", "straight_line", "milestone"]


@dataclass(frozen=True, slots=True)
class Earning:
    """Revenue of [period_from, period_to), in money; `milestone_id` names the acceptance it hangs on."""

    period_from: date
    period_to: date
    amount: Decimal
    milestone_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A line's revenue: its parts add up to `total`; None and no parts where revenue follows the work."""

    basis: Basis
    total: Decimal | None
    parts: tuple[Earning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneValue:
    """A milestone's value and when it was, or is to be, accepted."""

    id: int
    amount: Decimal
    due_on: date | None = None
    accepted_on: date | None = None


def straight_line(
    *, total: Decimal, starts_on: date, ends_on: date, currency: str, rounding: Rounding = "half_up"
) -> list[Earning]:
    """An amount over calendar months by days, first and last day included; the last month takes the remainder.

    Raises ValueError when the end lies before the start.
    """
    if ends_on < starts_on:
        raise ValueError(f"Revenue cannot end on {ends_on}, before it starts on {starts_on}.")
    end = ends_on + DAY
    days = (end - starts_on).days
    spans = months_between(starts_on, end)
    parts = [round_money(total * (to - start).days / days, currency, rounding) for start, to in spans]
    parts[-1] = round_money(total, currency, rounding) - sum(parts[:-1], ZERO)
    return [Earning(start, to, part) for (start, to), part in zip(spans, parts, strict=True)]


def on_acceptance(milestones: Sequence[MilestoneValue], *, undated: date) -> list[Earning]:
    """Each milestone in the month of its acceptance, else of its due date, else of the day `undated`."""
    parts = []
    for milestone in milestones:
        day = milestone.accepted_on or milestone.due_on or undated
        parts.append(Earning(month_start(day), next_month(day), milestone.amount, milestone.id))
    return sorted(parts, key=lambda part: (part.period_from, part.milestone_id))


def to_come(amount: Decimal, *, latest: Sequence[Earning], on: date) -> Earning:
    """What no progress was measured of yet: in the month of the day `on`, but not before what was measured `latest`."""
    month = max([month_start(on), *(part.period_from for part in latest)])
    return Earning(month, next_month(month), amount)


def plan(
    line: Line,
    *,
    starts_on: date | None,
    ends_on: date | None,
    currency: str,
    rounding: Rounding = "half_up",
    milestones: Sequence[MilestoneValue] = (),
) -> Plan:
    """The plan of a contract line; its own dates come before the contract's `starts_on` and `ends_on`.

    Raises ValueError, naming the line, when a fixed price, a fee or a milestone has no dates or amount to plan with.
    """
    if line.method in ("tm", "usage", "expense", "included", "commitment"):
        return Plan("right_to_invoice", None, ())
    start, end = line.starts_on or starts_on, line.ends_on or ends_on
    if line.method == "recurring" and end is None:
        return Plan("right_to_invoice", None, ())  # without an end each fee is earned as its period passes
    if line.method in ("milestone", "progress"):
        if start is None:
            raise ValueError(f"Line {line.number}: name its first day, to plan revenue.")
        accepted = on_acceptance(milestones, undated=end or start)
        total = sum((part.amount for part in accepted), ZERO)
        if line.method == "progress" and (line.amount or ZERO) > total:
            rest = to_come((line.amount or ZERO) - total, latest=accepted[-1:], on=end or start)
            accepted, total = [*accepted, rest], total + rest.amount
        return Plan("milestone", total, tuple(accepted))
    if line.amount is None or start is None or end is None:
        raise ValueError(f"Line {line.number}: name its amount, first and last day, to plan revenue.")
    if line.method in ("retainer_hours", "recurring"):
        fees = monthly(
            fee=line.amount, starts_on=start, ends_on=end, currency=currency, rounding=rounding, by=line.proration,
            suspensions=line.suspensions,
        )  # fmt: skip
        earned = [Earning(fee.period_from, fee.period_to, fee.amount) for fee in fees]
    else:
        earned = straight_line(total=line.amount, starts_on=start, ends_on=end, currency=currency, rounding=rounding)
    return Plan("straight_line", sum((part.amount for part in earned), ZERO), tuple(earned))
