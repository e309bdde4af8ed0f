"""Times that people say by the clock on the wall, as instants.

One rule: *the first instant of that day at which the wall clock reads this time or later*. So a time that the clocks
jump over in spring is the moment of the jump, and a time that comes twice in autumn counts the first time only.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_zone(name: str) -> bool:
    """Whether a name is a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def instant(zone: str, day: date, at: time) -> datetime:
    """The first instant of a day at which the wall clock there reads `at` or later, in UTC."""
    info = ZoneInfo(zone)
    wanted = datetime.combine(day, at)
    early, late = (wanted.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
    if _wall(info, early) == wanted:
        return early
    # The clocks jumped over it. fold=1 answers by the new offset, an instant before the jump; fold=0 one after it.
    before, after = late, early
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (before, middle) if _wall(info, middle) >= wanted else (middle, after)
    return after.replace(microsecond=0)


def _wall(info: ZoneInfo, at: datetime) -> datetime:
    return at.astimezone(info).replace(tzinfo=None)
