"""Who takes what came in: upper apps register one receiver per canonical entity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from integration_hub.canonical import Record
from integration_hub.connectors.models import Connection
from integration_hub.kernel.errors import Problem
from integration_hub.kernel.registry import Registry
from integration_hub.trail.lineage import Ref


class Arrival(NamedTuple):
    """One canonical record with the source version it was read from."""

    connection: Connection
    source_version_id: int
    record: Record


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival.

    `applied`; `parked` with `waits_for` = "entity:source id" of the missing parent in the same connection (or
    "connection code/entity:source id"); `refused` with problems and, where a person must act, a case `code`.
    """

    status: str
    waits_for: str = ""
    problems: tuple[Problem, ...] = field(default=())
    code: str = ""

    @classmethod
    def applied(cls) -> "Receipt":
        return _APPLIED

    @classmethod
    def parked(cls, waits_for: str) -> "Receipt":
        return cls("parked", waits_for=waits_for)

    @classmethod
    def refused(cls, *problems: Problem, code: str = "RECORD_REFUSED") -> "Receipt":
        return cls("refused", problems=problems, code=code)


_APPLIED = Receipt("applied")

Receiver = Callable[[Sequence[Arrival]], Sequence[Receipt]]
"""Takes a batch in order (at most one version of each record), returns one receipt each.

Runs in the transaction of the page; one bad record never stops others.
"""

RECEIVERS: Registry[Receiver] = Registry("receiver")

Descendants = Callable[[Connection, str, str, int], list[Ref]]
"""What came of a source record: (connection, entity, source id, at most) → nodes of the trace."""

DESCENDANTS: Registry[Descendants] = Registry("descendants of source records")
"""Filled by the apps whose rows point to source versions; asked by the trace on its way to the cash."""
