"""Work that several payers share (billing.md R15): each one's part of minutes and money, nothing lost between them.

Every part but one is a percentage of the whole, rounded to money by itself; the payer who takes the rest gets what is
left, so that the parts always add up. What is locked of a work counts for the payer it was given to: where one has
been billed and another has not, the other's part is decided as if nothing had happened.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.notation import exact_minutes, plain
from billing.engine.values import ZERO, Line, Share, Split, Work
from integration_hub.kernel.money import Rounding, round_money

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Part:
    """What one payer is billed of something. `minutes` only explain the amount; None for work without minutes."""

    share: Share
    minutes: Decimal | None
    amount: Decimal


class Given:
    """What the payers of one work have of it already; grows as more of it is divided."""

    def __init__(self, shares: tuple[Share, ...], work: Work, currency: str, rounding: Rounding) -> None:
        self._shares = shares
        self._currency = currency
        self._rounding = rounding
        self._minutes = {one.payer_id: ZERO for one in shares}
        self._amounts = dict(self._minutes)
        for payer, minutes, amount in work.locked_by:
            if payer in self._amounts:
                self._minutes[payer] += minutes
                self._amounts[payer] += amount

    def divide(self, minutes: Decimal | None, amount: Decimal) -> list[Part]:
        """Parts of minutes and an amount that are not negative: together exactly these. Empty parts are left out."""
        amounts = _divided(amount, self._shares, self._amounts, self._rounded)
        timed = None if minutes is None else _divided(minutes, self._shares, self._minutes, exact_minutes)
        parts = [
            Part(one, None if timed is None else timed[one.payer_id], amounts[one.payer_id]) for one in self._shares
        ]
        kept = [part for part in parts if part.amount or part.minutes]
        return kept or [part for part in parts if part.share.takes_rest]

    def _rounded(self, value: Decimal) -> Decimal:
        return round_money(value, self._currency, self._rounding)


def _divided(
    total: Decimal,
    shares: tuple[Share, ...],
    given: dict[int, Decimal],
    rounded: Callable[[Decimal], Decimal],
) -> dict[int, Decimal]:
    """Parts of `total` by payer, with which each has its percentage of all that was given; adds them to `given`."""
    whole, left = total + sum(given.values(), ZERO), total
    parts = {one.payer_id: ZERO for one in shares}
    for one in shares:
        if not one.takes_rest:
            due = rounded(whole * one.percent / _HUNDRED) - given[one.payer_id]
            parts[one.payer_id] = min(max(ZERO, due), left)
            left -= parts[one.payer_id]
    for one in shares:
        if one.takes_rest:
            parts[one.payer_id] = left
        given[one.payer_id] += parts[one.payer_id]
    return parts


class PayerBook:
    """Who pays for the work of one contract while it is decided."""

    def __init__(self, splits: Iterable[Split], currency: str, rounding: Rounding) -> None:
        self._splits = sorted(splits, key=lambda split: split.effective_on)
        self._currency = currency
        self._rounding = rounding
        self._given: dict[int, Given] = {}

    def of(self, line: Line | None, on: date) -> tuple[Share, ...]:
        """The shares of a day's work; a line's own before the contract's, of each the last that is effective.

        Nobody where the contract's own bill-to pays all. What is paid in advance is paid by it as well.
        """
        if not self._splits or line is None or line.method == "retainer_prepaid":
            return ()
        for own in (line.id, None):
            found = [one for one in self._splits if one.line_id == own and one.effective_on <= on]
            if found:
                return found[-1].shares
        return ()

    def divide(self, work: Work, line: Line, minutes: Decimal | None, amount: Decimal) -> list[Part]:
        """What of this part of a work each payer of its day gets; see `Given.divide`."""
        given = self._given.get(work.event_id)
        if given is None:
            shares = self.of(line, work.service_date)
            given = self._given[work.event_id] = Given(shares, work, self._currency, self._rounding)
        return given.divide(minutes, amount)


def payer_facts(shares: Iterable[Share]) -> list[dict[str, Any]]:
    """Shares as JSON."""
    return [
        {"payer": one.payer_id, "percent": plain(one.percent), **({"rest": True} if one.takes_rest else {})}
        for one in shares
    ]
