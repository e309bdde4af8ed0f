"""Deterministic identities: canonical JSON, content hashes, effect keys."""

import hashlib
import json
import secrets
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        # 1.50 and 1.5 are the same amount: normalise so that a hash speaks of values, not of notation.
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same bytes for the same content."""
    return _ENCODER.encode(value)


def canonical_bytes(value: Any) -> bytes:
    """`canonical_json` in UTF-8, several times faster for what comes of JSON.

    Raises UnicodeEncodeError for text that has no UTF-8 (lone surrogates).
    """
    if _is_plain(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:  # a long number, a key that is no text, a lone surrogate: the slow way knows
            pass
    return canonical_json(value).encode()


def as_json(value: Any) -> Any:
    """The value as it comes back from JSON: amounts and days as text, the same amount always as the same text."""
    return value if _is_plain(value) else json.loads(canonical_json(value))


_AS_IT_IS = frozenset({str, int, bool, type(None)})


def _is_plain(value: Any) -> bool:
    """Whether both encoders write it alike. Numbers with an exponent they write differently, and other classes."""
    kind = value.__class__
    if kind is dict:
        value = value.values()
    elif kind is float:
        return bool(value == 0 or 1e-4 <= abs(value) < 1e16)
    elif kind is not list:
        return kind in _AS_IT_IS
    if _AS_IT_IS.issuperset(map(type, value)):
        return True
    return all(_is_plain(item) for item in value if item.__class__ not in _AS_IT_IS)


def content_hash(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def effect_key(*, legal_entity: str, system: str, effect: str, business_key: str, revision: int) -> str:
    """The permanent key of one intended change in a target system (reliability §3.2).

    Never random and never the attempt number: the same intent always has the same key.
    """
    return hashlib.sha256("|".join([legal_entity, system, effect, business_key, str(revision)]).encode()).hexdigest()


def correlation_id() -> str:
    """A short random id that ties log lines, calls and events of one act together."""
    return secrets.token_hex(8)
