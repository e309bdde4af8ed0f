"""Effects: plan one, withdraw one, declare what became of one; trying again is in `again`, sending is the engine's."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from integration_hub.cases.actions import cases
from integration_hub.cases.queries import Key, for_target, is_concerned
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects import kinds, policies
from integration_hub.effects.actions import again
from integration_hub.effects.actions.again import retry
from integration_hub.effects.ledger import SEND, State, enqueue, member, move, note, root_cause
from integration_hub.effects.models import EFFECT_MOVES, Correction, Effect
from integration_hub.effects.naming import label
from integration_hub.effects.registry import outcomes_for
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.ids import as_json, content_hash, effect_key
from integration_hub.trail import record
from integration_hub.trail.record import Actor, actor_name
from integration_hub.work.actions import items
from integration_hub.work.models import Item

__all__ = [
    "SEND",
    "Conflict",
    "State",
    "cancel",
    "close_cases",
    "declare_rejected",
    "enqueue",
    "member",
    "move",
    "plan",
    "report_conflict",
    "retry",
    "root_cause",
]


class Conflict(ThroughlineError, Failed):
    """The key of an effect came back with other content: a person decides which is meant.

    Whoever catches it outside the transaction that was rolled back calls `report_conflict(error, by=…)`; a worker's
    item does so when it is parked.
    """

    def __init__(self, effect: Effect, payload_hash: str) -> None:
        super().__init__(
            FailureClass.DATA,
            f"{effect.effect_type} {effect.business_key} revision {effect.revision} was planned with other content.",
            remedy="Plan a new revision, or withdraw the one that is planned.",
        )
        self.effect = effect
        self.payload_hash = payload_hash

    def after_rollback(self) -> None:
        """What the engine of work does with it in the transaction that parks the item."""
        report_conflict(self, by="system:effects")


@transaction.atomic
def plan(
    *,
    effect_type: str,
    connection: Connection,
    business_key: str,
    payload: dict[str, Any],
    legal_entity: str,
    subject: tuple[str, object],
    by: Actor,
    revision: int = 1,
    posting_date: date | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    lane: str | None = None,
    reverses: Effect | None = None,
    corrects: Effect | None = None,
    priority: int = 50,
) -> Effect:
    """Intend one change in a target system; it is sent after the caller's transaction is committed.

    The key is made of legal entity, connection, effect type, business key and revision. Planning the same again returns
    the effect there is. Raises `Conflict` when it was planned with other content, LookupError for a write the connector
    does not declare. `subject` is (type, id) of the row that asks. Effects of one lane are sent in the order planned.
    `corrects` is the refused revision this one replaces.
    """
    safety = CONNECTORS.get(connection.vendor).manifest.write(effect_type).safety
    plain = as_json(payload)
    digest = content_hash(payload)
    key = effect_key(
        legal_entity=legal_entity,
        system=connection.code,
        effect=effect_type,
        business_key=business_key,
        revision=revision,
    )
    effect, is_new = Effect.objects.get_or_create(
        key=key,
        defaults={
            "legal_entity": legal_entity,
            "connection": connection,
            "effect_type": effect_type,
            "business_key": business_key,
            "revision": revision,
            "payload": plain,
            "payload_hash": digest,
            "safety": safety,
            "posting_date": posting_date,
            "amount": amount,
            "currency": currency,
            "lane": (lane or f"{connection.code}:{business_key}")[:120],
            "subject_type": subject[0],
            "subject_id": str(subject[1]),
            "reverses": reverses,
            "corrects": corrects,
            "planned_by": actor_name(by),
            "correlation_id": record.correlation(),
        },
    )
    if not is_new:
        if effect.payload_hash != digest:
            raise Conflict(effect, digest)
        return effect
    note("effects.effect.planned", effect, by, key=key, payload_hash=digest, safety=safety)
    enqueue([effect], priority=priority)
    return effect


@transaction.atomic
def cancel(*, effect_id: int, by: Actor, reason: str) -> Effect:
    """Withdraw an effect that was certainly not done. Raises Denied when it is under way, unknown or done."""
    effect = again.lock([effect_id])[0]
    policies.can_cancel(effect, by, reason).or_raise()
    move(effect, State.CANCELLED)
    effect.corrections.filter(state=Correction.State.PROPOSED).update(
        state=Correction.State.WITHDRAWN, decided_at=now(), decision_reason=reason, version=F("version") + 1
    )
    note("effects.effect.cancelled", effect, by, reason=reason)
    for item in Item.objects.filter(
        lane__key=effect.lane, kind=SEND, payload__effect=effect.pk, state=Item.State.PARKED
    ):
        items.retry(item_id=item.pk, by="system:effects", reason="The effect was cancelled: nothing to do")
    close_cases(effect, f"The effect was cancelled: {reason}")
    for outcome in outcomes_for(effect):
        outcome.rejected(effect)
    return effect


@transaction.atomic
def declare_rejected(*, effect_id: int, by: Actor, reason: str) -> Effect:
    """A person has looked into the target: the effect with the unknown outcome did not happen and shall not.

    Raises Denied when the outcome is not unknown.
    """
    effect = again.lock([effect_id])[0]
    policies.can_declare(effect, by, reason).or_raise()
    move(effect, State.REJECTED, failure=reason, failure_class=FailureClass.REJECTED)
    note("effects.effect.declared_rejected", effect, by, reason=reason)
    for item in Item.objects.filter(
        lane__key=effect.lane, kind=SEND, payload__effect=effect.pk, state=Item.State.PARKED
    ):
        items.retry(item_id=item.pk, by="system:effects", reason="Declared rejected: nothing to do")
    close_cases(effect, f"{actor_name(by)} found that it did not happen: {reason}")
    for outcome in outcomes_for(effect):
        outcome.rejected(effect)
    return effect


@transaction.atomic
def report_conflict(conflict: Conflict, *, by: Actor) -> None:
    """Open the case of a conflict; an effect that was not sent yet is stopped until somebody decides."""
    effect = (
        Effect.objects.select_for_update(of=("self",), no_key=True)
        .select_related("connection")
        .get(pk=conflict.effect.pk)
    )
    if EFFECT_MOVES.allows(effect.state, State.CONFLICT):
        move(effect, State.CONFLICT, failure=conflict.message, failure_class=FailureClass.DATA)
    note("effects.effect.conflict", effect, by, other_hash=conflict.payload_hash)
    cases.raise_case(
        code="EFFECT_CONFLICT",
        root_cause=root_cause(effect),
        title=f"{label(effect)} was asked for twice with different content",
        detail=conflict.message,
        remedy=conflict.remedy,
        legal_entity=effect.legal_entity,
        subject=("effect", effect.pk, label(effect)),
        members=[member(effect)],
        by=by,
    )


def close_cases(effect: Effect, because: str, *, also: Iterable[Key] = ()) -> None:
    """Heal the cases that were about this effect alone, and `also`, and take it out of those it shares.

    Nearly all effects end without ever having been in one, so that is asked first.
    """
    keys = [*((code, root_cause(effect)) for code in kinds.PER_EFFECT), *also]
    if not is_concerned("effect", effect.pk, keys):
        return
    cases.heal_all(keys, because=because, by="system:effects")
    for code, root in cases_holding(effect):
        cases.drop_members(
            code=code, root_cause=root, targets=[("effect", str(effect.pk))], because=because, by="system:effects"
        )


def cases_holding(effect: Effect) -> list[tuple[str, str]]:
    """(code, root cause) of the shared cases that hold up this effect."""
    found = for_target("effect", effect.pk).filter(code__in=kinds.SHARED)
    return [(case.code, case.root_cause) for case in found]
