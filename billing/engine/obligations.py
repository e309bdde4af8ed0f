"""What several promises of one contract earn (billing.md R24): the price shared by standalone selling prices, each part
recognised by its own progress; whatever moves is caught up in the period in which it is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money, share

_DIGITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A performance obligation as it stands: its stated price, what it would sell for alone (None: not known), how much
    of it is satisfied (0 to 1), and what was recognised in earlier periods. Money is in the contract's currency.
    """

    price: Decimal
    standalone: Decimal | None = None
    progress: Fraction = Fraction(0)
    recognised: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Earned:
    """What a promise has of the contract's price, earned of it in all, and of that in this period."""

    allocated: Decimal
    cumulative: Decimal
    amount: Decimal


class StandaloneMissing(ValueError):
    """Some promises of a contract have a standalone selling price and others have none."""


def allocate(promises: Sequence[Promise], *, currency: str) -> list[Decimal]:
    """The contract's price, the sum of the stated ones, by standalone selling price; the parts add up to it.

    Where none is known the stated prices stand. Raises StandaloneMissing when only some are.
    """
    prices = [promise.price for promise in promises]
    known = [promise.standalone for promise in promises if promise.standalone is not None]
    if not known:
        return prices
    if len(known) != len(promises):
        raise StandaloneMissing("State the standalone selling price of every obligation, or of none.")
    return share(sum(prices, ZERO), known, currency)


def progress(actual: Decimal, estimate: Decimal) -> Fraction:
    """Cost or hours so far of what is estimated in all, at most 1. Raises ValueError for what cannot be measured."""
    if estimate <= 0 or actual < 0:
        raise ValueError(f"{actual} of {estimate} is no progress: state what is spent and an estimate above nought.")
    return min(Fraction(1), Fraction(actual) / Fraction(estimate))


def recognise(promises: Sequence[Promise], *, currency: str, rounding: Rounding = "half_up") -> list[Earned]:
    """What each promise earned. What was recognised before is caught up, down as well as up. Raises as `allocate`."""
    found = []
    for promise, allocated in zip(promises, allocate(promises, currency=currency), strict=True):
        cumulative = _part(allocated, promise.progress, currency, rounding)
        found.append(Earned(allocated, cumulative, cumulative - promise.recognised))
    return found


def position(cumulative: Decimal, invoiced: Decimal) -> tuple[Decimal, Decimal]:
    """Contract asset and contract liability: what is earned beyond what is invoiced, or the other way round."""
    return max(ZERO, cumulative - invoiced), max(ZERO, invoiced - cumulative)


def _part(allocated: Decimal, done: Fraction, currency: str, rounding: Rounding) -> Decimal:
    exact = Fraction(allocated) * done
    with localcontext() as context:
        context.prec = _DIGITS
        return round_money(Decimal(exact.numerator) / Decimal(exact.denominator), currency, rounding)
