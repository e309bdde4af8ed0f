"""What a credit over a posted line takes back (billing.md R20): never more than is left, its tax at the original's."""

from dataclasses import dataclass
from decimal import Decimal

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money, show


@dataclass(frozen=True, slots=True)
class Original:
    """A posted line in money, and what credits took of it before; all of it not negative."""

    net: Decimal
    tax: Decimal
    credited_net: Decimal = ZERO
    credited_tax: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What may still be credited of its net."""
        return self.net - self.credited_net


class OverCredit(ValueError):
    """A credit larger than what is left of the line."""


def credit_tax(original: Original, net: Decimal, *, currency: str, rounding: Rounding = "half_up") -> Decimal:
    """The tax that goes back with a net of a posted line: its share of the line's tax, and with the last of the net all
    that is left of the tax. Raises OverCredit beyond what is left.
    """
    if net > original.left:
        wanted, left = show(net, currency), show(original.left, currency)
        raise OverCredit(f"{wanted} cannot be credited: {left} of the line are left.")
    tax_left = original.tax - original.credited_tax
    if net == original.left:
        return tax_left
    return min(tax_left, round_money(original.tax * net / original.net, currency, rounding))
