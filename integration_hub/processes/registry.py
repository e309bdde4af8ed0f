"""Saga definitions: named steps in order, each with how it is undone."""

from collections.abc import Callable
from dataclasses import dataclass

from integration_hub.kernel.registry import Registry
from integration_hub.processes.models import Process


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
    """Nothing can go on until somebody acts; a case was raised. `processes.resume` tries the step again."""

    reason: str


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


@dataclass(frozen=True, slots=True)
class Definition:
    """A saga: its steps and what happens when it is finished or undone (both in the transaction of the last step)."""

    name: str
    title: str
    version: int
    steps: tuple[StepSpec, ...]
    finished: Callable[[Process], None]
    undone: Callable[[Process, str], None]


DEFINITIONS: Registry[Definition] = Registry("process definition")
