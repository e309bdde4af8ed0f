"""How upper apps hear of outcomes and close gates: one registry each."""

from collections.abc import Callable
from dataclasses import dataclass

from integration_hub.effects.models import Effect
from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Outcome:
    """Called once, in the transaction that records the outcome."""

    confirmed: Callable[[Effect], None]
    rejected: Callable[[Effect], None]


@dataclass(frozen=True, slots=True)
class Gate:
    """A named posting window. `closed` returns the reason it is closed for this effect, or an empty string."""

    name: str
    applies: Callable[[Effect], bool]
    closed: Callable[[Effect], str]


OUTCOMES: Registry[Outcome] = Registry("effect outcome")
GATES: Registry[Gate] = Registry("posting gate")
