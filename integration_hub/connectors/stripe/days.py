"""Days of an account: Stripe has moments only, and prints them in the account's time zone."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from integration_hub.connectors.models import Connection


def zone(connection: Connection) -> ZoneInfo:
    """The account's time zone."""
    return ZoneInfo(str(connection.settings.get("time_zone") or "UTC"))


def day_of(seconds: int | None, where: ZoneInfo) -> str:
    """The day of a moment; nothing stays nothing."""
    return datetime.fromtimestamp(seconds, where).date().isoformat() if seconds else ""


def moment_of(day: str, where: ZoneInfo) -> int:
    """Noon of a day: the same day for whoever reads it a few hours away."""
    return int(datetime.combine(date.fromisoformat(day), time(12), where).timestamp())
