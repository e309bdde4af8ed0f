"""The one clock. Rules never read it: they are told the date they work for."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in UTC; entity-local dates come from the entity's zone."""
    return now().date()
