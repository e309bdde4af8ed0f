"""Tryton's typed JSON: decimals, days and instants carry their class; here they are exact text."""

import base64
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def out(value: Any) -> Any:
    """Values of ours as Tryton takes them: Decimal, date and aware datetime are tagged, the rest stays."""
    match value:
        case dict():
            return {name: out(item) for name, item in value.items()}
        case list() | tuple():
            return [out(item) for item in value]
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            at = value.astimezone(UTC)
            day = {"year": at.year, "month": at.month, "day": at.day}
            clock = {"hour": at.hour, "minute": at.minute, "second": at.second, "microsecond": at.microsecond}
            return {"__class__": "datetime", **day, **clock}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    return value


def into(value: Any) -> Any:
    """An answer with decimals as decimal text, days and instants as ISO 8601, and `party.` as `party`.

    A field that is asked for through another one, `party.code`, comes as `{"party.": {"code": …}}`; the record takes
    the place of the bare id.
    """
    match value:
        case {"__class__": "Decimal", "decimal": str(amount)}:
            return amount
        case {"__class__": "date", "year": int(year), "month": int(month), "day": int(day)}:
            return date(year, month, day).isoformat()
        case {"__class__": "datetime"}:
            parts = [int(value[part]) for part in ("year", "month", "day", "hour", "minute", "second", "microsecond")]
            return datetime(*parts, tzinfo=UTC).isoformat(timespec="microseconds")  # type: ignore[misc,arg-type]
        case dict():
            # Sorted: of `party` and `party.` the record comes later and stays.
            return {str(name).removesuffix("."): into(value[name]) for name in sorted(value)}
        case list():
            return [into(item) for item in value]
    return value


def session_header(login: str, user: int, token: str) -> str:
    """The Authorization header of a session."""
    return "Session " + base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
