"""Record ids: 15 characters that differ by case, and the 18-character form that survives systems which ignore case."""

from __future__ import annotations

import string

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SUFFIX = string.ascii_uppercase + "012345"
_POD = "5e0"


def make(prefix: str, number: int) -> str:
    """The 18-character id of the n-th record with this key prefix."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _ALPHABET[rest] + digits
    return safe(prefix + _POD + digits.rjust(9, "0"))


def safe(short: str) -> str:
    """15 characters to 18: three more that say which of the others are upper case."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << n for n, letter in enumerate(short[start : start + 5]) if letter in string.ascii_uppercase)
        suffix += _SUFFIX[bits]
    return short + suffix


def normal(value: str) -> str | None:
    """The 18-character form of an id in either form; None when it is no id at all."""
    if not value.isalnum():
        return None
    if len(value) == 15:
        return safe(value)
    if len(value) == 18 and safe(value[:15]).lower() == value.lower():
        return safe(value[:15])
    return None
