"""What a draft would have made of decisions that are stored: asked of the room that decides, unit by unit.

A unit is what is decided together, e.g. a contract. A room answers with what it found in plain values; nothing here
knows what the documents are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """Which decisions: those of a legal entity about the days from `first` to `last`, both included."""

    legal_entity: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Document:
    """A document that would be another, or what would be billed later: its net before and after, in its currency."""

    subject: tuple[str, str]
    label: str
    customer: str
    currency: str
    before: Decimal
    after: Decimal
    decisions: int


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A decision that would come out otherwise: its answers in words, and what is charged by either."""

    subject: tuple[str, str]
    label: str
    was: str
    would_be: str
    currency: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """What a draft makes of one unit. `undecidable` counts decisions by why nothing can be said of them; `digest` is
    the SHA-256 of all that went in.
    """

    examined: int = 0
    undecidable: Mapping[str, int] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    decisions: tuple[Otherwise, ...] = ()
    digest: str = ""

    @property
    def changed(self) -> int:
        """How many decisions would come out otherwise."""
        return len(self.decisions)
