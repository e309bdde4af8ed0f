"""Values between our payloads and vendors' JSON, the same for every vendor."""

from decimal import Decimal
from typing import Any

from integration_hub.kernel.money import minor_units


def number(value: Any) -> float | int | None:
    """A JSON number of an exact amount; nothing stays nothing. Payloads carry amounts as text or Decimal."""
    if value is None or value == "":
        return None
    exact = Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def amount(value: Any) -> Decimal:
    """The exact decimal of a JSON number or a text; nothing counts as zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def text(value: Any) -> str:
    """An exact amount as decimal text without idle zeros; nothing counts as zero."""
    exact = amount(value)
    return f"{exact.normalize():f}" if exact else "0"


def from_subunits(value: Any, currency: str) -> str:
    """An integer of sub-units as a decimal text: 1999 USD → 19.99, 1999 JPY → 1999."""
    return str(amount(value).scaleb(-minor_units(currency)))


def to_subunits(value: Any, currency: str) -> int:
    """A decimal amount in whole sub-units. Raises ValueError when it has parts of a sub-unit."""
    exact = amount(value).scaleb(minor_units(currency))
    if exact != exact.to_integral_value():
        raise ValueError(f"{value} {currency} has more decimals than the target keeps")
    return int(exact)


def same(found: Any, wanted: Any, *, places: int = 2) -> bool:
    """Whether the target holds what we wanted: amounts at its scale, everything else as text; nothing equals ''."""
    if wanted is None or wanted == "" or found is None or found == "":
        return (found or "") == (wanted or "")
    try:
        unit = Decimal(1).scaleb(-places)
        return amount(found).quantize(unit) == amount(wanted).quantize(unit)
    except ArithmeticError:
        return str(found) == str(wanted)
