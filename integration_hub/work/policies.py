"""Who may steer work, and when."""

from django.conf import settings

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people import four_eyes, proposals
from integration_hub.people.models import User
from integration_hub.trail.record import Actor
from integration_hub.work.models import Item, Lane, Overtaking, Stage
from integration_hub.work.queries import Overtakers

PERMISSION = "hub_work.steer_item"
APPROVE = "hub_work.approve_overtaking"


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


def needs_second(lane: Lane, behind: Overtakers) -> str:
    """Why nobody lets these items overtake alone, or an empty string."""
    if lane.stage == Stage.POST:
        return "What this lane does is posted to another system: its order is not changed by one person."
    return four_eyes.needs_second(money=behind.money, alone=settings.ALONE_OVERTAKING)


def can_overtake_alone(lane: Lane, behind: Overtakers, by: Actor) -> Decision:
    """A person alone lets pass only what needs no second one."""
    if isinstance(by, User) and (why := needs_second(lane, behind)):
        return deny(f"A second person has to agree. {why}")
    return ALLOW


def can_approve_overtaking(overtaking: Overtaking, by: User) -> Decision:
    """A second person decides; whoever proposed it does not."""
    if not (decision := proposals.can_decide(overtaking, "proposal", by)):
        return decision
    if not by.may_see(overtaking.lane.legal_entity):
        return deny("This lane belongs to a legal entity you do not work for.")
    return ALLOW if by.has_perm(APPROVE) else deny("Your role does not approve that items overtake.")


def can_withdraw_overtaking(overtaking: Overtaking, by: User) -> Decision:
    """Its author may take it back until it is decided."""
    return proposals.can_withdraw(overtaking, "proposal", by)
