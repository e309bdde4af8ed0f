"""Terms of a price beyond a rate: premiums, tiers, minimum increments, rules for expenses (billing.md R1, R5, R14)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

ExpenseMethod = Literal["at_cost", "markup", "multiplier", "unit_price", "disbursement", "non_billable"]
Pool = Literal["entry", "day", "task"]
Proration = Literal["actual_days", "fixed30", "half_months", "none"]
Due = Literal["arrears", "advance"]
"""Whether a fee falls due with the last day of its period, or with the first."""
RetroMode = Literal["reverse_and_rebill", "delta", "prospective"]
"""What a price that changes for the past does to posted work: credit it and bill it anew, bill the difference, or leave
it as it is (billing.md R8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """Charged minutes are `factor` times the worked ones, then a multiple of `unit` minutes, and at least `floor`.

    They are rounded per entry, per person and day, or per person, day and task.
    """

    unit: Decimal
    mode: Literal["up", "nearest", "down"] = "up"
    factor: Decimal = Decimal(1)
    floor: Decimal = Decimal(0)
    pool: Pool = "entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """Time of a category (overtime, travel) costs a multiple of its rate: 1.5, or 0.5 for half the price."""

    category: str
    factor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What an hour costs once so many minutes of a line are charged; before the first tier the rates apply."""

    beyond: Decimal
    hourly: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseTerm:
    """How expenses of a category are charged; an empty category is all that no other names.

    `percent` marks up, `multiplier` multiplies, `price` is per unit. `tax_rate` is the tax (a fraction) on the cost;
    it is our client's to bear only where it is not `recoverable`. A cost beyond `limit` (per unit, where units are
    stated) asks a person, or is cut to it.
    """

    category: str = ""
    method: ExpenseMethod = "at_cost"
    percent: Decimal | None = None
    multiplier: Decimal | None = None
    price: Decimal | None = None
    tax_rate: Decimal = Decimal(0)
    recoverable: bool = True
    limit: Decimal | None = None
    over_limit: Literal["ask", "cut"] = "ask"
