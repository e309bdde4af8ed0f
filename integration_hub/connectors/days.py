"""Days of vendors that have moments only, in seconds since 1970, and print them in the account's time zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from integration_hub.connectors.models import Connection
from integration_hub.connectors.versions import stamp_of


def zone(connection: Connection) -> ZoneInfo:
    """The account's time zone."""
    return ZoneInfo(str(connection.settings.get("time_zone") or "UTC"))


def day_of(seconds: int | None, where: ZoneInfo) -> str:
    """The day of a moment; nothing stays nothing."""
    return datetime.fromtimestamp(seconds, where).date().isoformat() if seconds else ""


def moment_of(day: str, where: ZoneInfo) -> int:
    """Noon of a day: the same day for whoever reads it a few hours away."""
    return int(datetime.combine(date.fromisoformat(day), time(12), where).timestamp())


def stamp(seconds: float) -> str:
    """Seconds since 1970 as a stamp that sorts."""
    return stamp_of(datetime.fromtimestamp(seconds, UTC).isoformat())
