"""Who may steer work, and when."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor
from integration_hub.work.models import Item, Lane

PERMISSION = "hub_work.steer_item"


def _may_steer(by: Actor) -> Decision:
    if isinstance(by, User) and not by.has_perm(PERMISSION):
        return deny("Only people who look after the integrations can steer work.")
    return ALLOW


def can_retry(item: Item, by: Actor) -> Decision:
    """A parked item may be tried again."""
    if item.state != Item.State.PARKED:
        return deny(f"This item is not parked: it is {item.get_state_display().lower()}.")
    return _may_steer(by)


def can_park(item: Item, by: Actor, reason: str) -> Decision:
    """A waiting item may be set aside, with a reason."""
    if item.state != Item.State.READY:
        return deny(f"This item does not wait: it is {item.get_state_display().lower()}.")
    if not reason.strip():
        return deny("Say why the item is set aside.")
    return _may_steer(by)


def can_unblock(lane: Lane, by: Actor) -> Decision:
    """A blocked lane may go on without its parked head."""
    if not lane.blocked:
        return deny("This lane is not blocked.")
    return _may_steer(by)
