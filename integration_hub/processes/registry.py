"""Saga definitions: named steps in order, each with how it is undone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from integration_hub.processes.models import Process

Lane = Literal["person", "hub", "crm", "psa", "erp", "tax"]


@dataclass(frozen=True, slots=True)
class Done:
    """The step is done; `detail` is shown beside it."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class AwaitEffect:
    """The step planned an effect and is done when the effect is confirmed; a rejected one fails the step."""

    effect_key: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """Nothing can go on until somebody acts; a case was raised. `processes.resume` tries the step again.

    `within` is how long it may take, from when the step first needed somebody: later it is overdue and escalates.
    """

    reason: str
    within: timedelta | None = None


Result = Done | AwaitEffect | NeedsPerson


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step. `run` is called in a transaction and may be called again after a crash: it must be idempotent.

    It raises `kernel.failures.Failed` (REJECTED, DATA …) to fail for good, which undoes the earlier steps in reverse.
    """

    name: str
    title: str
    run: Callable[[Process], Result]
    undo: Callable[[Process], Result] | None = None
    lane: Lane = "hub"
    """Where it happens, for the picture: here, or in the system of this role."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a saga: its steps, and what happens in the last one's transaction when it is finished or undone.

    A change of the steps is a new version. Keep the old one registered until no process of it is open: whoever runs
    keeps the version it was started with.
    """

    name: str
    title: str
    version: int
    steps: tuple[StepSpec, ...]
    finished: Callable[[Process], None]
    undone: Callable[[Process, str], None]


class Definitions:
    """Every version of every saga: a new process takes the latest, a running one keeps its own."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Definition]] = {}

    def register(self, definition: Definition) -> Definition:
        """Add a version; a version that is taken by another definition is a programming error."""
        known = self._versions.setdefault(definition.name, {})
        if known.setdefault(definition.version, definition) is not definition:
            raise ValueError(f"Version {definition.version} of {definition.name!r} is registered twice.")
        return definition

    def latest(self, name: str) -> Definition:
        """The version new processes take, or LookupError."""
        if name not in self._versions:
            names = ", ".join(sorted(self._versions)) or "none"
            raise LookupError(f"No process definition named {name!r}. Known: {names}.")
        return self._versions[name][max(self._versions[name])]

    def find(self, name: str, version: int) -> Definition | None:
        """One version, or None."""
        return self._versions.get(name, {}).get(version)

    def title(self, name: str) -> str:
        """What a process does, in words; its name when nobody knows it any more."""
        return self.latest(name).title if name in self._versions else name

    def __iter__(self) -> Iterator[tuple[str, Definition]]:
        """(name, latest version) of each."""
        return iter((name, self.latest(name)) for name in sorted(self._versions))


DEFINITIONS = Definitions()
