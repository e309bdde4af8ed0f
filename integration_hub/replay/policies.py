"""Who may plan a replay, and who may let it run."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.replay.models import PLAN_MOVES, Plan

PLAN = "hub_replay.plan_replay"
APPROVE = "hub_replay.approve_replay"
STEER_EFFECTS = "hub_effects.retry_effect"
RUN_FEEDS = "hub_intake.run_feed"
NEEDED = {Plan.Kind.EFFECT: STEER_EFFECTS, Plan.Kind.SOURCE: RUN_FEEDS}
"""What a person must be allowed to do with one item to do it with many."""
State = Plan.State


def can_plan(kind: str, by: User) -> Decision:
    """Choosing items and having them forecast changes nothing yet."""
    if not by.has_perm(PLAN):
        return deny("Your role does not plan replays.")
    if kind == Plan.Kind.SOURCE and not by.all_legal_entities:
        return deny("Source records belong to no legal entity: only people who see all of them can replay them.")
    return ALLOW


def can_forecast(plan: Plan, by: User) -> Decision:
    """A forecast may be made anew until the plan is approved, and gone on with where it stopped."""
    if plan.state != State.READY and not (plan.state == State.FORECASTING and plan.failure):
        return deny(f"This plan is {plan.get_state_display().lower()}: it is not forecast again.")
    return can_plan(plan.kind, by)


def can_approve(plan: Plan, by: User) -> Decision:
    """Above the limits of one person, whoever planned it cannot approve it."""
    if plan.state != State.READY:
        return deny(f"This plan is {plan.get_state_display().lower()}: there is nothing to approve.")
    if (may := _may_steer(plan, by)).allowed and plan.four_eyes and plan.planned_by_id == by.pk:
        return deny(f"You planned it, so someone else must approve it: {plan.four_eyes}")
    return may


def can_pause(plan: Plan, by: User) -> Decision:
    """Only what runs can be paused."""
    if plan.state != State.RUNNING:
        return deny(f"This plan does not run: it is {plan.get_state_display().lower()}.")
    return _may_steer(plan, by)


def can_resume(plan: Plan, by: User) -> Decision:
    """Only what is paused can go on; the approval stands, for the set has not changed."""
    if plan.state != State.PAUSED:
        return deny(f"This plan is not paused: it is {plan.get_state_display().lower()}.")
    return _may_steer(plan, by)


def can_cancel(plan: Plan, by: User) -> Decision:
    """A plan that is not over may be cancelled, by its maker as well."""
    if not PLAN_MOVES.allows(plan.state, State.CANCELLED):
        return deny(f"This plan is {plan.get_state_display().lower()}: there is nothing to cancel.")
    if plan.planned_by_id == by.pk and by.has_perm(PLAN):
        return ALLOW
    return _may_steer(plan, by)


def _may_steer(plan: Plan, by: User) -> Decision:
    if not all(by.may_see(code) for code in plan.legal_entities):
        return deny("This plan holds items of a legal entity you do not work for.")
    if not by.has_perm(APPROVE):
        return deny("Your role does not approve replays.")
    if not by.has_perm(NEEDED[Plan.Kind(plan.kind)]):
        return deny(f"Approving needs the right for a single item too: {NEEDED[Plan.Kind(plan.kind)]}.")
    return ALLOW
