"""The rows of the ledger: how an effect's state moves, how it enters its lane, how it is told of. No decisions here."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from integration_hub.cases.actions.cases import MemberIn
from integration_hub.effects.models import EFFECT_MOVES, Effect
from integration_hub.effects.naming import basis, label
from integration_hub.kernel.clock import now
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work.actions import items
from integration_hub.work.actions.items import ItemIn
from integration_hub.work.registry import Wait

SEND, LOOK = "effects.send", "effects.look"
STAGE = "post"
FIRST, ABSENT = "first", "absent"
"""In what the target shows of an effect: what it showed at first, and that it does not show it any more."""
State = Effect.State
OVER = (State.CONFIRMED, State.CANCELLED, State.SUPERSEDED)
"""States that never change again."""


def move(effect: Effect, state: str, **changes: Any) -> None:
    """Change the state along the table, with other fields; the caller holds the effect's row or its lane.

    Written only where the state still is the one the effect was read with. Raises Wait otherwise: somebody else has
    decided on it meanwhile, and its lane looks again.
    """
    EFFECT_MOVES.check(effect.state, state)
    changes |= {"state": state, "updated_at": now()}
    if not as_read(effect).update(**changes):
        raise Wait(f"{effect} moved on while it was worked; it is looked at again.", timedelta(0))
    for name, value in changes.items():
        setattr(effect, name, value)


def as_read(effect: Effect) -> QuerySet[Effect]:
    """The row of an effect, as long as its state is the one it was read with."""
    return Effect.objects.filter(pk=effect.pk, state=effect.state)


def enqueue(effects: Iterable[Effect], *, priority: int = 50) -> int:
    """Put effects into their lanes, unless they wait there already; how many were new."""
    return items.enqueue_many(
        [
            ItemIn(
                kind=SEND,
                lane=effect.lane,
                stage=STAGE,
                payload={"effect": effect.pk},
                dedupe=f"effect:{effect.pk}",
                legal_entity=effect.legal_entity,
                priority=priority,
                amount=effect.amount,
                currency=effect.currency,
                correlation_id=effect.correlation_id,
            )
            for effect in effects
        ]
    )


def root_cause(effect: Effect) -> str:
    """Key of the cases that are about one effect."""
    return f"effect:{effect.pk}"


def member(effect: Effect) -> MemberIn:
    """The effect as a member of a case."""
    return MemberIn("effect", str(effect.pk), label(effect), effect.amount, effect.currency, basis(effect.effect_type))


def note(action: str, effect: Effect, by: Actor, reason: str = "", **data: Any) -> None:
    """Write into the trail what happened to an effect."""
    record.events([told(action, effect, by, reason, **data)])


def told(action: str, effect: Effect, by: Actor, reason: str = "", **data: Any) -> record.Draft:
    """What happened to an effect, not written yet."""
    return record.draft(
        action,
        by=by,
        object_type="effect",
        object_id=effect.pk,
        label=label(effect),
        legal_entity=effect.legal_entity,
        reason=reason,
        **data,
    )
