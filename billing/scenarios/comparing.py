"""What a step gave against what it was to give: only what is named counts, numbers by value, lists member by member."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


def difference(expected: Any, actual: Any, where: str = "") -> str:
    """The first difference in words; empty when everything expected is there."""
    if isinstance(expected, Mapping):
        return _mapping(expected, actual, where)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _list(expected, actual, where)
    return "" if _same(expected, actual) else f"{where}: expected {_text(expected)}, got {_text(actual)}"


def _mapping(expected: Mapping[str, Any], actual: Any, where: str) -> str:
    if not isinstance(actual, Mapping):
        return f"{where}: expected {_text(expected)}, got {_text(actual)}"
    for name, value in expected.items():
        path = f"{where}.{name}" if where else str(name)
        if name not in actual:
            return f"{path}: nothing of that name came out{_because(name, actual)}"
        if found := difference(value, actual[name], path):
            return found
    return ""


def _because(name: str, actual: Mapping[str, Any]) -> str:
    """Why something did not come out, where the verb says so under `reasons`."""
    reasons = actual.get("reasons")
    return f": {reasons[name]}" if isinstance(reasons, Mapping) and name in reasons else ""


def _list(expected: Sequence[Any], actual: Any, where: str) -> str:
    if not isinstance(actual, Sequence) or isinstance(actual, str):
        return f"{where}: expected a list, got {_text(actual)}"
    if len(expected) != len(actual):
        return f"{where}: expected {len(expected)}, got {len(actual)}: {_text(actual)}"
    pairs = enumerate(zip(expected, actual, strict=True))
    return next((found for at, (one, other) in pairs if (found := difference(one, other, f"{where}[{at}]"))), "")


def _same(expected: Any, actual: Any) -> bool:
    if isinstance(actual, Decimal) or isinstance(expected, Decimal):
        try:
            return Decimal(str(expected)) == Decimal(str(actual))
        except InvalidOperation:
            return False
    return _word(expected) == _word(actual)


def _word(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_text, value)) + "]"
    return "nothing" if value is None else _word(value)
