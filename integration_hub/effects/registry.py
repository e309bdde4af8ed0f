"""How upper apps hear of outcomes and close gates: one registry each."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from integration_hub.effects.models import Effect
from integration_hub.kernel.registry import Registry
from integration_hub.trail.record import Actor


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a room lets a refused effect not be sent again as it is."""

    reason: str
    needs_approval: bool = False
    """What asked for the effect has to be approved (again) first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Called once, in the transaction that records the outcome.

    `rejected` is called when the target refused and when a person cancelled: `effect.state` says which. Where
    `owns_case` is set the room opens its own case on a refusal, so the ledger opens none. `retried` is called with the
    refused effects that are planned again, many at once, and answers with its objections by effect id: those stay
    refused. `next_period` dates what is late into the next period: it withdraws the effect and has the document made
    anew; raises Denied or NotReady when it cannot. Where `subject` names a type of row, the room hears only of effects
    that such rows asked for.
    """

    confirmed: Callable[[Effect], None]
    rejected: Callable[[Effect], None]
    owns_case: bool = False
    retried: Callable[[Sequence[Effect]], Mapping[int, Objection]] | None = None
    next_period: Callable[[Effect, Actor, str], None] | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A named posting window. `closed` returns the reason it is closed for this effect, or an empty string.

    `about` names what the answer depends on, so that many effects are judged with one question per window.
    """

    name: str
    applies: Callable[[Effect], bool]
    closed: Callable[[Effect], str]
    about: Callable[[Effect], Hashable] = attrgetter("pk")


OUTCOMES: Registry[Outcome] = Registry("effect outcome")
"""By effect type, by what is done whatever the vendor (`invoice.post`), by `subject:<subject type>`, or `*` for every
effect; all that match are called, in this order."""

GATES: Registry[Gate] = Registry("posting gate")


def outcomes_for(effect: Effect) -> list[Outcome]:
    """Who wants to hear what became of an effect."""
    _, _, done = effect.effect_type.partition(".")
    names = (effect.effect_type, done, f"subject:{effect.subject_type}", "*")
    found = [outcome for name in names if (outcome := OUTCOMES.find(name)) is not None]
    return [outcome for outcome in found if outcome.subject in ("", effect.subject_type)]
