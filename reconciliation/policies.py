"""Who may run tie-outs and reconciliations, and decide on what they found."""

from decimal import Decimal

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor
from reconciliation.models import ClosePack, PairBreak, PeriodClose, Suggestion

PERMISSION = "reconciliation.run_tieout"
RECONCILE = "reconciliation.run_pairrun"
DECIDE = "reconciliation.decide_pairbreak"
SEE = "reconciliation.view_pairrun"
SEE_CLOSE = "reconciliation.view_periodclose"
SIGN = "reconciliation.sign_periodclose"
SEE_COSTS = "costs.view_cost"


def can_run(by: Actor) -> Decision:
    """Finance and billing analysts; the machine every day."""
    if isinstance(by, User) and not by.has_perm(PERMISSION):
        return deny("Only finance and billing analysts can run a tie-out.")
    return ALLOW


def can_reconcile(by: Actor, legal_entity: str) -> Decision:
    """Finance and billing analysts, for their legal entities; the machine every day for all."""
    if isinstance(by, User) and not by.has_perm(RECONCILE):
        return deny("Only finance and billing analysts can reconcile.")
    return can_see(by, legal_entity)


def can_see(by: Actor, legal_entity: str) -> Decision:
    """Runs of one legal entity are for its people; those of all for everybody, each seeing their part."""
    if isinstance(by, User) and legal_entity and not by.may_see(legal_entity):
        return deny(f"{legal_entity} is outside your scope.")
    return ALLOW


def can_explain(row: PairBreak, by: User) -> Decision:
    """Saying why a break is right as it is."""
    if row.state != PairBreak.State.OPEN:
        return deny(f"Its state: {row.get_state_display().lower()}.")
    if row.kind == PairBreak.Kind.TIMING:
        return deny("It is under way between the systems: it agrees by itself, or becomes a break when it is late.")
    return _decides(row.legal_entity, by)


def can_mend(row: PairBreak, by: User) -> Decision:
    """Bringing both sides of a break up to date and reconciling again, also of what is under way."""
    if row.state == PairBreak.State.CLOSED:
        return deny("Both sides agree again.")
    return _decides(row.legal_entity, by)


def can_confirm(row: PairBreak, by: User) -> Decision:
    """Confirming what another person explained."""
    if row.state != PairBreak.State.PROPOSED:
        return deny(f"Its state: {row.get_state_display().lower()}.")
    if row.explained_by == by.username:
        return deny("You explained it: a second person has to confirm.")
    return _decides(row.legal_entity, by)


def can_reopen(row: PairBreak, by: User) -> Decision:
    """Declining an explanation, or taking it back."""
    if row.state not in (PairBreak.State.PROPOSED, PairBreak.State.EXPLAINED):
        return deny(f"Its state: {row.get_state_display().lower()}.")
    return _decides(row.legal_entity, by)


def can_accept(row: Suggestion, by: User) -> Decision:
    """Saying that items belong together; with much money the second of two people says it."""
    if row.state not in (Suggestion.State.OPEN, Suggestion.State.PROPOSED, Suggestion.State.CONFIRMED):
        return deny(f"Its state: {row.get_state_display().lower()}.")
    if row.state == Suggestion.State.PROPOSED and row.proposed_by == by.username:
        return deny("You accepted it first: a second person has to do it as well.")
    return _decides(row.legal_entity, by)


def can_reject(row: Suggestion, by: User) -> Decision:
    """Saying that items do not belong together, also of what was accepted before."""
    if row.state in (Suggestion.State.REJECTED, Suggestion.State.WITHDRAWN):
        return deny(f"Its state: {row.get_state_display().lower()}.")
    return _decides(row.legal_entity, by)


def needs_second(amount: Decimal, threshold: Decimal | None) -> bool:
    """Whether a decision over so much money takes two people."""
    return threshold is not None and abs(amount) >= threshold


def _decides(legal_entity: str, by: User) -> Decision:
    if not by.has_perm(DECIDE):
        return deny("Only finance and billing analysts can decide on breaks.")
    if not by.may_see(legal_entity):
        return deny(f"{legal_entity or 'What belongs to no legal entity'} is outside your scope.")
    return ALLOW


# -- closes ------------------------------------------------------------------------------------------------------------


def can_open_close(by: Actor, legal_entity: str) -> Decision:
    """Finance, for its legal entities; the machine when a month is over."""
    if not isinstance(by, User):
        return ALLOW
    return _closes(legal_entity, by)


def can_accept_findings(close: PeriodClose, pack: ClosePack | None, by: User) -> Decision:
    """Saying why findings may stand, or taking that back, while nothing is signed."""
    if pack is not None:
        return deny("It is signed: reopen it first.")
    return _closes(close.legal_entity, by)


def can_sign(close: PeriodClose, pack: ClosePack | None, blockers: int, by: User) -> Decision:
    """The first signature, and the second by another person, over a period in whose way nothing stands."""
    if pack is not None and pack.state == ClosePack.State.SIGNED:
        return deny("It is signed by two people.")
    if pack is not None and pack.first_by == by.username:
        return deny("You signed it first: a second person has to sign.")
    if blockers:
        return deny(f"{blockers} check{'s stand' if blockers > 1 else ' stands'} in its way.")
    return _closes(close.legal_entity, by)


def can_reopen_close(close: PeriodClose, pack: ClosePack | None, by: User) -> Decision:
    """Voiding what was signed; it is kept."""
    if pack is None:
        return deny("Nothing is signed.")
    return _closes(close.legal_entity, by)


def can_take_pack(by: User) -> Decision:
    """A pack holds costs, so it is for those who may see them."""
    return ALLOW if by.has_perm(SEE_COSTS) else deny("A pack holds costs, which your role does not see.")


def _closes(legal_entity: str, by: User) -> Decision:
    if not by.has_perm(SIGN):
        return deny("Only finance closes periods.")
    if not by.may_see(legal_entity):
        return deny(f"{legal_entity} is outside your scope.")
    return ALLOW
