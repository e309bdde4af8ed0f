"""From the source's notation to values: numbers with comma or point, dates in any format, yes and no. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_SPACES = re.compile(r"[\s\u00a0\u202f']")
_POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?")
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_YES = {"true", "t", "yes", "y", "1", "x", "on"}
_NO = {"false", "f", "no", "n", "0", "", "off"}


def text(value: Any) -> str:
    """Any scalar as text: JSON's own words for true and false, numbers without an artificial fraction."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        raise ValueError("is a list or an object where one value is expected")
    return str(value)


def number(value: Any, *, decimal_comma: bool = False, scale: Decimal | None = None) -> Decimal:
    """An exact decimal; a text may have groups of thousands. Raises ValueError rather than guess a mark."""
    if value.__class__ is int:
        return Decimal(value) if scale is None else value * scale
    if isinstance(value, bool):
        raise ValueError(f"{text(value)!r} is not a number")
    found = _written(value, decimal_comma) if isinstance(value, str) else _exact(text(value))
    return found if scale is None else found * scale


def _written(value: str, decimal_comma: bool) -> Decimal:
    plain = _SPACES.sub("", value)
    if decimal_comma:
        if "." in plain and not _POINT_GROUPS.fullmatch(plain):
            raise ValueError(f"{value!r} has a decimal point although numbers here have a decimal comma")
        return _exact(plain.replace(".", "").replace(",", "."), value)
    if "," in plain:
        if not _COMMA_GROUPS.fullmatch(plain):
            raise ValueError(f"{value!r} has a comma that does not part thousands")
        plain = plain.replace(",", "")
    return _exact(plain, value)


def _exact(plain: str, shown: str = "") -> Decimal:
    try:
        found = Decimal(plain)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError(f"{shown or plain!r} is not a number")
    return found


def whole(value: Any, *, decimal_comma: bool = False, scale: Decimal | None = None) -> int:
    """A whole number. Raises ValueError when something is left behind the point."""
    found = number(value, decimal_comma=decimal_comma, scale=scale)
    if found != found.to_integral_value():
        raise ValueError(f"{text(value)!r} is not a whole number")
    return int(found)


@lru_cache(maxsize=20_000)
def _parsed(value: str, date_format: str) -> datetime:
    try:
        if date_format:
            return datetime.strptime(value, date_format)  # noqa: DTZ007 - a date, or made aware by the caller
        return datetime.fromisoformat(value)
    except ValueError:
        wanted = f"written as {date_format}" if date_format else "an ISO 8601 date"
        raise ValueError(f"{value!r} is not {wanted}") from None


def day(value: Any, *, date_format: str = "") -> date:
    """A date; of an instant, the day as the source wrote it (no zone arithmetic)."""
    if value.__class__ is str:
        return _parsed(value.strip(), date_format).date()
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return _parsed(text(value), date_format).date()


def instant(value: Any, *, date_format: str = "") -> datetime:
    """An aware instant; without a zone it is UTC."""
    found = value if isinstance(value, datetime) else _parsed(text(value), date_format)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def flag(value: Any) -> bool:
    """Yes or no in the usual notations."""
    if isinstance(value, bool):
        return value
    word = text(value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{text(value)!r} is neither yes nor no")


def converter(
    kind: str, *, date_format: str = "", decimal_comma: bool = False, scale: Decimal | None = None
) -> Callable[[Any], Any]:
    """The conversion of a rule. Raises LookupError for an unknown kind."""
    kinds: dict[str, Callable[[Any], Any]] = {
        "text": text,
        "decimal": lambda value: number(value, decimal_comma=decimal_comma, scale=scale),
        "integer": lambda value: whole(value, decimal_comma=decimal_comma, scale=scale),
        "date": lambda value: day(value, date_format=date_format),
        "datetime": lambda value: instant(value, date_format=date_format),
        "boolean": flag,
        "as_is": lambda value: value,
    }
    return kinds[kind]
