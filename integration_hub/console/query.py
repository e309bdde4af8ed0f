"""Editing the query part of an address: the state of a screen lives in its URL."""

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict

PAGING = ("after", "before")


def edited(query: QueryDict, *, drop: Iterable[str] = (), **changes: Any) -> str:
    """`?a=1&b=2` with changes; None, an empty string and an empty list remove a parameter."""
    copy = query.copy()
    for name in drop:
        copy.pop(name, None)
    for name, value in changes.items():
        copy.pop(name, None)
        values = value if isinstance(value, list | tuple) else [value]
        kept = [str(item) for item in values if item is not None and item != ""]
        if kept:
            copy.setlist(name, kept)
    text = copy.urlencode()
    return f"?{text}" if text else "?"


def without_value(query: QueryDict, name: str, value: str, *, drop: Iterable[str] = ()) -> str:
    """The query without one of the values of a parameter."""
    return edited(query, drop=drop, **{name: [item for item in query.getlist(name) if item != value]})
