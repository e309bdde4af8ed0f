"""Items of work: put them into a lane, try them again, set them aside, let a blocked lane go on."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import as_json
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work import doorbell, policies, queries
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS

# Taking the lanes' rows first makes ids ascend in commit order inside a lane: what is committed later stands behind.
# Lanes are entered in the order of their keys, so that two writers never wait for each other.
_ENTER_LANES = """
INSERT INTO hub_work_lane AS lane (key, stage, legal_entity, priority, next_at, ready, blocked, blocked_reason, token)
SELECT entered.key, entered.stage, entered.legal_entity, entered.priority,
       clock_timestamp() + make_interval(secs => entered.delay), entered.items, false, '', 0
  FROM json_to_recordset(%s::json)
       AS entered (key text, stage text, legal_entity text, priority int, delay float8, items int)
 ORDER BY entered.key
ON CONFLICT (key) DO UPDATE SET
    ready = lane.ready + excluded.ready,
    priority = LEAST(lane.priority, excluded.priority),
    legal_entity = CASE WHEN lane.legal_entity = '' THEN excluded.legal_entity ELSE lane.legal_entity END,
    next_at = CASE WHEN lane.ready = 0 THEN excluded.next_at ELSE lane.next_at END
RETURNING lane.key, lane.id, lane.stage
"""
_ADD_ITEMS = """
INSERT INTO hub_work_item (lane_id, kind, payload, state, attempts, claims, failures, not_before, dedupe, error_class,
                           error, amount, currency, correlation_id, created_at)
SELECT fresh.lane, fresh.kind, fresh.payload, 'ready', 0, 0, 0,
       CASE WHEN fresh.delay > 0 THEN clock_timestamp() + make_interval(secs => fresh.delay) END,
       fresh.dedupe, '', '', fresh.amount, fresh.currency, fresh.correlation, clock_timestamp()
  FROM json_to_recordset(%s::json)
       AS fresh (place int, lane bigint, kind text, payload jsonb, delay float8, dedupe text, amount numeric,
                 currency text, correlation text)
 ORDER BY fresh.place
ON CONFLICT (lane_id, dedupe) WHERE state = 'ready' AND NOT dedupe = '' DO NOTHING
RETURNING id, lane_id
"""
_LEAVE_LANES = """
UPDATE hub_work_lane AS lane SET ready = ready - gone.items
  FROM unnest(%s::bigint[], %s::int[]) AS gone (lane, items) WHERE lane.id = gone.lane
"""


@dataclass(frozen=True, slots=True)
class ItemIn:
    """One thing to do, for `enqueue_many`; the fields mean what they mean in `enqueue`."""

    kind: str
    lane: str
    stage: str
    payload: dict[str, Any] = field(default_factory=dict)
    dedupe: str = ""
    legal_entity: str = ""
    priority: int = 50
    delay: timedelta | None = None
    amount: Decimal | None = None
    currency: str = ""
    correlation_id: str | None = None


@transaction.atomic
def enqueue(
    kind: str,
    *,
    lane: str,
    stage: str,
    payload: dict[str, Any] | None = None,
    dedupe: str = "",
    legal_entity: str = "",
    priority: int = 50,
    delay: timedelta | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    correlation_id: str | None = None,
) -> Item | None:
    """Put one item at the end of a lane, in the caller's transaction: both are committed or neither.

    Returns None when an item with the same `dedupe` already waits there and has not been claimed. `delay` holds the
    item (and what comes behind it) back. Raises LookupError for an unknown kind and ValueError when the lane belongs to
    another stage.
    """
    request = ItemIn(
        kind, lane, stage, payload or {}, dedupe, legal_entity, priority, delay, amount, currency, correlation_id
    )
    row = _item_row(0, request)
    new = _put([request], [row])
    if not new:
        return None
    item = Item(
        pk=new[0][0],
        lane_id=new[0][1],
        kind=kind,
        payload=row["payload"],
        dedupe=dedupe,
        amount=amount,
        currency=currency,
        correlation_id=row["correlation"],
    )
    item._state.adding = False
    return item


def enqueue_many(requests: Sequence[ItemIn]) -> int:
    """Put many items into their lanes, each lane's in the order given, by a few statements; how many were new.

    Raises LookupError and ValueError as `enqueue` does.
    """
    if not requests:
        return 0
    with transaction.atomic():
        return len(_put(requests, [_item_row(place, request) for place, request in enumerate(requests)]))


def _put(requests: Sequence[ItemIn], rows: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """Enter the lanes, add the items; (item, lane) of those that did not wait there already."""
    lanes = _enter_lanes(requests)
    for row, request in zip(rows, requests, strict=True):
        row["lane"] = lanes[request.lane]
    with connection.cursor() as cursor:
        cursor.execute(_ADD_ITEMS, [json.dumps(rows)])
        new = [(int(item), int(lane)) for item, lane in cursor.fetchall()]
        if len(new) < len(requests):
            gone = Counter(row["lane"] for row in rows)
            gone.subtract(lane for _, lane in new)
            cursor.execute(_LEAVE_LANES, [list(gone), list(gone.values())])
    if new:
        for stage in {request.stage for request in requests}:
            doorbell.ring(stage)
    return new


def _enter_lanes(requests: Sequence[ItemIn]) -> dict[str, int]:
    """Make or enter the lanes; ids by key."""
    entered: dict[str, dict[str, Any]] = {}
    for request in requests:
        HANDLERS.get(request.kind)
        lane = entered.setdefault(request.lane, _lane_row(request))
        lane["items"] += 1
        lane["priority"] = min(lane["priority"], request.priority)
        lane["legal_entity"] = lane["legal_entity"] or request.legal_entity
        _check_stage(request, lane["stage"])
    with connection.cursor() as cursor:
        cursor.execute(_ENTER_LANES, [json.dumps(list(entered.values()))])
        found = {key: (int(pk), stage) for key, pk, stage in cursor.fetchall()}
    for request in requests:
        _check_stage(request, found[request.lane][1])
    return {key: pk for key, (pk, _) in found.items()}


def _lane_row(request: ItemIn) -> dict[str, Any]:
    return {
        "key": request.lane,
        "stage": request.stage,
        "legal_entity": request.legal_entity,
        "priority": request.priority,
        "delay": _seconds(request.delay),
        "items": 0,
    }


def _check_stage(request: ItemIn, stage: str) -> None:
    if stage != request.stage:
        raise ValueError(f"Lane {request.lane!r} is worked by stage {stage!r}, not by {request.stage!r}.")


def _item_row(place: int, request: ItemIn) -> dict[str, Any]:
    correlation = record.correlation() if request.correlation_id is None else request.correlation_id
    return {
        "place": place,
        "kind": request.kind,
        "payload": as_json(request.payload),
        "delay": _seconds(request.delay),
        "dedupe": request.dedupe,
        "amount": None if request.amount is None else str(request.amount),
        "currency": request.currency,
        "correlation": correlation,
    }


def _seconds(delay: timedelta | None) -> float:
    return 0.0 if delay is None else delay.total_seconds()


@transaction.atomic
def retry(*, item_id: int, by: Actor, reason: str = "") -> Item:
    """Put a parked item back at its old place and let its lane go on. Raises Denied when it is not parked."""
    lane, item = _locked(item_id)
    policies.can_retry(item, by).or_raise()
    item.state = Item.State.READY
    item.claims = item.failures = 0
    item.not_before = None
    item.dedupe = ""
    item.save()
    lane.ready += 1
    if lane.blocked_by in (None, item.pk):
        _let_go(lane)
    lane.save()
    _event("work.item.retried", lane, item, by, reason)
    doorbell.ring(lane.stage)
    return item


@transaction.atomic
def park(*, item_id: int, by: Actor, reason: str) -> Item:
    """Set a waiting item aside so that the ones behind it may overtake it.

    Raises Denied when it does not wait, or when a person needs a second one for it: `actions.overtaking.propose`.
    """
    lane, item = _locked(item_id)
    policies.can_park(item, by, reason).or_raise()
    behind = queries.overtakers(lane, item_id=item_id)
    policies.can_overtake_alone(lane, behind, by).or_raise()
    set_aside(lane, item, behind, by=by, reason=reason)
    return item


@transaction.atomic
def unblock_lane(*, lane_id: int, by: Actor, reason: str = "") -> Lane:
    """Let a blocked lane go on without its parked head.

    Raises Denied when the lane is not blocked, or when a person needs a second one: `actions.overtaking.propose`.
    """
    lane = Lane.objects.select_for_update(no_key=True).get(pk=lane_id)
    policies.can_unblock(lane, by).or_raise()
    behind = queries.overtakers(lane, item_id=lane.blocked_by)
    policies.can_overtake_alone(lane, behind, by).or_raise()
    go_on(lane, behind, by=by, reason=reason)
    return lane


def set_aside(lane: Lane, item: Item, behind: queries.Overtakers, *, by: Actor, reason: str, **told: Any) -> None:
    """Park a waiting item; the caller holds the lane's row and has asked whether it may be."""
    item.state = Item.State.PARKED
    item.error = reason
    item.save()
    lane.ready -= 1
    if not lane.blocked:
        _let_go(lane)
    lane.save()
    _event("work.item.parked", lane, item, by, reason, **declared(behind), **told)
    doorbell.ring(lane.stage)


def go_on(lane: Lane, behind: queries.Overtakers, *, by: Actor, reason: str, **told: Any) -> None:
    """Let a blocked lane go on; the caller holds its row and has asked whether it may."""
    _let_go(lane)
    lane.save()
    record.event(
        "work.lane.unblocked",
        by=by,
        object_type="lane",
        object_id=lane.pk,
        label=lane.key,
        legal_entity=lane.legal_entity,
        reason=reason,
        **declared(behind),
        **told,
    )
    doorbell.ring(lane.stage)


def declared(behind: queries.Overtakers) -> dict[str, Any]:
    """What may overtake from now on, as the trail keeps it: how many, their money, the first and the last."""
    first = behind.first[0].pk if behind.first else None
    return {"overtaking": behind.count, "money": behind.money, "first": first, "last": behind.last}


def _locked(item_id: int) -> tuple[Lane, Item]:
    lane = Lane.objects.select_for_update(no_key=True).get(items=item_id)
    return lane, Item.objects.get(pk=item_id)


def _let_go(lane: Lane) -> None:
    lane.blocked = False
    lane.blocked_reason = ""
    lane.blocked_since = None
    lane.blocked_by = None
    # A worker that still holds the lane loses it here: its token is old from now on.
    lane.token += 1
    lane.leased_until = None
    lane.next_at = now()


def _event(action: str, lane: Lane, item: Item, by: Actor, reason: str, **data: Any) -> None:
    record.event(
        action,
        by=by,
        object_type="item",
        object_id=item.pk,
        label=f"{item.kind} in {lane.key}",
        legal_entity=lane.legal_entity,
        reason=reason,
        error_class=item.error_class,
        **data,
    )
