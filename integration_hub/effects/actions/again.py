"""Trying effects again, one or very many: judged under their locks, planned again, put back into their lanes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import TextChoices
from django.db.models.functions import Collate

from integration_hub.connectors.models import Connection
from integration_hub.effects import policies
from integration_hub.effects.ledger import LOOK, SEND, STAGE, State, enqueue, note, told
from integration_hub.effects.models import EFFECT_MOVES, Correction, Effect
from integration_hub.effects.registry import Objection, Outcome, outcomes_for
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane

BY = "system:effects"


class Prospect(TextChoices):
    """What comes of trying an effect again."""

    CREATE = "create", "Will create"
    ASK = "ask", "Asks the target first"
    NOOP = "noop", "No-op, already applied"
    WINDOW = "window", "Blocked by window"
    WAITS = "waits", "Has to wait"
    APPROVAL = "approval", "Needs approval"
    CONFLICT = "conflict", "Conflict"
    REFUSED = "refused", "Will be refused"
    CHANGED = "changed", "Changed since it was chosen"


GOES = frozenset({Prospect.CREATE, Prospect.ASK, Prospect.WINDOW, Prospect.WAITS})
"""What is put back to work; the rest is left alone."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The prospect of one effect and why."""

    prospect: Prospect
    reason: str = ""

    @property
    def goes(self) -> bool:
        """Whether it is put back to work."""
        return self.prospect in GOES


@transaction.atomic
def retry(*, effect_id: int, by: Actor, reason: str = "") -> Effect:
    """Try again what was rejected or is stuck. An unknown outcome is asked about first, never sent blindly.

    Raises Denied when there is nothing to try again.
    """
    effect = lock([effect_id])[0]
    judged = plan_again([effect], by=by)[effect.pk]
    if not judged.goes:
        raise Denied(judged.reason)
    send_again([effect], by=by, reason=reason)
    return effect


@transaction.atomic
def look(*, effect_id: int, by: Actor, reason: str = "") -> Effect:
    """Have what was confirmed read once more in the target, in its lane. Raises Denied where it is not confirmed."""
    effect = Effect.objects.select_related("connection").get(pk=effect_id)
    policies.can_look(effect, by).or_raise()
    note("effects.effect.look_asked", effect, by, reason)
    items.enqueue(LOOK, lane=effect.lane, stage=STAGE, payload={"effect": effect.pk}, dedupe=f"look:{effect.pk}",
                  legal_entity=effect.legal_entity)  # fmt: skip
    return effect


def lock(ids: Iterable[int]) -> list[Effect]:
    """These effects, locked for the rest of the transaction; lanes before effects, as workers do."""
    rows = Effect.objects.filter(pk__in=list(ids))
    lanes = Lane.objects.filter(key__in=rows.values("lane"))
    list(lanes.order_by(Collate("key", "C")).select_for_update(no_key=True).values_list("pk", flat=True))
    found = list(rows.select_for_update(no_key=True).defer("payload", "remote").order_by("pk"))
    targets = Connection.objects.in_bulk({row.connection_id for row in found})
    for row in found:
        row.connection = targets[row.connection_id]
    return found


def plan_again(rows: Sequence[Effect], *, by: Actor, seen: Mapping[int, datetime] | None = None) -> dict[int, Judged]:
    """Phase A for many effects whose rows the caller has locked: judge each and plan again what may be.

    `seen` holds when each had last changed as somebody looked at it: what has moved on since is left alone. Refused
    effects become planned after the rooms that asked for them have agreed; waiting ones become planned as well.
    """
    judged = {row.pk: _standing(row, by, seen) for row in rows}
    refused = [row for row in rows if row.state == State.REJECTED and judged[row.pk].goes]
    for pk in being_corrected(refused):
        judged[pk] = Judged(Prospect.APPROVAL, "A correction of it waits for a second person: decide on that first.")
    refused = [row for row in refused if judged[row.pk].goes]
    for pk, objection in objections(refused).items():
        kind = Prospect.APPROVAL if objection.needs_approval else Prospect.CONFLICT
        judged[pk] = Judged(kind, objection.reason)
    _back_to_planned([row for row in rows if row.state in (State.REJECTED, State.WAITING) and judged[row.pk].goes])
    return judged


def send_again(rows: Sequence[Effect], *, by: Actor, reason: str = "", priority: int = 50) -> None:
    """Put planned-again effects back to work: a parked item at its old place, else at the end of its lane."""
    parked = {
        item.payload["effect"]: item
        for item in Item.objects.filter(
            lane__key__in=[row.lane for row in rows],
            kind=SEND,
            state=Item.State.PARKED,
            payload__effect__in=[row.pk for row in rows],
        )
    }
    record.events(told("effects.effect.retried", row, by, reason, state=row.state) for row in rows)
    for item in parked.values():
        items.retry(item_id=item.pk, by=BY, reason=reason)
    enqueue([row for row in rows if row.pk not in parked], priority=priority)


def _standing(effect: Effect, by: Actor, seen: Mapping[int, datetime] | None) -> Judged:
    """What the effect's own state and the person's rights say."""
    allowed = policies.can_retry(effect, by)
    if effect.state == State.CONFIRMED:
        return Judged(Prospect.NOOP, allowed.reason)
    if seen is not None and seen.get(effect.pk) != effect.updated_at:
        return Judged(Prospect.CHANGED, f"It is {effect.get_state_display().lower()} since; it was left alone.")
    if not allowed:
        return Judged(Prospect.CONFLICT if effect.state == State.CONFLICT else Prospect.REFUSED, allowed.reason)
    if effect.state not in (State.UNKNOWN, State.SENDING, State.SENT):
        return Judged(Prospect.CREATE, effect.failure)
    if effect.safety == Effect.Safety.NONE:
        return Judged(Prospect.REFUSED, "This write can neither be repeated safely nor looked up: a person looks.")
    return Judged(Prospect.ASK, "Sent only if the target proves that it has nothing.")


def being_corrected(refused: Sequence[Effect]) -> list[int]:
    """Ids of effects a correction of which waits for a decision."""
    rows = Correction.objects.filter(effect__in=refused, state=Correction.State.PROPOSED)
    return list(rows.values_list("effect_id", flat=True))


def objections(refused: Sequence[Effect]) -> dict[int, Objection]:
    """What the rooms that asked for these effects say against sending them again."""
    listeners: dict[int, tuple[Outcome, list[Effect]]] = {}
    for effect in refused:
        for outcome in outcomes_for(effect):
            if outcome.retried is not None:
                listeners.setdefault(id(outcome), (outcome, []))[1].append(effect)
    found: dict[int, Objection] = {}
    for outcome, concerned in listeners.values():
        going = [effect for effect in concerned if effect.pk not in found]
        if outcome.retried is not None and going:
            found |= outcome.retried(going)
    return found


def _back_to_planned(rows: Sequence[Effect]) -> None:
    moment = now()
    for row in rows:
        EFFECT_MOVES.check(row.state, State.PLANNED)
        row.state, row.failure, row.failure_class, row.updated_at = State.PLANNED, "", "", moment
    Effect.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.PLANNED, failure="", failure_class="", updated_at=moment
    )
