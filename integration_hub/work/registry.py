"""What can be done by a lane: upper rooms register a handler per kind of item."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.registry import Registry


class Wait(Exception):
    """Not a failure: the item cannot be worked yet. Its lane looks again after `delay`; no try counts against it."""

    def __init__(self, reason: str, delay: timedelta = timedelta(seconds=15)) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay = delay


class Park(Failed):
    """A failure that no retry can mend: the item is parked at once, whatever the policy of its class."""


@runtime_checkable
class Reported(Protocol):
    """A failure that leaves word although its own transaction is rolled back, e.g. by raising a case."""

    def after_rollback(self) -> None:
        """Called in the transaction that parks the item."""
        ...


class Superseded(Exception):
    """The lane moved on while this worker was away: nothing it did may count."""


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed item as its handler sees it. `token` fences: the lane moved on if it is no longer the lane's."""

    item_id: int
    lane: str
    kind: str
    payload: dict[str, Any]
    attempt: int
    token: int
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind is worked.

    A `local` handler runs inside the transaction that settles its item: both happen or neither. A remote one runs
    outside any transaction and keeps its own records (effects, feeds). A handler raises `kernel.failures.Failed` to be
    retried or parked by the policy of that class, `Park` to be parked at once, `Wait` (or `kernel.failures.Deferred`)
    to be looked at again later; any other exception counts as a bug.

    A parked item blocks its lane, visibly, unless the kind is `skippable`: then it steps aside. `parked` is called in
    the transaction that parks an item, so that the room can raise a case.

    `together` does for several items of different lanes what `run` does for one, where that is cheaper at once. They
    may belong to different acts: it keeps these apart (`record.correlated`) as the engine does for `run`.
    """

    run: Callable[[Job], None]
    local: bool = True
    title: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    skippable: bool = False
    parked: Callable[[Job, Failed], None] | None = None
    together: Callable[[Sequence[Job]], None] | None = None


HANDLERS: Registry[Handler] = Registry("kind of work")


@dataclass(frozen=True, slots=True)
class Tick:
    """Something the ticker does every so often. `run` opens its own transactions and must bear being run twice."""

    name: str
    every_seconds: int
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Sign:
    """What may come back from another system, and the class of failure it is taken for when reading and writing."""

    what: str
    reading: FailureClass
    writing: FailureClass


SIGNS: Registry[Callable[[], Sequence[Sign]]] = Registry("sign of failure")
"""Asked for the screen that says what happens when something fails; the answers are made by the code that sorts."""

TICKS: Registry[Tick] = Registry("tick")

BUSY: Registry[Callable[[], int]] = Registry("sign of unfinished business")
"""Counters of what is under way outside the lanes (unknown effects, feeds being read): all zero when all is quiet."""
