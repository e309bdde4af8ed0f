"""What can be done by a lane: upper rooms register a handler per kind of item."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integration_hub.kernel.registry import Registry


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
    retried or parked by the policy of that class; any other exception counts as a bug.
    """

    run: Callable[[Job], None]
    local: bool = True
    title: str = ""
    facts: dict[str, str] = field(default_factory=dict)


HANDLERS: Registry[Handler] = Registry("kind of work")
