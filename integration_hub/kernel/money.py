"""Money: Decimal with a currency, rounded here and nowhere else (billing.md R6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Literal

from babel.core import get_global
from babel.numbers import format_decimal

Rounding = Literal["half_up", "half_even"]
Basis = Literal["", "net", "tax", "gross"]
"""What an amount is: without tax, the tax, with tax; empty where the question does not arise, as of cash received."""
_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
ZERO = Decimal(0)


@cache
def minor_units(currency: str) -> int:
    """Decimal places of a currency by ISO 4217: 2 for USD, 0 for JPY, 3 for KWD. Raises ValueError if unknown."""
    if not is_currency(currency):
        raise ValueError(f"Unknown currency {currency!r}: use an ISO 4217 code such as USD.")
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


@cache
def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 currency code."""
    return code in get_global("all_currencies")


def round_money(amount: Decimal, currency: str, mode: Rounding = "half_up") -> Decimal:
    """Round to the currency's minor unit; `half_up` rounds ties away from zero, so a credit mirrors its charge."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=_MODES[mode])


def share(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Share a rounded total by weight with the largest remainder; ties go to the earlier one.

    The parts always add up to `total`. Raises ValueError when there is something to share and no weight to share by.
    """
    if not weights:
        raise ValueError("Nothing to share among.")
    whole = sum(weights, ZERO)
    if whole == 0:
        if total != 0:
            raise ValueError("Cannot share an amount over weights that sum to zero.")
        return [ZERO for _ in weights]
    unit = Decimal(1).scaleb(-minor_units(currency))
    exact = [total * weight / whole for weight in weights]
    parts = [value.quantize(unit, rounding=ROUND_DOWN) for value in exact]
    left = int((total - sum(parts, ZERO)) / unit)
    step = unit if left > 0 else -unit
    by_remainder = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - parts[i]), i))
    for index in by_remainder[: abs(left)]:
        parts[index] += step
    return parts


@dataclass(frozen=True, slots=True)
class Quote:
    """An exchange rate as it was quoted on a day. One operation from the quoted number, never a rounded inverse (R12):
    `divides` when it was quoted the other way round.
    """

    rate: Decimal
    on: date
    divides: bool = False

    def convert(self, amount: Decimal) -> Decimal:
        """The amount in the other currency, not rounded."""
        return amount / self.rate if self.divides else amount * self.rate


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency, and whether it is net, tax or gross."""

    amount: Decimal
    currency: str
    basis: Basis = ""

    def __str__(self) -> str:
        return f"{show(self.amount, self.currency)} {self.basis}".rstrip()


def per_currency(amounts: Mapping[str, Decimal], basis: Basis) -> list[Money]:
    """Sums by currency as amounts of one basis, in the same order."""
    return [Money(amount, currency, basis) for currency, amount in amounts.items()]


def added(amounts: Iterable[Money]) -> list[Money]:
    """Sums per currency and basis, in the order they first come: net and gross do not add up, nor do currencies."""
    sums: dict[tuple[str, Basis], Decimal] = {}
    for one in amounts:
        kind = (one.currency, one.basis)
        sums[kind] = sums.get(kind, ZERO) + one.amount
    return [Money(amount, currency, basis) for (currency, basis), amount in sums.items()]


def show(amount: Decimal, currency: str) -> str:
    """`1,234.50 USD`: the one way an amount is written on screens, in messages and in exports meant for reading."""
    places = minor_units(currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return f"{format_decimal(round_money(amount, currency), format=pattern, locale='en')} {currency}"
