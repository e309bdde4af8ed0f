"""Who may try an effect again, withdraw it, or declare what became of it."""

from integration_hub.effects.ledger import OVER
from integration_hub.effects.models import EFFECT_MOVES, Correction, Effect
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people import proposals
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

PERMISSION = "hub_effects.retry_effect"
CORRECT = "hub_effects.add_correction"
APPROVE = "hub_effects.approve_correction"
State = Effect.State


def _may(effect: Effect, by: Actor) -> Decision:
    if isinstance(by, User):
        if not by.may_see(effect.legal_entity):
            return deny("This effect belongs to a legal entity you do not work for.")
        if not by.has_perm(PERMISSION):
            return deny("Your role does not steer effects.")
    return ALLOW


def can_retry(effect: Effect, by: Actor) -> Decision:
    """Everything that is not finished may be tried again; what is unknown is asked about first."""
    if effect.state in OVER:
        return deny(f"This effect is {effect.get_state_display().lower()}: there is nothing to try again.")
    if effect.state == State.CONFLICT:
        return deny("The same key came with other content. Withdraw it or plan a new revision.")
    return _may(effect, by)


def can_look(effect: Effect, by: Actor) -> Decision:
    """What is confirmed may be read once more: somebody may have changed it in the target."""
    if effect.state != State.CONFIRMED:
        return deny(f"Only what is confirmed is there to be read: this effect is {effect.get_state_display().lower()}.")
    return _may(effect, by)


def can_correct(effect: Effect, by: User) -> Decision:
    """What was refused may be corrected where its write says which fields may be."""
    if effect.state != State.REJECTED:
        return deny(f"Only what was refused can be corrected: this effect is {effect.get_state_display().lower()}.")
    if effect.reverses_id is not None:
        return deny("A reversal says what it reverses; it is not corrected by itself.")
    if not by.may_see(effect.legal_entity):
        return deny("This effect belongs to a legal entity you do not work for.")
    return ALLOW if by.has_perm(CORRECT) else deny("Your role does not correct effects.")


def can_approve_correction(correction: Correction, effect: Effect, by: User) -> Decision:
    """A second person decides; whoever made the correction does not."""
    if not (decision := proposals.can_decide(correction, "correction", by)):
        return decision
    if not by.may_see(effect.legal_entity):
        return deny("This effect belongs to a legal entity you do not work for.")
    return ALLOW if by.has_perm(APPROVE) else deny("Your role does not approve corrections.")


def can_withdraw_correction(correction: Correction, by: User) -> Decision:
    """Its author may take it back until it is decided."""
    return proposals.can_withdraw(correction, "correction", by)


def can_cancel(effect: Effect, by: Actor, reason: str) -> Decision:
    """Only what was certainly not done may be withdrawn, with a reason."""
    if not EFFECT_MOVES.allows(effect.state, State.CANCELLED):
        return deny(f"This effect is {effect.get_state_display().lower()}: it can no longer be withdrawn.")
    if not reason.strip():
        return deny("Say why it is withdrawn.")
    return _may(effect, by)


def can_declare(effect: Effect, by: Actor, reason: str) -> Decision:
    """A person may close an unknown outcome after looking into the target himself."""
    if effect.state != State.UNKNOWN:
        return deny(f"The outcome is not unknown: this effect is {effect.get_state_display().lower()}.")
    if not reason.strip():
        return deny("Say what you found in the target.")
    return _may(effect, by)


def can_keep_gates(by: Actor) -> Decision:
    """Posting gates are kept by administrators."""
    if isinstance(by, User) and not by.has_perm("hub_effects.change_postinggate"):
        return deny("Only integration administrators keep posting windows.")
    return ALLOW


def can_move_on(effect: Effect, by: Actor, reason: str) -> Decision:
    """What waits for its window may be dated into the next period, with a reason."""
    if effect.state != State.WAITING:
        return deny(f"This effect does not wait for a window: it is {effect.get_state_display().lower()}.")
    if not reason.strip():
        return deny("Say why it goes into the next period.")
    return _may(effect, by)
