"""Letting what waits in a lane overtake a stuck item: proposed with what that would be, agreed to by a second person.

Everything here runs under the lock of the lane's row: nothing enters the lane, and no worker settles anything in it,
between the look at what would overtake and the decision.
"""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import BadInput, NotReady, Problem, Stale
from integration_hub.people.models import User
from integration_hub.people.proposals import decide
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work import policies, queries
from integration_hub.work.actions import items
from integration_hub.work.models import OVERTAKING_MOVES, Item, Lane, Overtaking
from integration_hub.work.queries import Overtakers

Proposed = Overtaking.State
Way = Overtaking.Way
CHANGED = "What would overtake has changed since this was proposed. Look at the lane and propose it anew."


def way_of(item: Item) -> Way:
    """What letting others overtake an item means for it: a waiting one is set aside, a parked one left behind."""
    return Way.WITHOUT if item.state == Item.State.PARKED else Way.ASIDE


def sight(lane: Lane, item: Item, behind: Overtakers) -> str:
    """What a person looks at who decides that something overtakes: another sight is another decision."""
    return f"{item.state} {lane.blocked_by or 'open'} {behind.digest}".strip()


def can_let_pass(lane: Lane, item: Item, way: str, by: User, reason: str) -> Decision:
    """Whether this person may propose it now."""
    return policies.can_unblock(lane, by) if way == Way.WITHOUT else policies.can_park(item, by, reason)


@transaction.atomic
def propose(*, item_id: int, reason: str, by: User, seen: str) -> Overtaking:
    """Let what waits behind an item overtake it: at once where one person may, else as soon as a second one approves.

    `seen` is the `sight` it was decided on. Raises Denied, BadInput, Stale, and NotReady when another proposal for the
    lane waits.
    """
    lane, item = _locked(item_id)
    behind = queries.overtakers(lane, item_id=item.pk)
    way = way_of(item)
    if seen != sight(lane, item, behind):
        raise Stale
    if not reason.strip():
        raise BadInput(str(item), [Problem("reason", "is empty.", "Say why the others may pass.")])
    can_let_pass(lane, item, way, by, reason).or_raise()
    _lapse(lane)
    overtaking = Overtaking(
        lane=lane,
        item=item,
        way=way,
        count=behind.count,
        money={currency: str(amount) for currency, amount in behind.money.items()},
        first=behind.first[0].pk if behind.first else None,
        last=behind.last,
        digest=behind.digest,
        reason=reason,
        four_eyes=policies.needs_second(lane, behind),
        proposed_by=by,
    )
    try:
        with transaction.atomic():
            overtaking.save()
    except IntegrityError as error:
        raise NotReady("Another proposal for this lane waits for a second person. Decide on that first.") from error
    if overtaking.four_eyes:
        _note("proposed", overtaking, by, reason, second=overtaking.four_eyes, **items.declared(behind))
    else:
        _apply(overtaking, behind, by, "")
    return overtaking


@transaction.atomic
def approve(*, overtaking_id: int, by: User, seen_version: int, reason: str = "") -> Overtaking:
    """Let exactly what was declared overtake. Raises Denied, Stale when something else would."""
    overtaking = _open(overtaking_id, seen_version)
    policies.can_approve_overtaking(overtaking, by).or_raise()
    behind = queries.overtakers(overtaking.lane, item_id=overtaking.item_id)
    if not holds(overtaking, behind):
        raise Stale(CHANGED)
    _note("approved", overtaking, by, reason)
    _apply(overtaking, behind, by, reason)
    return overtaking


@transaction.atomic
def decline(*, overtaking_id: int, by: User, seen_version: int, reason: str) -> Overtaking:
    """Say no; the lane stands as it stood. Raises Denied, Stale."""
    return _close(overtaking_id, seen_version, policies.can_approve_overtaking, Proposed.DECLINED, by, reason)


@transaction.atomic
def withdraw(*, overtaking_id: int, by: User, seen_version: int, reason: str = "") -> Overtaking:
    """Its author takes it back. Raises Denied, Stale."""
    return _close(overtaking_id, seen_version, policies.can_withdraw_overtaking, Proposed.WITHDRAWN, by, reason)


def lapse() -> int:
    """End the proposals whose lanes have moved on; how many. Called by the ticker."""
    waiting = Overtaking.objects.filter(state=Proposed.PROPOSED).values_list("lane_id", flat=True)
    return sum(_lapse_in(lane_id) for lane_id in list(waiting))


# -- rows ------------------------------------------------------------------------------------------------------------


def holds(overtaking: Overtaking, behind: Overtakers) -> bool:
    """Whether the item still stands as it did, and exactly the declared items would overtake it."""
    lane, item = overtaking.lane, overtaking.item
    if behind.digest != overtaking.digest:
        return False
    if overtaking.way == Way.WITHOUT:
        return lane.blocked and lane.blocked_by == item.pk
    return item.state == Item.State.READY


@transaction.atomic
def _lapse_in(lane_id: int) -> bool:
    return _lapse(Lane.objects.select_for_update(no_key=True).get(pk=lane_id))


def _lapse(lane: Lane) -> bool:
    """End the lane's open proposal unless it holds; the caller holds the lane's row."""
    overtaking = _rows().filter(lane=lane, state=Proposed.PROPOSED).first()
    if overtaking is None or holds(overtaking, queries.overtakers(overtaking.lane, item_id=overtaking.item_id)):
        return False
    decide(overtaking, OVERTAKING_MOVES, Proposed.LAPSED, by=None, reason=CHANGED)
    _note("lapsed", overtaking, "system:work", "")
    return True


def _rows() -> Any:
    return Overtaking.objects.select_related("lane", "item", "proposed_by")


def _locked(item_id: int) -> tuple[Lane, Item]:
    lane = Lane.objects.select_for_update(no_key=True).get(items=item_id)
    return lane, Item.objects.get(pk=item_id)


def _open(overtaking_id: int, seen_version: int) -> Overtaking:
    """The proposal as it is now, with its lane locked."""
    Lane.objects.select_for_update(no_key=True).get(overtakings=overtaking_id)
    overtaking: Overtaking = _rows().get(pk=overtaking_id)
    if overtaking.version != seen_version:
        raise Stale
    return overtaking


def _close(
    overtaking_id: int, seen_version: int, rule: Callable[..., Decision], state: Proposed, by: User, reason: str
) -> Overtaking:
    overtaking = _open(overtaking_id, seen_version)
    rule(overtaking, by).or_raise()
    decide(overtaking, OVERTAKING_MOVES, state, by=by, reason=reason)
    _note(state.value, overtaking, by, reason)
    return overtaking


def _apply(overtaking: Overtaking, behind: Overtakers, by: User, reason: str) -> None:
    """Let them pass. The reason on the trail is the author's; the second person's is with the approval."""
    told = {"proposed_by": overtaking.proposed_by.username}
    if overtaking.way == Way.WITHOUT:
        items.go_on(overtaking.lane, behind, by=by, reason=overtaking.reason, **told)
    else:
        items.set_aside(overtaking.lane, overtaking.item, behind, by=by, reason=overtaking.reason, **told)
    decide(overtaking, OVERTAKING_MOVES, Proposed.APPLIED, by=by, reason=reason)


def _note(verb: str, row: Overtaking, /, by: Actor, reason: str, **data: Any) -> None:
    lane = row.lane
    record.event(
        f"work.overtaking.{verb}",
        by=by,
        object_type="lane",
        object_id=lane.pk,
        label=lane.key,
        legal_entity=lane.legal_entity,
        reason=reason,
        way=row.get_way_display(),
        item=row.item_id,
        **data,
    )
