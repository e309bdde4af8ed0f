"""How far a limit is used and when it will be reached: from the pace of the work done, never from a plan (§1.5, §4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

from billing.engine.values import ZERO

THRESHOLDS = (Decimal(75), Decimal(90), Decimal(100))
WINDOW = timedelta(weeks=8)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Percent used with one decimal, the highest threshold passed (0: none), and the day on which nothing is left.

    `reached_on` is None where nothing was done of late, or where that day lies after what the limit covers.
    """

    percent: Decimal
    threshold: Decimal
    reached_on: date | None


def passed(*, limit: Decimal, used: Decimal) -> Decimal:
    """The highest threshold, in percent, that is used of a limit; 0 below the first."""
    return max((step for step in THRESHOLDS if used * HUNDRED >= step * limit), default=ZERO)


def outlook(
    *, limit: Decimal, used: Decimal, done: Iterable[tuple[date, Decimal]], today: date, until: date | None = None
) -> Outlook:
    """Where a limit stands on a day. `used` is billed, reserved and ready to be; `done` is work by service date.

    The pace is that of the eight weeks up to and including today, fewer where the work began later.
    """
    percent = (used / limit * HUNDRED).quantize(Decimal("0.1")) if limit else HUNDRED
    threshold = passed(limit=limit, used=used)
    if used >= limit:
        return Outlook(percent, threshold, today)
    recent = [(day, amount) for day, amount in done if today - WINDOW < day <= today]
    worked = sum((amount for _, amount in recent), ZERO)
    if worked <= 0:
        return Outlook(percent, threshold, None)
    days = (today - min(day for day, _ in recent)).days + 1
    left = ((limit - used) * days / worked).to_integral_value(ROUND_CEILING)
    reached = today + timedelta(days=int(left)) if left < date.max.toordinal() - today.toordinal() else None
    return Outlook(percent, threshold, None if reached and until and reached > until else reached)
