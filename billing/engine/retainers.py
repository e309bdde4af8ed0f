"""Retainers (billing.md R3): hour buckets by the month of the service date, and prepaid balances drawn by invoices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from billing.engine.notation import plain
from billing.engine.schedule import month_start, next_month
from billing.engine.values import ZERO, Line, RetainerUse


@dataclass(frozen=True, slots=True)
class BucketClose:
    """A bucket at the end of its month, in minutes. Carried minutes burn before fresh ones and last one month."""

    available: Decimal
    used: Decimal
    overage: Decimal
    forfeited: Decimal
    carried_out: Decimal


def close_bucket(
    *,
    included: Decimal,
    used: Decimal,
    carried_in: Decimal = ZERO,
    unused: Literal["forfeit", "rollover"] = "forfeit",
    carry_limit: Decimal | None = None,
) -> BucketClose:
    """What a month leaves: unused fresh minutes are carried up to the limit or forfeited; carried ones expire."""
    available = included + carried_in
    fresh_left = included - min(included, max(ZERO, used - carried_in))
    carried_out = ZERO
    if unused == "rollover":
        carried_out = fresh_left if carry_limit is None else min(fresh_left, carry_limit)
    left = max(ZERO, available - used)
    return BucketClose(available, used, max(ZERO, used - available), left - carried_out, carried_out)


@dataclass(frozen=True, slots=True)
class BucketSplit:
    """Minutes of one entry inside the bucket and beyond it."""

    included: Decimal
    overage: Decimal
    step: dict[str, Any]


class BucketBook:
    """The hour buckets of one contract while its work is decided in order of service date."""

    def __init__(self, lines: Iterable[Line], use: Iterable[RetainerUse], starts_on: date | None) -> None:
        self._lines = {line.id: line for line in lines if line.method == "retainer_hours"}
        self._starts_on = starts_on
        self._used: dict[tuple[int, date], Decimal] = {}
        for row in use:
            key = (row.line_id, month_start(row.period_start))
            self._used[key] = self._used.get(key, ZERO) + row.used_minutes

    def take(self, line_id: int, on: date, minutes: Decimal) -> BucketSplit:
        """Burn an entry's minutes from the bucket of its service month; `minutes` is not negative."""
        line, month = self._lines[line_id], month_start(on)
        carried = self._carried_into(line, month)
        before = self._used.get((line_id, month), ZERO)
        available = (line.included_minutes or ZERO) + carried
        included = min(minutes, max(ZERO, available - before))
        self._used[line_id, month] = before + included
        step = {
            "line": line_id,
            "month": month.isoformat(),
            "available": plain(available),
            "carried_in": plain(carried),
            "before": plain(before),
            "included": plain(included),
            "overage": plain(minutes - included),
            "after": plain(before + included),
        }
        return BucketSplit(included, minutes - included, step)

    def _carried_into(self, line: Line, month: date) -> Decimal:
        if line.unused != "rollover" or not line.included_minutes:
            return ZERO
        at = self._first_month(line, month)
        carried = ZERO
        while at < month:
            used = self._used.get((line.id, at), ZERO)
            carried = close_bucket(
                included=line.included_minutes,
                used=used,
                carried_in=carried,
                unused="rollover",
                carry_limit=line.carry_limit_minutes,
            ).carried_out
            at = next_month(at)
        return carried

    def _first_month(self, line: Line, month: date) -> date:
        start = line.starts_on or self._starts_on
        if start is not None:
            return month_start(start)
        return min((at for line_id, at in self._used if line_id == line.id), default=month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid:
    """A funded balance an invoice may draw on until it expires. `created` breaks ties: earlier ones burn first."""

    id: int
    balance: Decimal
    priority: int = 0
    expires_on: date | None = None
    created: int = 0


@dataclass(frozen=True, slots=True)
class Drawdown:
    """What is drawn from which balance, and what remains due in cash."""

    draws: tuple[tuple[int, Decimal], ...]
    drawn: Decimal
    due: Decimal


def draw_down(balances: Sequence[Prepaid], amount: Decimal, on: date) -> Drawdown:
    """Pay an amount (gross where funding was untaxed, net where taxed) from balances by priority, expiry, creation."""
    order = sorted(balances, key=lambda b: (b.priority, b.expires_on or date.max, b.created, b.id))
    draws, due = [], amount
    for balance in order:
        usable = ZERO if balance.expires_on is not None and on > balance.expires_on else balance.balance
        drawn = min(usable, due)
        if drawn > 0:
            draws.append((balance.id, drawn))
            due -= drawn
    return Drawdown(tuple(draws), amount - due, due)
