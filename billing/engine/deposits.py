"""What is billed ahead of work, and taken off the invoices of that work later (billing.md R13).

A deposit is a liability until then: what is taken off an invoice is never more than is left of it, nor than the
invoice. A down payment is a deposit that is a part of an order. It is billed and taken off by group of taxes, so that
what both documents charge is the order to the cent, net and tax by tax.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money, show

Taxes = tuple[Decimal, ...]
"""The rates that a line is taxed with, as parts of one; lines with the same are a group."""
EXCEEDED = "DEPOSIT_EXCEEDED"


class Exceeded(ValueError):
    """More is to be taken than there is; the message says both. `code` is that of the exception."""

    code = EXCEEDED


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was billed ahead, net, and what became of it; never more than was billed."""

    currency: str
    billed: Decimal = ZERO
    applied: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What may still be taken off an invoice, or be refunded."""
        return self.billed - self.applied - self.refunded

    def bill(self, amount: Decimal) -> "Deposit":
        """More is billed ahead. Raises ValueError for what is not above nought."""
        return replace(self, billed=self.billed + self._money(amount))

    def apply(self, work: Decimal, amount: Decimal | None = None) -> tuple["Deposit", Decimal]:
        """Take an amount off an invoice of `work`, net; of none stated as much as fits. What is left to charge.

        Raises Exceeded, and ValueError for an amount that is not above nought.
        """
        if amount is None:
            taken = max(ZERO, min(self.left, work))
        else:
            taken = self._within(self._money(amount))
            if taken > work:
                raise Exceeded(f"{self._shown(taken)} are to be taken off an invoice of {self._shown(work)}.")
        return replace(self, applied=self.applied + taken), work - taken

    def refund(self, amount: Decimal | None = None) -> "Deposit":
        """Give an amount back, or all that is left. Raises Exceeded, and ValueError as `apply` does."""
        back = self.left if amount is None else self._within(self._money(amount))
        return replace(self, refunded=self.refunded + back)

    def _within(self, amount: Decimal) -> Decimal:
        if amount > self.left:
            raise Exceeded(f"{self._shown(amount)} are to be taken of a deposit with {self._shown(self.left)} left.")
        return amount

    def _money(self, amount: Decimal) -> Decimal:
        if amount <= 0:
            raise ValueError(f"{amount} is not above nought.")
        if amount != round_money(amount, self.currency):
            raise ValueError(f"{amount} is finer than {self.currency} can be paid.")
        return amount

    def _shown(self, amount: Decimal) -> str:
        return show(amount, self.currency)


@dataclass(frozen=True, slots=True)
class Charged:
    """What a document charges: net by group of taxes, tax by rate."""

    nets: Mapping[Taxes, Decimal]
    by_rate: Mapping[Decimal, Decimal]

    @property
    def net(self) -> Decimal:
        """All groups."""
        return sum(self.nets.values(), ZERO)

    @property
    def tax(self) -> Decimal:
        """All rates."""
        return sum(self.by_rate.values(), ZERO)

    @property
    def gross(self) -> Decimal:
        """With the tax."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class DownPayment:
    """An order, the part of it that is billed ahead, and the final document: the order without that part."""

    order: Charged
    ahead: Charged
    final: Charged


def down_payment(
    lines: Iterable[tuple[Decimal, Sequence[Decimal]]],
    percent: Decimal,
    *,
    currency: str,
    rounding: Rounding = "half_up",
) -> DownPayment:
    """A percentage of an order of lines (net, rates of tax), billed ahead. Raises ValueError for no percentage."""
    if not 0 < percent <= 100:
        raise ValueError(f"{percent} is no percentage of an order.")
    nets: dict[Taxes, Decimal] = {}
    for amount, rates in lines:
        group = tuple(sorted(rates))
        nets[group] = nets.get(group, ZERO) + amount
    order = _charged(nets, currency, rounding)
    ahead = _charged(
        {group: round_money(net * percent / 100, currency, rounding) for group, net in nets.items()}, currency, rounding
    )
    final = Charged(
        {group: net - ahead.nets[group] for group, net in order.nets.items()},
        {rate: tax - ahead.by_rate[rate] for rate, tax in order.by_rate.items()},
    )
    return DownPayment(order, ahead, final)


def _charged(nets: Mapping[Taxes, Decimal], currency: str, rounding: Rounding) -> Charged:
    """Tax is rounded once per document and rate, over all groups that bear it."""
    bases: dict[Decimal, Decimal] = {}
    for group, net in nets.items():
        for rate in group:
            bases[rate] = bases.get(rate, ZERO) + net
    return Charged(nets, {rate: round_money(base * rate, currency, rounding) for rate, base in bases.items()})
