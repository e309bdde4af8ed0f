"""Deadlines of exceptions in the working time of their legal entity."""

from datetime import datetime

from integration_hub.cases.deadlines import ALLOWED, IN_CLOSE_WEEK, RECKONERS, Reckon, by_the_clock
from integration_hub.clocks import calendar
from integration_hub.clocks.registry import working_times

CLOSE_DAYS = 5
"""Working days of a month in which the one before is closed."""
HOUR = 3600


def reckoner() -> Reckon:
    """Deadlines by the calendars as they are now; what belongs to no legal entity has an office in UTC."""
    times = working_times()

    def reckon(legal_entity: str, severity: int, since: datetime) -> datetime:
        working = times.get(legal_entity, times[""])
        allowed = ALLOWED[severity]
        if calendar.day_of_month(working, since) <= CLOSE_DAYS:
            allowed = IN_CLOSE_WEEK.get(severity, allowed)
        seconds = allowed.hours * HOUR + allowed.days * working.day_seconds
        return calendar.due(working, since, seconds) or by_the_clock(legal_entity, severity, since)

    return reckon


def register() -> None:
    """Fill the registry of cases; called once by the app."""
    RECKONERS.register("clocks", reckoner)
