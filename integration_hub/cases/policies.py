"""Who may do what with a case."""

from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS, still_holds
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

PERMISSION = "hub_cases.handle_case"


def can_see(case: Case, by: Actor) -> Decision:
    """A person sees the cases of his legal entities; system parts see all."""
    if isinstance(by, User) and not by.may_see(case.legal_entity):
        return deny("This case belongs to a legal entity you do not work for.")
    return ALLOW


def can_handle(case: Case, by: Actor) -> Decision:
    """Whether somebody may act on an open case at all."""
    if not (seen := can_see(case, by)):
        return seen
    if isinstance(by, User) and not by.has_perm(PERMISSION):
        return deny("Your role does not handle exceptions.")
    if not case.is_open:
        return deny("This case is already resolved.")
    return ALLOW


def can_assign(case: Case, by: Actor, to: User) -> Decision:
    """Whether a case may be given to `to`: he must be able to see and to handle it."""
    if not (allowed := can_handle(case, by)):
        return allowed
    if not to.is_active:
        return deny(f"{to.label} does not work here any more.")
    if not to.may_see(case.legal_entity):
        return deny(f"{to.label} does not work for this legal entity.")
    if not to.has_perm(PERMISSION):
        return deny(f"The role of {to.label} does not handle exceptions.")
    if case.status == Case.Status.ASSIGNED and case.assigned_to_id == to.pk:
        return deny(f"This case is already assigned to {to.label}.")
    return ALLOW


def can_delegate(case: Case, by: User, to: User | None = None) -> Decision:
    """Only the owner lets somebody stand in, who handles exceptions himself: nobody gets a right by it."""
    if not (allowed := can_handle(case, by)):
        return allowed
    if case.assigned_to_id != by.pk:
        return deny("Only its owner can let somebody stand in: take it first.")
    if to is None:
        return ALLOW
    if to.pk == by.pk:
        return deny("You cannot stand in for yourself.")
    if not to.is_active:
        return deny(f"{to.label} does not work here any more.")
    if not to.may_see(case.legal_entity):
        return deny(f"{to.label} does not work for this legal entity.")
    return ALLOW if to.has_perm(PERMISSION) else deny(f"The role of {to.label} does not handle exceptions.")


def can_take_back(case: Case, by: User) -> Decision:
    """The owner ends it, or who stands in for him."""
    if not (allowed := can_handle(case, by)):
        return allowed
    if case.delegate_id is None:
        return deny("Nobody stands in for its owner.")
    if by.pk not in (case.assigned_to_id, case.delegate_id):
        return deny("Only its owner and who stands in for him can end it.")
    return ALLOW


def can_snooze(case: Case, by: Actor, reason: str) -> Decision:
    """Snoozing needs a reason."""
    if not (allowed := can_handle(case, by)):
        return allowed
    return ALLOW if reason.strip() else deny("Say why the case can wait.")


def can_comment(case: Case, by: User) -> Decision:
    """Whoever sees a case and handles cases may comment, also when it is resolved."""
    if not (seen := can_see(case, by)):
        return seen
    return ALLOW if by.has_perm(PERMISSION) else deny("Your role does not handle exceptions.")


def can_resolve(case: Case, by: Actor, outcome: str, text: str) -> Decision:
    """Mended (`manual`): only when it no longer holds. Accepted (`override`): with a reason."""
    if not (allowed := can_handle(case, by)):
        return allowed
    if outcome not in (Case.Outcome.MANUAL, Case.Outcome.OVERRIDE):
        return deny("A person resolves a case as mended or overrides it.")
    if not text.strip():
        return deny("Say how it was mended." if outcome == Case.Outcome.MANUAL else "An override needs a reason.")
    kind = KINDS.find(case.code)
    if outcome == Case.Outcome.MANUAL and kind and still_holds(case.code, case.root_cause):
        return deny(f"It still holds. It closes itself when {kind.closes_when}. Override it with a reason if you must.")
    return ALLOW


def can_retry(case: Case, by: Actor) -> Decision:
    """Only kinds that stopped work can be retried."""
    if not (allowed := can_handle(case, by)):
        return allowed
    kind = KINDS.find(case.code)
    return ALLOW if kind and kind.retry else deny("Nothing waits behind this case that could be tried again.")
