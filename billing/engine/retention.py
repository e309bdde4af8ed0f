"""What of a document is withheld until it is released, and what of that comes back (billing.md R18, R20).

All amounts are net and not negative. A document is rounded once: what is withheld of it, and its tax, are those of the
whole, shared over its contract lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from billing.engine.values import ZERO
from integration_hub.kernel.money import Rounding, round_money, share

Line = TypeVar("Line")


def withheld(
    work: Mapping[Line, Decimal], percent: Decimal, *, currency: str, rounding: Rounding = "half_up"
) -> dict[Line, Decimal]:
    """What is withheld of the work of a document, by contract line; nothing of lines whose work is not above nought."""
    charged = {line: net for line, net in work.items() if net > 0}
    total = round_money(sum(charged.values(), ZERO) * percent / 100, currency, rounding)
    return spread(total, charged, currency=currency) if total > 0 else {}


def spread(total: Decimal, over: Mapping[Line, Decimal], *, currency: str) -> dict[Line, Decimal]:
    """An amount shared by what each line has, without those that get nothing. The parts add up to it."""
    parts = share(total, list(over.values()), currency)
    return {line: part for line, part in zip(over, parts, strict=True) if part}


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a posted document withholds of some work, and what credits took of that work and gave back of it before."""

    amount: Decimal
    work: Decimal
    credited: Decimal = ZERO
    given_back: Decimal = ZERO


def gives_back(
    of: Withheld, credit: Decimal, *, room: Decimal, currency: str, rounding: Rounding = "half_up"
) -> Decimal:
    """What a credit of its work gives back of what was withheld: in proportion to all that is credited by then, so that
    the last credit takes what is left. Never more than `room`: what is released is not given back again.
    """
    if of.work <= 0:
        return ZERO
    part = min(of.credited + credit, of.work)
    so_far = round_money(of.amount * part / of.work, currency, rounding)
    return max(ZERO, min(so_far - of.given_back, of.amount - of.given_back, room))
