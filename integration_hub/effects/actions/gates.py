"""Posting gates: kept by administrators; and what finance decides about a document that is late."""

from typing import Any

from django.db import transaction

from integration_hub.effects import policies, windows
from integration_hub.effects.models import Effect, PostingGate
from integration_hub.effects.registry import outcomes_for
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.wallclock import is_zone
from integration_hub.trail.record import Actor, event

Kind = PostingGate.Kind
_NEEDED = {
    Kind.BUSINESS_HOURS: ("weekdays", "opens", "closes"),
    Kind.HOLIDAY: ("days",),
    Kind.BLACKOUT: ("starts_on", "starts_at", "ends_on", "ends_at"),
    Kind.CUT_OFF: ("day", "closes"),
    Kind.MODULE_LOCK: ("locked_through",),
}
_SKIPPED = {"id", "created_at", "updated_at"}


@transaction.atomic
def save(*, row: PostingGate, by: Actor) -> PostingGate:
    """Add or change a gate. What waits is looked at again within seconds. Raises Denied, BadInput."""
    policies.can_keep_gates(by).or_raise()
    if problems := _problems(row):
        raise BadInput(f"Posting gate {row.name}", problems)
    before = PostingGate.objects.select_for_update(no_key=True).filter(pk=row.pk).first() if row.pk else None
    changes = _changes(before, row)
    row.save()
    _tell("changed" if before else "added", row, by, changes=changes)
    return row


@transaction.atomic
def remove(*, row: PostingGate, by: Actor) -> None:
    """Take a gate away; what it held goes on. Raises Denied."""
    policies.can_keep_gates(by).or_raise()
    _tell("removed", row, by)
    row.delete()


@transaction.atomic
def move_on(*, effect_id: int, by: Actor, reason: str) -> Effect:
    """Have a document that waits for its window dated into the next period. Raises Denied, NotReady."""
    effect = Effect.objects.select_for_update(of=("self",), no_key=True).select_related("connection").get(pk=effect_id)
    policies.can_move_on(effect, by, reason).or_raise()
    if not windows.into_next_period(effect, by=by, reason=reason):
        raise NotReady("There is no later open period to post it into.")
    return effect


def can_be_moved(effect: Effect) -> bool:
    """Whether the room that asked for an effect knows how to date it into the next period."""
    return any(outcome.next_period is not None for outcome in outcomes_for(effect))


def _problems(row: PostingGate) -> list[Problem]:
    found = [
        Problem(name, "is empty.", f"A gate of this kind needs it: {row.get_kind_display().lower()}.")
        for name in _NEEDED.get(Kind(row.kind), ())
        if getattr(row, name) in (None, [], "")
    ]
    if not is_zone(row.zone):
        found.append(Problem("zone", f"{row.zone!r} is no time zone.", "Use an IANA name: Europe/Berlin."))
    if any(not 1 <= day <= 7 for day in row.weekdays):
        found.append(Problem("weekdays", "are 1 (Monday) to 7 (Sunday).", "Correct them: 1,2,3,4,5."))
    if row.starts_on and row.ends_on and row.starts_at and row.ends_at:
        begin, end = (row.starts_on, row.starts_at), (row.ends_on, row.ends_at)
        if end <= begin:
            found.append(Problem("ends_on", "is not after the beginning.", "A blackout ends later than it begins."))
    if row.day is not None and not 1 <= row.day <= 31:
        found.append(Problem("day", "is no day of a month.", "Use 1 to 31; 31 is the last day of every month."))
    if row.months_after > 2:
        found.append(Problem("months_after", "is too far away.", "A cut-off is at most two months later."))
    return found


def _changes(before: PostingGate | None, after: PostingGate) -> dict[str, list[str]]:
    pairs = {}
    for field in after._meta.concrete_fields:
        old = field.value_from_object(before) if before is not None else None
        new = field.value_from_object(after)
        if field.name not in _SKIPPED and old != new and not (before is None and new in (None, "", [])):
            pairs[field.name] = ["" if old is None else str(old), "" if new is None else str(new)]
    return pairs


def _tell(verb: str, row: PostingGate, by: Actor, **data: Any) -> None:
    event(
        f"effects.gate.{verb}",
        by=by,
        object_type="gate",
        object_id=row.pk,
        label=row.name,
        legal_entity=row.legal_entity,
        **data,
    )
