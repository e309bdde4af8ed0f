"""Facts about a record, as definition lists take them."""

from typing import Any

Fact = tuple[str, Any]


def known(*facts: Fact) -> list[Fact]:
    """The facts that have a value; what does not apply to a record is left out, zero is a value."""
    return [(label, value) for label, value in facts if value is not None and value != ""]
