"""Posting windows: effects that meet a closed gate, what becomes of them, and the tick that lets them go.

What the clock opens is a row in `Opening`, fired once; then, and every few seconds anyway, waiting effects are looked
at again, because a target's locks and an administrator's decisions open gates too.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.effects import calendar, gates
from integration_hub.effects.actions.effects import cases_holding
from integration_hub.effects.gates import Closed
from integration_hub.effects.ledger import State, enqueue, member, move, note
from integration_hub.effects.models import Effect, Opening, PostingGate
from integration_hub.effects.registry import outcomes_for
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.failures import FailureClass
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work.models import Lane

BY = "system:effects"
CODE = "PERIOD_CLOSED"


def closed(effect: Effect) -> Closed | None:
    """The gate that is closed for this effect now, or None."""
    return closed_for([effect]).get(effect.pk)


def closed_for(effects: Sequence[Effect]) -> dict[int, Closed]:
    """The same for many, by effect id."""
    return gates.closed(effects, now())


def hold(effect: Effect, by_gate: Closed) -> None:
    """Do what the gate says about what is late; its lane goes on either way.

    What waits for a gate that opens by the clock needs nobody. The rest is one case per gate, legal entity and month.
    """
    if by_gate.late == PostingGate.Late.NEXT_PERIOD and into_next_period(effect, by=BY, reason=by_gate.reason):
        return
    move(effect, State.WAITING, failure=by_gate.reason, failure_class=FailureClass.TRANSIENT)
    if by_gate.late == PostingGate.Late.WAIT and by_gate.opens is not None:
        return
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
    waiting = _waiting()
    held = closed_for(waiting)
    return any(
        (by_gate := held.get(effect.pk)) is not None and _root_cause(effect, by_gate.gate) == root_cause
        for effect in waiting
    )


def into_next_period(effect: Effect, *, by: Actor, reason: str) -> bool:
    """Have the room that asked date the document into the next period; False when it cannot or will not."""
    for outcome in outcomes_for(effect):
        if outcome.next_period is not None:
            try:
                with transaction.atomic():
                    outcome.next_period(effect, by, reason)
            except ThroughlineError:
                effect.refresh_from_db()
                return False
            return True
    return False


# -- letting go -------------------------------------------------------------------------------------------------------


def tick() -> int:
    """Fire the openings that are due, then look at all that waits; how many effects were let go."""
    fire(now())
    return recheck()


def fire(at: datetime) -> list[Opening]:
    """Write down, once each, the openings of all gates up to an instant; those fired by this call.

    After a standstill each missed opening is fired late. A change of the gate's times starts it anew.
    """
    fired = []
    for gate in gates.active():
        if gate.kind not in calendar.CLOCKED:
            continue
        last = gate.openings.values_list("slot", flat=True).first()
        since = max(last, gate.updated_at) if last else gate.updated_at
        for slot in calendar.openings(gates.rule_of(gate), since, at):
            if (opening := _fire(gate, slot)) is not None:
                fired.append(opening)
    return fired


@transaction.atomic
def _fire(gate: PostingGate, slot: datetime) -> Opening | None:
    opening, is_new = Opening.objects.get_or_create(gate=gate, slot=slot)
    if not is_new:
        return None
    record.event(
        "effects.gate.opened",
        by=BY,
        object_type="gate",
        object_id=gate.pk,
        label=gate.name,
        legal_entity=gate.legal_entity,
        slot=slot,
    )
    return opening


def recheck() -> int:
    """Put waiting effects whose windows have opened back into their lanes, in order; how many."""
    waiting = _waiting()
    held = closed_for(waiting)
    return sum(let_go(effect.pk) for effect in waiting if effect.pk not in held)


def _waiting() -> list[Effect]:
    rows = Effect.objects.filter(state=State.WAITING).select_related("connection").defer("payload", "remote")
    return list(rows.order_by("pk"))


@transaction.atomic
def let_go(effect_id: int) -> bool:
    """Put a waiting effect whose window is open back into its lane, at its end; False when it is not so."""
    found = Effect.objects.filter(pk=effect_id, state=State.WAITING).select_related("connection").first()
    if found is None or closed(found) is not None:
        return False
    # The lane's row first, as everywhere: enqueuing takes it anyway, and a worker may hold it.
    Lane.objects.select_for_update(no_key=True).filter(key=found.lane).first()
    effect = Effect.objects.select_for_update(of=("self",), no_key=True).select_related("connection").get(pk=effect_id)
    if effect.state != State.WAITING:
        return False
    reason = effect.failure
    move(effect, State.PLANNED, failure="", failure_class="")
    leave_cases(effect, "The window is open.")
    note("effects.effect.window_opened", effect, BY, reason=reason)
    enqueue([effect])
    return True


def leave_cases(effect: Effect, because: str) -> None:
    """Take an effect out of the cases of the gates that held it."""
    for code, root_cause in cases_holding(effect):
        if code == CODE:
            target = [("effect", str(effect.pk))]
            cases.drop_members(code=code, root_cause=root_cause, targets=target, because=because, by=BY)


def _root_cause(effect: Effect, gate: str) -> str:
    month = f"{effect.posting_date:%Y-%m}" if effect.posting_date else "any"
    return f"{gate}:{effect.connection.code}:{effect.legal_entity}:{month}"
