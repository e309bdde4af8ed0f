"""Money inside the simulated vendors: decimals when they calculate, JSON numbers when they speak."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from .messages import Misshapen

_WHOLE_UNIT_CURRENCIES = {"JPY", "KRW", "VND", "CLP", "ISK"}


def decimal(value: Any) -> Decimal:
    """The exact decimal of a JSON number or a numeric string; nothing counts as zero. Raises Misshapen."""
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, bool):
        raise Misshapen("a boolean is not an amount")
    try:
        exact = Decimal(str(value))
        if not exact.is_finite() or exact.adjusted() > 15:
            raise InvalidOperation
        return exact
    except InvalidOperation:
        raise Misshapen(f"{value!r} is not a number") from None


def rounded(value: Decimal, currency: str = "USD") -> Decimal:
    """To the smallest unit of the currency, half up, as invoices are."""
    unit = Decimal(1) if currency in _WHOLE_UNIT_CURRENCIES else Decimal("0.01")
    return value.quantize(unit, ROUND_HALF_UP)


def number(value: Decimal) -> float:
    """The JSON number of a decimal."""
    return float(value)
