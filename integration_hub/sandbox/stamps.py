"""Instants as vendors write them. The landscape counts in milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC) + timedelta(milliseconds=ms % 1000)


def parse(text: str) -> int:
    """Milliseconds of an ISO 8601 instant; a naive one is read as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def day(text: str) -> date:
    """A calendar date from `2026-05-01` or from the start of an instant. Raises ValueError."""
    return date.fromisoformat(text[:10])


def compact(ms: int) -> str:
    """Salesforce: `2026-05-01T07:25:37.000+0000`, no colon in the offset."""
    return f"{instant(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0000"


def offset(ms: int, minutes: int) -> str:
    """Kantata: `2026-09-02T10:00:00-07:00`, whole seconds, in the account's zone."""
    return instant(ms).astimezone(timezone(timedelta(minutes=minutes))).isoformat(timespec="seconds")


def zulu(ms: int) -> str:
    """NetSuite records, AvaTax and the call log: `2026-09-02T17:00:00.250Z`."""
    return f"{instant(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def sortable(ms: int) -> str:
    """SuiteQL: `2026-09-02 17:00:00.250`, which compares as text."""
    return f"{instant(ms):%Y-%m-%d %H:%M:%S}.{ms % 1000:03d}"
