"""Items of work: put them into a lane, try them again, set them aside, let a blocked lane go on."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import canonical_json
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work import doorbell, policies
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS

# Taking the lane's row first makes ids ascend in commit order inside a lane: what is committed later stands behind.
_ENTER_LANE = """
INSERT INTO hub_work_lane AS lane (key, stage, legal_entity, priority, next_at, ready, blocked, blocked_reason, token)
VALUES (%(key)s, %(stage)s, %(legal_entity)s, %(priority)s, clock_timestamp() + %(delay)s, 1, false, '', 0)
ON CONFLICT (key) DO UPDATE SET
    ready = lane.ready + 1,
    priority = LEAST(lane.priority, excluded.priority),
    legal_entity = CASE WHEN lane.legal_entity = '' THEN excluded.legal_entity ELSE lane.legal_entity END,
    next_at = CASE WHEN lane.ready = 0 THEN excluded.next_at ELSE lane.next_at END
RETURNING id, stage
"""
_ADD_ITEM = """
INSERT INTO hub_work_item (lane_id, kind, payload, state, attempts, claims, failures, not_before, dedupe, error_class,
                           error, amount, currency, correlation_id, created_at)
VALUES (%(lane)s, %(kind)s, %(payload)s, 'ready', 0, 0, 0,
        CASE WHEN %(delay)s > interval '0' THEN clock_timestamp() + %(delay)s END,
        %(dedupe)s, '', '', %(amount)s, %(currency)s, %(correlation)s, clock_timestamp())
ON CONFLICT (lane_id, dedupe) WHERE state = 'ready' AND NOT dedupe = '' DO NOTHING
RETURNING id
"""
_LEAVE_LANE = "UPDATE hub_work_lane SET ready = ready - 1 WHERE id = %s"


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
    return _enqueue(request)


@transaction.atomic
def enqueue_many(requests: list[ItemIn]) -> int:
    """Put many items into their lanes; returns how many were new. Lanes are entered in key order: no deadlocks."""
    ordered = sorted(requests, key=lambda request: request.lane)
    return sum(_enqueue(request) is not None for request in ordered)


def _enqueue(request: ItemIn) -> Item | None:
    HANDLERS.get(request.kind)
    item = Item(
        kind=request.kind,
        payload=json.loads(canonical_json(request.payload)),
        dedupe=request.dedupe,
        amount=request.amount,
        currency=request.currency,
        correlation_id=record.correlation() if request.correlation_id is None else request.correlation_id,
    )
    with connection.cursor() as cursor:
        item.lane_id = _enter_lane(cursor, request)
        cursor.execute(_ADD_ITEM, _item_values(item, request.delay))
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_LEAVE_LANE, [item.lane_id])
            return None
    item.pk = row[0]
    item._state.adding = False
    doorbell.ring(request.stage)
    return item


def _enter_lane(cursor: Any, request: ItemIn) -> int:
    values = {
        "key": request.lane,
        "stage": request.stage,
        "legal_entity": request.legal_entity,
        "priority": request.priority,
        "delay": request.delay or timedelta(0),
    }
    cursor.execute(_ENTER_LANE, values)
    lane_id, stage = cursor.fetchone()
    if stage != request.stage:
        raise ValueError(f"Lane {request.lane!r} is worked by stage {stage!r}, not by {request.stage!r}.")
    return int(lane_id)


def _item_values(item: Item, delay: timedelta | None) -> dict[str, Any]:
    return {
        "lane": item.lane_id,
        "kind": item.kind,
        "payload": json.dumps(item.payload),
        "delay": delay or timedelta(0),
        "dedupe": item.dedupe,
        "amount": item.amount,
        "currency": item.currency,
        "correlation": item.correlation_id,
    }


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
    """Set a waiting item aside so that the ones behind it may overtake it. Raises Denied when it does not wait."""
    lane, item = _locked(item_id)
    policies.can_park(item, by, reason).or_raise()
    item.state = Item.State.PARKED
    item.error = reason
    item.save()
    lane.ready -= 1
    if not lane.blocked:
        _let_go(lane)
    lane.save()
    _event("work.item.parked", lane, item, by, reason)
    doorbell.ring(lane.stage)
    return item


@transaction.atomic
def unblock_lane(*, lane_id: int, by: Actor, reason: str = "") -> Lane:
    """Let a blocked lane go on without its parked head. Raises Denied when the lane is not blocked."""
    lane = Lane.objects.select_for_update(no_key=True).get(pk=lane_id)
    policies.can_unblock(lane, by).or_raise()
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
    )
    doorbell.ring(lane.stage)
    return lane


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


def _event(action: str, lane: Lane, item: Item, by: Actor, reason: str) -> None:
    record.event(
        action,
        by=by,
        object_type="item",
        object_id=item.pk,
        label=f"{item.kind} in {lane.key}",
        legal_entity=lane.legal_entity,
        reason=reason,
        error_class=item.error_class,
    )
