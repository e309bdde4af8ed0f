"""By when somebody has to have acted on an exception. Its severity says how much working time there is (billing.md
§3.3); whose working time that is says a room above, which knows the calendars.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from integration_hub.kernel.registry import Registry


class Allowed(NamedTuple):
    """So much working time."""

    hours: int = 0
    days: int = 0

    def __str__(self) -> str:
        return f"{self.days} working day{'s' if self.days > 1 else ''}" if self.days else f"{self.hours} working hours"


ALLOWED = {1: Allowed(hours=8), 2: Allowed(days=1), 3: Allowed(days=3), 4: Allowed(days=10)}
"""By severity."""
IN_CLOSE_WEEK = {1: Allowed(hours=4)}
"""Where it is less while books are closed."""

Reckon = Callable[[str, int, datetime], datetime]
"""The deadline of a legal entity's case of a severity that was seen at an instant."""
RECKONERS: Registry[Callable[[], Reckon]] = Registry("calendar of deadlines")
"""At most one: answers how to reckon, having read the calendars once."""


def by_the_clock(_legal_entity: str, severity: int, since: datetime) -> datetime:
    """Without a calendar every hour counts."""
    allowed = ALLOWED[severity]
    return since + timedelta(hours=allowed.hours, days=allowed.days)


def reckoner() -> Reckon:
    """How to reckon: calendars are read when the first deadline is asked for, and no more than once."""
    read: list[Reckon] = []

    def reckon(legal_entity: str, severity: int, since: datetime) -> datetime:
        if not read:
            read.append(next((source() for _, source in RECKONERS), by_the_clock))
        return read[0](legal_entity, severity, since)

    return reckon


def told(severity: int) -> str:
    """What a severity allows, in words."""
    less = f", {IN_CLOSE_WEEK[severity].hours} in close week" if severity in IN_CLOSE_WEEK else ""
    return f"{ALLOWED[severity]}{less}"
