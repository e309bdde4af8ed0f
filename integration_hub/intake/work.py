"""What a page works on: counts, one piece of work per version, and the small rules about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from integration_hub.canonical import Record
from integration_hub.intake.store import Outcome
from integration_hub.intake.versions import SETTLED, Incoming, Known, Order

APPLIED = Outcome("applied")
BROKEN_ROW = "_raw"
"""Sole key of the payload of a row that could not be read: its cells as they came."""


@dataclass(slots=True)
class Counts:
    """What became of the records of a page or a run; `read` is the sum of all others."""

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    stale: int = 0
    conflicts: int = 0
    parked: int = 0
    refused: int = 0
    filtered: int = 0

    def add(self, status: str, number: int = 1) -> None:
        """Count records that ended in a status of `SourceVersion`, or as `unchanged`."""
        name = "conflicts" if status == "conflict" else status
        setattr(self, name, getattr(self, name) + number)
        self.read += number

    def plus(self, other: "Counts") -> None:
        """Add the counts of another page."""
        for spec in fields(self):
            setattr(self, spec.name, getattr(self, spec.name) + getattr(other, spec.name))


@dataclass(slots=True)
class Work:
    """One version that is translated and handed over."""

    source_id: str
    version: str
    raw: Mapping[str, Any]
    deleted: bool = False
    incoming: Incoming | None = None
    """None for a stored version that is taken again."""
    stored: int = 0
    """Id of the source version; 0 until it is stored."""
    predecessor: Mapping[str, Any] | None = None
    """Of a deletion: the payload it deletes, when the record was applied before."""
    was_applied: bool = False
    older: tuple[Known, ...] = ()
    """Unsettled versions of the record up to this one: out of date once this one is applied."""
    case: tuple[str, str] | None = None
    """(code, root cause) of the case a stored version is in."""
    record: Record | None = None
    outcome: Outcome = field(default_factory=lambda: APPLIED)
    written: Outcome | None = None
    """The outcome its row has already."""


def current(stored: Sequence[Known]) -> Known | None:
    """The version in force: the highest that was applied or left out on purpose."""
    return max((item for item in stored if item.status in SETTLED), key=lambda item: item.rank, default=None)


def was_applied(stored: Sequence[Known]) -> bool:
    """Whether the record lives here now."""
    found = current(stored)
    return found is not None and found.status == "applied" and not found.deleted


def older(stored: Sequence[Known], rank: tuple[Order, bool], *, besides: int) -> tuple[Known, ...]:
    """Versions up to `rank` that still wait for somebody."""
    waiting = ("received", "parked", "refused", "conflict")
    return tuple(item for item in stored if item.status in waiting and item.id != besides and item.rank <= rank)


def waves(works: Sequence[Work]) -> list[list[Work]]:
    """Batches in order, each with at most one version of a record: a receiver may then write a batch at once."""
    found: list[list[Work]] = []
    turn: dict[str, int] = {}
    for work in works:
        index = turn.get(work.source_id, 0)
        turn[work.source_id] = index + 1
        if index == len(found):
            found.append([])
        found[index].append(work)
    return found


def with_virtual_columns(payload: Mapping[str, Any], row: int | None, file_name: str) -> Mapping[str, Any]:
    """A file's record with `_row` (1 for the first row of data, the header not counted) and `_file`."""
    if row is None:
        return payload
    return {**payload, "_row": row - 1, "_file": file_name}
