"""Values of OData v2: `/Date(ms)/`, `PT1H35M25S`, numbers as texts, and literals that name their type."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from .. import stamps
from ..amounts import decimal, number

_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_LITERAL = re.compile(r"(datetimeoffset|datetime|time|guid)'([^']*)'")
_PREFIX = {"stamp": "datetimeoffset", "date": "datetime", "time": "time", "guid": "guid"}


def accepted(kind: str, value: Any) -> Any:
    """A value of a request as it is stored. Raises ValueError."""
    if kind == "number":
        return number(decimal(value))
    if kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError("a boolean was expected")
        return value
    if not isinstance(value, str):
        raise ValueError("a text was expected")
    if kind in {"date", "stamp"}:
        found = _DATE.fullmatch(value)
        moment = f"{stamps.instant(int(found[1])):%Y-%m-%dT%H:%M:%SZ}" if found else value
        return stamps.day(moment).isoformat() if kind == "date" else moment
    return _clock(value) if kind == "time" else value


def told(kind: str, value: Any) -> Any:
    """A stored value on the wire."""
    if kind == "number":
        return f"{decimal(value):f}"
    if value in ("", None):
        return None if kind in {"date", "time", "stamp"} else value
    if kind == "date":
        return f"/Date({_ms(f'{value}T00:00:00Z')})/"
    if kind == "stamp":
        return f"/Date({_ms(value)}+0000)/"
    if kind == "time":
        hours, minutes, seconds = str(value).split(":")
        return f"PT{hours}H{minutes}M{seconds}S"
    return value


def from_literal(kind: str, literal: str) -> str:
    """A typed literal of a filter or key as it is stored. Raises ValueError."""
    found = _LITERAL.fullmatch(literal)
    if found is None or _PREFIX.get(kind) != found[1]:
        raise ValueError(literal)
    text = found[2]
    match kind:
        case "date":
            return stamps.day(text).isoformat()
        case "stamp":
            return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case "time":
            return _clock(text)
    return text


def _clock(text: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return ":".join(f"{int(part or 0):02d}" for part in found.groups())


def _ms(text: str) -> int:
    return stamps.parse(text)
