"""When somebody is told by mail, as pure functions: at once or in a digest, and not while he wants his quiet.

Hours are said by the wall clock of a zone and become instants by the rule of `kernel.wallclock`; so quiet hours end
when that clock says so, also on the days on which it is put forward or back.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices

from integration_hub.kernel.wallclock import instant

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SATURDAY = 6


class Pace(TextChoices):
    """How soon a mail goes out."""

    OFF = "off", "Not"
    ONCE = "once", "At once"
    DIGEST = "digest", "In a digest"


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a person is not disturbed, by the wall clock of his zone: from one time to another, over midnight too.

    With `weekends` Saturday and Sunday are quiet as a whole.
    """

    zone: str
    starts: time | None = None
    ends: time | None = None
    weekends: bool = False

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The quiet that begins on a day, as instants."""
        found = []
        if self.starts is not None and self.ends is not None and self.starts != self.ends:
            last = day if self.starts < self.ends else day + _DAY
            found.append((instant(self.zone, day, self.starts), instant(self.zone, last, self.ends)))
        if self.weekends and day.isoweekday() >= _SATURDAY:
            found.append((instant(self.zone, day, time(0)), instant(self.zone, day + _DAY, time(0))))
        return found


def quiet_until(quiet: Quiet, moment: datetime) -> datetime | None:
    """The end of the quiet a moment lies in; None where it lies in none."""
    today = moment.astimezone(ZoneInfo(quiet.zone)).date()
    spans = [span for day in (today - _DAY, today) for span in quiet.spans(day)]
    return max((end for start, end in spans if start <= moment < end), default=None)


def after_quiet(quiet: Quiet, moment: datetime) -> datetime:
    """The moment itself, or the end of the quiet it lies in, and of what follows that without a gap."""
    while (end := quiet_until(quiet, moment)) is not None:
        moment = end
    return moment


def next_hour(zone: str, moment: datetime) -> datetime:
    """The next full hour of a zone after a moment."""
    local = moment.astimezone(ZoneInfo(zone))
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment.astimezone(UTC) + _HOUR - into


def next_day(zone: str, at: time, moment: datetime) -> datetime:
    """The next time after a moment at which the wall clock of a zone comes to `at`."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    found = (instant(zone, day + number * _DAY, at) for number in range(3))
    return next(one for one in found if one > moment)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a person wants to be told by mail. `hourly` digests, or daily ones at a time."""

    quiet: Quiet
    hourly: bool = False
    digest_at: time = time(8)
    urgent_passes: bool = True


def due(pace: Pace, rhythm: Rhythm, *, urgent: bool, zone: str, moment: datetime) -> datetime | None:
    """When the mail about something that happened may go out; None: not at all.

    `zone` is that of the legal entity: its digests go by its clock. What is urgent passes the quiet of who lets it.
    """
    if pace is Pace.OFF:
        return None
    if pace is Pace.DIGEST:
        moment = next_hour(zone, moment) if rhythm.hourly else next_day(zone, rhythm.digest_at, moment)
    elif urgent and rhythm.urgent_passes:
        return moment
    return after_quiet(rhythm.quiet, moment)
