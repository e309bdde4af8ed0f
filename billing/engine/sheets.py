"""The billing status of time: of one entry, of a sheet, of any selection (billing.md §1.7, R19: a sheet's is derived).

It is measured by value, because amounts are authoritative and quantities only explain them (§0, 6). Hours measure it
where not everything has a price, and where nothing is worth anything: no part of such a value can be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)
HUNDRED = Decimal(100)
BILLED = frozenset({"posted", "corrected"})
OPEN = frozenset({"blocked", "held", "billable", "reserved", "postponed", "over_cap"})
"""Work that may still be billed: it waits for somebody or something, and nobody gave it up. What is included in a
price, not billable or written off is no part of it."""


class Status(StrEnum):
    """How far billing of it is."""

    UNBILLED = "unbilled"
    PARTIALLY_BILLED = "partially_billed"
    BILLED = "billed"


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces of one state: what they are worth, their minutes, and how many have no price."""

    state: str
    amount: Decimal = ZERO
    minutes: Decimal = ZERO
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What of some work is billable, and what of that is billed, in one currency."""

    billable: Decimal
    billed: Decimal
    minutes: Decimal
    minutes_billed: Decimal
    unpriced: int
    is_open: bool
    """Something of it may still be billed."""

    @property
    def by_value(self) -> bool:
        """Whether its value measures it; its hours otherwise."""
        return not self.unpriced and self.billable > 0

    @property
    def percent(self) -> Decimal:
        """What of it is billed, exact; nought where there is nothing to bill."""
        part, whole = (self.billed, self.billable) if self.by_value else (self.minutes_billed, self.minutes)
        return part * HUNDRED / whole if whole > 0 else ZERO

    @property
    def status(self) -> Status:
        """Billed is what is billed and leaves nothing open: after a credit that is to be billed again it is not."""
        if not self.billed and not self.minutes_billed:
            return Status.UNBILLED
        return Status.PARTIALLY_BILLED if self.is_open else Status.BILLED


def standing(parts: Iterable[Part]) -> Standing:
    """Where work stands, by its parts in each state."""
    known = [part for part in parts if part.state in BILLED | OPEN]
    gone = [part for part in known if part.state in BILLED]
    return Standing(
        billable=sum((part.amount for part in known), ZERO),
        billed=sum((part.amount for part in gone), ZERO),
        minutes=sum((part.minutes for part in known), ZERO),
        minutes_billed=sum((part.minutes for part in gone), ZERO),
        unpriced=sum(part.unpriced for part in known),
        is_open=len(known) > len(gone),
    )
