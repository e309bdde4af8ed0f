"""Parts of work that people set aside before it is billed: written off, or postponed (billing.md §1.7, R17).

What was written off is an amount that somebody approved, with the minutes it stands for. It comes off the end of what
is open of a work, before limits and retainers are asked: it takes no room. Whatever the price or the time of the work
is by now, the parts always add up to its value: no more is written off than was approved, nor than there is, and what
does not fit says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from billing.engine.notation import exact_amount, exact_minutes, maybe, plain
from billing.engine.pricing import time_value
from billing.engine.standing import open_minutes
from billing.engine.values import RATE_PLACES, ZERO, Disposal, Line, PieceResult, Pieces, Price, Work
from integration_hub.kernel.money import share

_RATE = Decimal(1).scaleb(-RATE_PLACES)
MISFIT = "WRITE_DOWN_MISFIT"
Slices = tuple[tuple[Decimal, Decimal], ...]


class TooMuch(ValueError):
    """More is to be disposed of than is open; the message says both."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is taken of a work. `minutes` are None for work without."""

    minutes: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Split:
    """Open work divided by hand; the amounts add up to its value, the minutes to its minutes."""

    written_off: Part
    postponed: Part
    billed: Part


def split(
    minutes: Decimal,
    value: Decimal,
    *,
    write_off: Decimal = ZERO,
    postpone: Decimal = ZERO,
    bill: Decimal | None = None,
) -> Split:
    """Divide open time by minutes. What is not named is billed; where `bill` is named, it is postponed.

    Raises TooMuch where the parts come to more than is open, and ValueError for a negative one.
    """
    asked = write_off + postpone + (bill or ZERO)
    if min(write_off, postpone, bill or ZERO) < 0:
        raise ValueError("Minutes that are written off, postponed or billed are not negative.")
    if asked > minutes:
        raise TooMuch(f"{plain(asked)} minutes are to be disposed of, {plain(minutes)} are open.")
    later = minutes - write_off - bill if bill is not None else postpone
    off = by_minutes(minutes, value, write_off)
    put = by_minutes(minutes - write_off, value - off.amount, later)
    rest = Part(minutes - write_off - later, value - off.amount - put.amount)
    return Split(off, put, rest)


def by_minutes(minutes: Decimal, value: Decimal, taken: Decimal) -> Part:
    """Some of the minutes with their part of the value; all of them take all of it."""
    if taken > minutes:
        raise TooMuch(f"{plain(taken)} minutes are to be disposed of, {plain(minutes)} are open.")
    return Part(taken, value if taken == minutes else exact_amount(value * taken / minutes))


def by_amount(minutes: Decimal | None, value: Decimal, amount: Decimal) -> Part:
    """Some of the value; the minutes only say how much that is."""
    if amount > value:
        raise TooMuch(f"{plain(amount)} are to be disposed of, {plain(value)} are open.")
    if minutes is None:
        return Part(None, amount)
    return Part(minutes if amount == value else exact_minutes(minutes * amount / value), amount)


def lump(total: Decimal, values: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A lump sum over works by what is open of each, the largest remainder first: it adds up, none exceeds its value.

    Raises TooMuch where it is more than is open. Exact values may be finer than money: what rounding would give a work
    beyond its value goes to the next that has room.
    """
    if total > sum(values, ZERO):
        raise TooMuch(f"{plain(total)} are to be disposed of, {plain(sum(values, ZERO))} are open.")
    if total == sum(values, ZERO):
        return list(values)
    parts = share(total, values, currency)
    over = ZERO
    for place, (part, value) in enumerate(zip(parts, values, strict=True)):
        if part > value:
            parts[place], over = value, over + part - value
    for place, (part, value) in enumerate(zip(parts, values, strict=True)):
        more = min(over, value - part)
        parts[place], over = part + more, over - more
    return parts


@dataclass(frozen=True, slots=True)
class SetAside:
    """What is left of a work once parts of it are set aside: as if these were locked."""

    pieces: Pieces
    work: Work
    price: Price
    steps: tuple[dict[str, Any], ...]


def set_aside(work: Work, line: Line, price: Price, currency: str) -> SetAside:
    """Take the parts that people set aside off a priced work, in the order they were decided."""
    found = SetAside((), work, price, ())
    for disposal in work.disposals:
        found = _without(found, disposal, line, currency)
    return found


def _without(before: SetAside, disposal: Disposal, line: Line, currency: str) -> SetAside:
    work, price = before.work, before.price
    minutes, value = open_minutes(work), price.value
    if not value or value < 0 or (minutes is not None and minutes < 0):
        return before
    taken = _taken(disposal, minutes, value, price)
    amount = taken.amount if disposal.amount is None else min(taken.amount, disposal.amount)
    written = disposal.state == "written_off"
    fits = not written or (amount == disposal.amount and amount == taken.amount)
    hourly = price.hourly if minutes is not None else None
    state: Literal["written_off", "postponed"] = disposal.state
    pieces: Pieces = (
        PieceResult(state, () if fits else (MISFIT,), line.id, None, taken.minutes, hourly, amount, currency),
    )
    if taken.amount > amount:
        pieces += (PieceResult("blocked", (MISFIT,), line.id, None, None, hourly, taken.amount - amount, currency),)
    left = replace(
        work,
        locked_minutes=work.locked_minutes + (taken.minutes or ZERO),
        locked_amount=work.locked_amount + taken.amount,
    )
    rest = replace(price, value=value - taken.amount, slices=_cut(price.slices, taken.minutes))
    return SetAside(before.pieces + pieces, left, rest, (*before.steps, _step(disposal, taken, amount)))


def _taken(disposal: Disposal, minutes: Decimal | None, value: Decimal, price: Price) -> Part:
    """What a disposal is of open work, at the price of today."""
    if minutes is None:
        return Part(None, value if disposal.amount is None else min(disposal.amount, value))
    if disposal.minutes is None or disposal.minutes >= minutes:
        return Part(minutes, value)
    if price.slices:
        kept = sum((time_value(some, hourly) for some, hourly in _cut(price.slices, disposal.minutes)), ZERO)
        return Part(disposal.minutes, value - kept)
    if disposal.amount is not None and disposal.rate == _stored(price.hourly):
        return Part(disposal.minutes, min(disposal.amount, value))
    return Part(disposal.minutes, min(value, exact_amount(value * disposal.minutes / minutes)))


def _stored(rate: Decimal | None) -> Decimal | None:
    """A rate at the precision it is stored with."""
    return None if rate is None else rate.quantize(_RATE, ROUND_HALF_UP)


def _cut(slices: Slices, minutes: Decimal | None) -> Slices:
    """Slices of time without their last minutes."""
    left = minutes or ZERO
    kept: list[tuple[Decimal, Decimal]] = []
    for some, hourly in reversed(slices):
        gone = min(some, left)
        left -= gone
        if some > gone:
            kept.append((some - gone, hourly))
    return tuple(reversed(kept))


def _step(disposal: Disposal, taken: Part, amount: Decimal) -> dict[str, Any]:
    return {
        "id": disposal.id,
        "state": disposal.state,
        "approved": maybe(disposal.amount),
        "minutes": maybe(taken.minutes),
        "worth": plain(taken.amount),
        "amount": plain(amount),
    }
