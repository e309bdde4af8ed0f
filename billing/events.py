"""What billing tells the rooms above: registries that they fill in `AppConfig.ready()`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.kernel.registry import Registry

WORK_RECORDED: Registry[Callable[[Collection[int], str], None]] = Registry("listener for delivered work")
"""(projects by id, what caused it): versions of their work were stored, or they got a contract (same transaction)."""

WORK_DECIDED: Registry[Callable[[Collection[int], str], None]] = Registry("listener for decided work")
"""(contracts by id, what caused it): decisions about their work changed (same transaction)."""


@dataclass(frozen=True, slots=True)
class ExpenseTaken:
    """An expense as its source states it now, with our ids of its project, legal entity, person and approver."""

    work_key: str
    record: canonical.Expense
    project: int
    legal_entity: int | None
    resource: int | None
    approver: int | None


EXPENSES_TAKEN: Registry[Callable[[Connection, Sequence[ExpenseTaken]], None]] = Registry("listener for expenses")
"""Expenses arrived from a connection and are stored as delivered work (same transaction). What they cost a client is
decided here; that a person paid for them is for others to hear.
"""


def expenses_taken(connection: Connection, taken: Sequence[ExpenseTaken]) -> None:
    """Tell every listener which expenses arrived."""
    for _, listener in EXPENSES_TAKEN:
        listener(connection, taken)


def work_recorded(projects: Collection[int], *, caused_by: str) -> None:
    """Tell every listener on which projects work changed."""
    for _, listener in WORK_RECORDED:
        listener(projects, caused_by)


def work_decided(contracts: Collection[int], *, caused_by: str) -> None:
    """Tell every listener of which contracts work was decided otherwise than before."""
    for _, listener in WORK_DECIDED:
        listener(contracts, caused_by)
