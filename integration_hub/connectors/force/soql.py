"""SOQL as connectors write it: names are checked, values are quoted, what comes back loses what only the API needs."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from integration_hub.connectors.registry import Window
from integration_hub.connectors.versions import stamp_of
from integration_hub.kernel.failures import Failed, FailureClass

# ruff: noqa: S608 - names are checked, values are quoted

ALWAYS = ("Id", "SystemModstamp", "IsDeleted")
_FIELD = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")
_IDS_AT_ONCE = 300
"""A query travels in an address, which must not get too long."""


def checked(name: str, entity: str) -> str:
    """The name of a field or an object. Raises Failed when it is none."""
    if not _FIELD.fullmatch(name):
        raise Failed(
            FailureClass.MAPPING,
            f"{name!r} in the mapping of {entity} is not the name of a Salesforce field",
            field=name,
            remedy="Correct the mapping: fields of the record itself or of a parent (Parent__r.Field__c).",
        )
    return name


def columns(names: Iterable[str], entity: str) -> list[str]:
    """What is always read, then these names, each once: in an org letters have no case."""
    chosen = {name.lower(): name for name in ALWAYS}
    for name in names:
        chosen.setdefault(name.lower(), checked(name, entity))
    return list(chosen.values())


def select(names: Iterable[str], target: str, *conditions: str, order: str = "SystemModstamp ASC, Id ASC") -> str:
    """A query. Empty conditions are left out."""
    told = " AND ".join(filter(None, conditions))
    where = f" WHERE {told}" if told else ""
    return f"SELECT {', '.join(names)} FROM {target}{where} ORDER BY {order}"


def count(target: str, *conditions: str) -> str:
    """How many records meet the conditions."""
    told = " AND ".join(filter(None, conditions))
    return f"SELECT COUNT() FROM {target}{f' WHERE {told}' if told else ''}"


def since(stamp: str) -> str:
    """Changed since a stamp; nothing for the beginning."""
    return f"SystemModstamp >= {stamp}" if stamp else ""


def within(window: Window) -> str:
    """Last changed in a window."""
    start, end = stamp_of(window.since.isoformat()), stamp_of(window.until.isoformat())
    return f"SystemModstamp >= {start} AND SystemModstamp < {end}"


def literal(text: str) -> str:
    """A text in quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def among(field: str, values: Iterable[str]) -> Iterator[str]:
    """Conditions that a field is one of the values, each for as many as a query holds."""
    listed = list(values)
    for start in range(0, len(listed), _IDS_AT_ONCE):
        yield f"{field} IN ({', '.join(map(literal, listed[start : start + _IDS_AT_ONCE]))})"


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A record without Salesforce's `attributes`, parents included."""
    return {
        key: plain(value) if isinstance(value, dict) else value for key, value in row.items() if key != "attributes"
    }
