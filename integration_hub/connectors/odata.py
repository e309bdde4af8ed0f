"""OData the same for every vendor: texts in filters, short keys, and names an installation has otherwise."""

import re
from collections.abc import Mapping
from typing import Any

from integration_hub.kernel.ids import content_hash

LACKING = "-"
_QUOTED = re.compile(r"('(?:[^']|'')*')")

Row = dict[str, Any]


def literal(text: str) -> str:
    """A text in a filter.

    >>> literal("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"


def shortened(reference: str, longest: int) -> str:
    """Our reference as a key of so many characters, told apart by a hash where it is longer.

    >>> shortened("US01-0007", 20)
    'US01-0007'
    """
    return reference if len(reference) <= longest else f"{reference[: longest - 9]}-{content_hash(reference)[:8]}"


class Names:
    """Our names to those of one installation, and back."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._theirs = dict(table)
        self._ours = {theirs: ours for ours, theirs in self._theirs.items() if theirs != LACKING}

    def of(self, name: str) -> str:
        """What the installation calls a set, field or action."""
        return self._theirs.get(name, name)

    def ours(self, name: str) -> str:
        """What we call a set, field or action of the installation."""
        return self._ours.get(name, name)

    def text(self, expression: str) -> str:
        """A filter or an order in the installation's names; what is quoted stays."""
        if not self._theirs:
            return expression
        pieces = _QUOTED.split(expression)
        pieces[::2] = [re.sub(r"[A-Za-z_]\w*", lambda found: self.of(found[0]), piece) for piece in pieces[::2]]
        return "".join(pieces)

    def out(self, values: Row) -> Row:
        """Values to send; fields the installation lacks, and empty ones, are left out."""
        return {
            self.of(name): value
            for name, value in values.items()
            if self.of(name) != LACKING and value not in (None, "")
        }
