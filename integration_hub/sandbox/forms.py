"""Forms with brackets: `lines[0][amount]=100` is a list of one hash."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from .messages import Json, Misshapen

_PART = re.compile(r"\[([^\[\]]*)\]")


def opened(body: bytes) -> Json:
    """The hash that a form stands for. Raises Misshapen."""
    return {name: _listed(value) for name, value in nested(body).items()}


def nested(body: bytes) -> Json:
    """The same without lists: hashes within hashes, as the brackets say. Raises Misshapen."""
    found: Json = {}
    for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
        head, _, rest = name.partition("[")
        parts = [head, *_PART.findall(f"[{rest}")] if rest else [head]
        _put(found, parts, value)
    return found


def _put(place: Json, parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        inner = place.setdefault(part or str(len(place)), {})
        if not isinstance(inner, dict):
            raise Misshapen(f"Invalid hash at {part}")
        place = inner
    place[parts[-1] or str(len(place))] = value


def _listed(value: Any) -> Any:
    """Hashes whose keys count from nought are lists."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(item) for key, item in value.items()}
