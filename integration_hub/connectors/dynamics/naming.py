"""OData as F&O writes it: keys, literals and account strings; and names that an environment has otherwise."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integration_hub.connectors import odata, wire
from integration_hub.connectors.odata import Row, literal

NAMESPACE = "Microsoft.Dynamics.DataEntities"
_SEGMENT = re.compile(r"(?<!\\)-")


def member(enumeration: str, name: str) -> str:
    """A member of an enumeration in a filter: a bare text is refused."""
    return f"{NAMESPACE}.{enumeration}'{name}'"


YES, NO = member("NoYes", "Yes"), member("NoYes", "No")


def display(*segments: str) -> str:
    """An account string: segments parted by dashes, a dash inside one escaped, empty ones at the end left out.

    >>> display("401100", "", "HW-02", "")
    '401100--HW\\\\-02'
    """
    shown = list(segments)
    while shown and not shown[-1]:
        shown.pop()
    return "-".join(segment.replace("-", "\\-") for segment in shown)


def first_segment(shown: str) -> str:
    """The main account, or the customer, of an account string."""
    return _SEGMENT.split(shown)[0].replace("\\-", "-")


class Names(odata.Names):
    """Our names to those of one environment, and back."""

    def into(self, row: Row) -> Row:
        """A row in our names: days without their noon, and what is no date as nothing."""
        return {self.ours(name): self._value(value) for name, value in row.items()}

    def _value(self, value: Any) -> Any:
        match value:
            case str() if value.startswith("1900-01-01T"):
                return None
            case str() if value.endswith("T12:00:00Z") and len(value) == 20:
                return value[:10]
            case list():
                return [self.into(item) if isinstance(item, dict) else item for item in value]
        return value

    def path(self, entity: str, key: Mapping[str, Any] | None = None, action: str = "") -> str:
        """The path of a set, of a row by its whole key, or of an action bound to a row."""
        parts = [f"{self.of(name)}={_keyed(value)}" for name, value in (key or {}).items()]
        row = f"({','.join(parts)})" if parts else ""
        bound = f"/{NAMESPACE}.{self.of(action)}" if action else ""
        return f"/data/{self.of(entity)}{row}{bound}"


def _keyed(value: Any) -> str:
    return str(value) if isinstance(value, int) else quote(literal(str(value)), safe="'")


def noon(day: str | None) -> str | None:
    """A day as an instant at noon: Dynamics shifts midnight by the zone of its user."""
    return f"{day}T12:00:00Z" if day else None


def holds(found: Row, wanted: Row) -> bool:
    """Whether a row that was read has the values that were meant, as far as they are said and kept there."""
    return all(
        value in (None, "") or name not in found or wire.same(found[name], _day(value))
        for name, value in wanted.items()
    )


def _day(value: Any) -> Any:
    return value.removesuffix("T12:00:00Z") if isinstance(value, str) else value
