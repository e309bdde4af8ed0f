"""What a credit over posted lines takes back (billing.md R20): never more than is left, its tax at the original's."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, minor_units, round_money, share, show


@dataclass(frozen=True, slots=True)
class Original:
    """A posted line in money, and what credits took of it before; all of it not negative.

    `whole` says that a credit takes it whole or not at all: a milestone is never credited in part (R9).
    """

    net: Decimal
    tax: Decimal
    credited_net: Decimal = ZERO
    credited_tax: Decimal = ZERO
    whole: bool = False

    @property
    def left(self) -> Decimal:
        """What may still be credited of its net."""
        return self.net - self.credited_net


class CreditRefused(ValueError):
    """A credit that cannot be given; `code` says why, the text says it in words."""

    code = "CREDIT_REFUSED"


class OverCredit(CreditRefused):
    """A credit larger than what is left."""

    code = "OVER_CREDIT"


class DepositExceeded(CreditRefused):
    """More of a deposit than is left of it."""

    code = "DEPOSIT_EXCEEDED"


class InPart(CreditRefused):
    """A part of something that is credited whole or not at all."""

    code = "CREDIT_IN_PART"


def credit_tax(original: Original, net: Decimal, *, currency: str, rounding: Rounding = "half_up") -> Decimal:
    """The tax that goes back with a net of a posted line: its share of the line's tax, and with the last of the net all
    that is left of the tax. Raises OverCredit beyond what is left.
    """
    if net > original.left:
        raise _over(net, original.left, "the line", currency)
    tax_left = original.tax - original.credited_tax
    if net == original.left:
        return tax_left
    return min(tax_left, round_money(original.tax * net / original.net, currency, rounding))


def credit_line(original: Original, net: Decimal, *, currency: str, of: str = "the line") -> Decimal:
    """The net to credit of one line, as a person stated it.

    Raises OverCredit beyond what is left, InPart for a part of what is credited whole, CreditRefused for an amount that
    is not positive or finer than the currency.
    """
    if net <= ZERO:
        raise CreditRefused(f"{net} is no amount to credit: state one above nought.")
    if net != net.quantize(Decimal(1).scaleb(-minor_units(currency))):
        raise CreditRefused(f"{net} is finer than {currency} can be paid.")
    if net > original.left:
        raise _over(net, original.left, of, currency)
    if original.whole and net != original.left:
        raise InPart("A milestone is credited whole or not at all.")
    return net


def spread(total: Decimal, originals: Sequence[Original], *, currency: str) -> list[Decimal]:
    """A net over lines in proportion to what each has left: the parts add up to it and none exceeds what is left.

    Raises as `credit_line` does.
    """
    lefts = [original.left for original in originals]
    credit_line(Original(net=sum(lefts, ZERO), tax=ZERO), total, currency=currency, of="the lines")
    parts = share(total, lefts, currency)
    for original, part in zip(originals, parts, strict=True):
        if original.whole and part not in (ZERO, original.left):
            raise InPart("A milestone is credited whole or not at all: leave its line out.")
    return parts


def share_of(percent: Decimal, originals: Sequence[Original], *, currency: str, rounding: Rounding) -> Decimal:
    """A percentage of what lines were invoiced at, rounded once. Raises CreditRefused outside of 0 to 100."""
    if not ZERO < percent <= 100:
        raise CreditRefused(f"{percent} is no share: state more than 0 and at most 100 percent.")
    return round_money(sum((original.net for original in originals), ZERO) * percent / 100, currency, rounding)


def _over(wanted: Decimal, left: Decimal, of: str, currency: str) -> OverCredit:
    return OverCredit(f"{show(wanted, currency)} cannot be credited: {show(left, currency)} of {of} are left.")
