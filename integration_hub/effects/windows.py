"""Posting windows: effects that wait for a closed gate, and the tick that lets them go when it opens."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.effects.ledger import State, enqueue, member, move, note
from integration_hub.effects.models import Effect
from integration_hub.effects.registry import GATES
from integration_hub.kernel.failures import FailureClass
from integration_hub.work.models import Lane

BY = "system:effects"
CODE = "PERIOD_CLOSED"


@dataclass(frozen=True, slots=True)
class Closed:
    """A gate that is closed for an effect, and why."""

    gate: str
    reason: str


def closed(effect: Effect) -> Closed | None:
    """The first gate that is closed for this effect, or None."""
    for name, gate in GATES:
        if gate.applies(effect) and (reason := gate.closed(effect)):
            return Closed(name, reason)
    return None


def closed_for(effects: Sequence[Effect]) -> dict[int, Closed]:
    """The same for many, by effect id: each gate is asked once per thing its answer depends on."""
    answers: dict[tuple[str, Hashable], str] = {}
    found: dict[int, Closed] = {}
    for effect in effects:
        for name, gate in GATES:
            if not gate.applies(effect):
                continue
            question = (name, gate.about(effect))
            if question not in answers:
                answers[question] = gate.closed(effect)
            if answers[question]:
                found[effect.pk] = Closed(name, answers[question])
                break
    return found


def hold(effect: Effect, by_gate: Closed) -> None:
    """Let a planned effect wait for its window; its lane goes on. One case per gate, legal entity and month."""
    move(effect, State.WAITING, failure=by_gate.reason, failure_class=FailureClass.TRANSIENT)
    cases.raise_case(
        code=CODE,
        root_cause=_root_cause(effect, by_gate.gate),
        title=f"{by_gate.reason}",
        detail=f"Gate {by_gate.gate} holds what would be posted to {effect.connection}.",
        remedy="Open the window, or post into an open period.",
        legal_entity=effect.legal_entity,
        members=[member(effect)],
        by=BY,
    )


def still_closed(root_cause: str) -> bool:
    """Whether an effect still waits for the window of a case, and the window is closed."""
    waiting = Effect.objects.filter(state=State.WAITING).select_related("connection").order_by("pk")
    return any(
        (by_gate := closed(effect)) is not None and _root_cause(effect, by_gate.gate) == root_cause
        for effect in waiting
    )


def recheck() -> int:
    """The tick: put waiting effects whose windows have opened back into their lanes, in order; how many."""
    waiting = Effect.objects.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)
    return sum(_let_go(effect_id) for effect_id in list(waiting))


@transaction.atomic
def _let_go(effect_id: int) -> bool:
    found = Effect.objects.filter(pk=effect_id, state=State.WAITING).select_related("connection").first()
    if found is None or closed(found) is not None:
        return False
    # The lane's row first, as everywhere: enqueuing takes it anyway, and a worker may hold it.
    Lane.objects.select_for_update(no_key=True).filter(key=found.lane).first()
    effect = Effect.objects.select_for_update(of=("self",)).select_related("connection").get(pk=effect_id)
    if effect.state != State.WAITING:
        return False
    reason = effect.failure
    move(effect, State.PLANNED, failure="", failure_class="")
    for root_cause in _root_causes(effect):
        target = [("effect", str(effect.pk))]
        cases.drop_members(code=CODE, root_cause=root_cause, targets=target, because="The window is open.", by=BY)
    note("effects.effect.window_opened", effect, BY, reason=reason)
    enqueue([effect])
    return True


def _root_causes(effect: Effect) -> list[str]:
    return [_root_cause(effect, name) for name, gate in GATES if gate.applies(effect)]


def _root_cause(effect: Effect, gate: str) -> str:
    month = f"{effect.posting_date:%Y-%m}" if effect.posting_date else "any"
    return f"{gate}:{effect.connection.code}:{effect.legal_entity}:{month}"
