"""Retainers (billing.md R3): hour buckets by the month of the service date, and prepaid balances drawn by invoices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.notation import plain
from billing.engine.schedule import add_months, month_start, next_month
from billing.engine.values import ZERO, Line, RetainerUse
from integration_hub.kernel.money import round_money


@dataclass(frozen=True, slots=True)
class Lot:
    """Carried minutes and the month they lapse after: they burn in it and not later."""

    minutes: Decimal
    until: date


@dataclass(frozen=True, slots=True)
class Opening:
    """A bucket at the start of its month, in minutes: what the fee buys, what is carried in, what is owed already."""

    month: date
    fresh: Decimal
    lots: tuple[Lot, ...] = ()
    owed: Decimal = ZERO

    @property
    def carried(self) -> Decimal:
        """What earlier months left."""
        return sum((lot.minutes for lot in self.lots), ZERO)

    @property
    def available(self) -> Decimal:
        """What may be used before anything is owed; negative where more is owed than the month brings."""
        return self.fresh + self.carried - self.owed


@dataclass(frozen=True, slots=True)
class Closing:
    """A bucket at the end of its month, in minutes; `lots` and `owed` open the next one.

    `added` is what was granted beyond the month's own hours, to carry on the least that is agreed.
    """

    available: Decimal
    used: Decimal
    overage: Decimal
    forfeited: Decimal
    lots: tuple[Lot, ...]
    owed: Decimal
    added: Decimal = ZERO

    @property
    def carried_out(self) -> Decimal:
        """What is left for later months."""
        return sum((lot.minutes for lot in self.lots), ZERO)


def first_opening(line: Line, month: date) -> Opening:
    """The bucket of the first month: nothing is carried into it."""
    return Opening(month, line.included_minutes or ZERO)


def next_opening(line: Line, closing: Closing, month: date) -> Opening:
    """The bucket of the month after a closing, `month` being its first day."""
    return Opening(month, line.included_minutes or ZERO, closing.lots, closing.owed)


def room(line: Line, opening: Opening, used: Decimal) -> Decimal | None:
    """Minutes that the fee still covers, an agreed deficit with them; None where any deficit is agreed."""
    if line.overage == "carry_deficit" and line.deficit_limit_minutes is None:
        return None
    agreed = line.deficit_limit_minutes or ZERO if line.overage == "carry_deficit" else ZERO
    return max(ZERO, opening.available + agreed - used)


def close_month(line: Line, opening: Opening, used: Decimal) -> Closing:
    """What a month leaves: minutes carried earlier burn first, the oldest before all; what lapses is forfeited.

    Unused minutes are carried where the line says so, up to its ceiling: what lapses soonest gives way. At least its
    floor is carried, granted where less is left. Use beyond what is available is owed to the next month where a deficit
    is agreed, as far as it is; the rest is overage.
    """
    covered = room(line, opening, ZERO)
    inside = used if covered is None else min(used, covered)
    owed = max(ZERO, inside - opening.available)
    burn, lots = inside, []
    for lot in sorted(opening.lots, key=lambda lot: lot.until):
        taken = min(lot.minutes, burn)
        burn -= taken
        if lot.minutes > taken and lot.until > opening.month:
            lots.append(Lot(lot.minutes - taken, lot.until))
    fresh = max(ZERO, opening.fresh - opening.owed - burn)
    if fresh:
        lots.append(Lot(fresh, add_months(opening.month, line.carry_months)))
    kept = _under_ceiling(lots, line.carry_limit_minutes) if line.unused == "rollover" else ()
    carried = sum((lot.minutes for lot in kept), ZERO)
    left = max(ZERO, opening.available - inside) - carried
    added = max(ZERO, _carry_floor(line) - carried) if not owed else ZERO
    if added:
        kept = (*kept, Lot(added, add_months(opening.month, line.carry_months)))
    return Closing(opening.available, used, used - inside, left, kept, owed, added)


def _carry_floor(line: Line) -> Decimal:
    return line.carry_floor_minutes or ZERO if line.unused == "rollover" else ZERO


def _under_ceiling(lots: Sequence[Lot], ceiling: Decimal | None) -> tuple[Lot, ...]:
    """What of the lots is kept under a ceiling, those that last longest first; in order of their lapsing."""
    left = ceiling if ceiling is not None else sum((lot.minutes for lot in lots), ZERO)
    kept = []
    for lot in sorted(lots, key=lambda lot: lot.until, reverse=True):
        minutes = min(lot.minutes, left)
        left -= minutes
        if minutes:
            kept.append(Lot(minutes, lot.until))
    return tuple(reversed(kept))


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
        self._openings: dict[tuple[int, date], Opening] = {}
        for row in use:
            key = (row.line_id, month_start(row.period_start))
            self._used[key] = self._used.get(key, ZERO) + row.used_minutes
            line = self._lines.get(row.line_id)
            if line is not None and row.carried_minutes is not None:
                carried = (Lot(row.carried_minutes, key[1]),) if row.carried_minutes else ()
                self._openings[key] = Opening(key[1], line.included_minutes or ZERO, carried, row.owed_minutes)

    def take(self, line_id: int, on: date, minutes: Decimal) -> BucketSplit:
        """Burn an entry's minutes from the bucket of its service month; `minutes` is not negative."""
        line, month = self._lines[line_id], month_start(on)
        opening = self._opening(line, month)
        before = self._used.get((line_id, month), ZERO)
        covered = room(line, opening, before)
        included = minutes if covered is None else min(minutes, covered)
        self._used[line_id, month] = before + included
        owed = {"owed": plain(opening.owed)} if opening.owed else {}
        step = {
            "line": line_id,
            "month": month.isoformat(),
            "available": plain(opening.available),
            "carried_in": plain(opening.carried),
            **owed,
            "before": plain(before),
            "included": plain(included),
            "overage": plain(minutes - included),
            "after": plain(before + included),
        }
        return BucketSplit(included, minutes - included, step)

    def _opening(self, line: Line, month: date) -> Opening:
        """The bucket of a month; work comes in order, so earlier months are over once a later one is asked for."""
        key = (line.id, month)
        if key not in self._openings:
            first = self._first_month(line, month)
            known = [at for line_id, at in self._openings if line_id == line.id and at < month]
            at = max(known, default=min(first, month))
            opening = self._openings.setdefault((line.id, at), first_opening(line, at))
            while at < month:
                closing = close_month(line, opening, self._used.get((line.id, at), ZERO))
                at = next_month(at)
                opening = self._openings[line.id, at] = next_opening(line, closing, at)
        return self._openings[key]

    def _first_month(self, line: Line, month: date) -> date:
        start = line.starts_on or self._starts_on
        if start is not None:
            return month_start(start)
        return min((at for line_id, at in self._used if line_id == line.id), default=month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid:
    """A funded balance an invoice may draw on until it expires. `created` breaks ties: earlier ones burn first.

    It may be drawn down to its `floor` (None: any deficit is agreed). `taxed`: tax was charged with the prepayment.
    """

    id: int
    balance: Decimal
    floor: Decimal | None = ZERO
    priority: int = 0
    expires_on: date | None = None
    created: int = 0
    taxed: bool = False


@dataclass(frozen=True, slots=True)
class Drawdown:
    """What is drawn from which balance, what of the gross that pays, and what remains due in cash."""

    draws: tuple[tuple[int, Decimal], ...]
    drawn: Decimal
    due: Decimal


def draw_down(
    balances: Sequence[Prepaid], gross: Decimal, on: date, *, net: Decimal | None = None, currency: str = "USD"
) -> Drawdown:
    """Pay a gross from balances by priority, expiry, creation. `net` is that of the gross where there is tax in it.

    A balance that was taxed when it was funded is drawn by the net and pays the tax on it with that: it is not charged
    twice. Each draw is in money of the currency, rounded once.
    """
    order = sorted(balances, key=lambda b: (b.priority, b.expires_on or date.max, b.created, b.id))
    draws, due, base = [], gross, gross if net is None else net
    for balance in order:
        wanted = base if balance.taxed else due
        drawn = min(_usable(balance, on, wanted), wanted)
        if drawn <= 0:
            continue
        draws.append((balance.id, drawn))
        if balance.taxed:
            paid = due if drawn == base else round_money(due * drawn / base, currency)
            base, due = base - drawn, due - paid
        else:
            base, due = base - round_money(base * drawn / due, currency), due - drawn
    return Drawdown(tuple(draws), gross - due, due)


def _usable(balance: Prepaid, on: date, wanted: Decimal) -> Decimal:
    if balance.expires_on is not None and on > balance.expires_on:
        return ZERO
    return wanted if balance.floor is None else max(ZERO, balance.balance - balance.floor)
