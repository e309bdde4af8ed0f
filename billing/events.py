"""What billing tells the rooms above: registries that they fill in `AppConfig.ready()`."""

from collections.abc import Callable, Collection

from integration_hub.kernel.registry import Registry

WORK_RECORDED: Registry[Callable[[Collection[int], str], None]] = Registry("listener for delivered work")
"""(projects by id, what caused it): versions of their work were stored, or they got a contract (same transaction)."""


def work_recorded(projects: Collection[int], *, caused_by: str) -> None:
    """Tell every listener on which projects work changed."""
    for _, listener in WORK_RECORDED:
        listener(projects, caused_by)
