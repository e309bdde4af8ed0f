"""Names that documentation leaves open: the environment may call sets, fields and actions otherwise."""

from __future__ import annotations

import re
from typing import Any


def inward(text: str, names: dict[str, str]) -> str:
    """A path, a query or a batch in the names the simulator uses inside."""
    for ours, theirs in names.items():
        text = re.sub(rf"(?<![\w]){re.escape(theirs)}(?![\w])", ours, text)
    return text


def outward(value: Any, names: dict[str, str]) -> Any:
    """An answer in the environment's own names."""
    if isinstance(value, list):
        return [outward(item, names) for item in value]
    if isinstance(value, dict):
        return {names.get(key, key): outward(item, names) for key, item in value.items()}
    return value
