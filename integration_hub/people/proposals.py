"""What one person proposes and a second one decides: the row, the rules, and the decision, alike for every room."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions
from integration_hub.people.models import User

PROPOSED = "proposed"
SECOND_PERSON = ~Q(state="applied") | Q(four_eyes="") | ~Q(decided_by=F("proposed_by"))
"""Where a second person was needed, it was one: a check constraint of every proposal."""


class Proposal(Versioned):
    """A proposal: why, who made it, whether somebody else must agree, who decided. `state` is of each room."""

    reason = models.TextField()
    four_eyes = models.TextField(blank=True, help_text="Why a second person has to approve it; empty: nobody has to.")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="%(class)ss")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_%(class)ss"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        state: Any

        def get_state_display(self) -> str:
            """The state in words."""


def can_decide(proposal: Proposal, noun: str, by: User) -> Decision:
    """Whether it still waits, and for somebody else than who made it."""
    if proposal.state != PROPOSED:
        return deny(f"This {noun} is {proposal.get_state_display().lower()} already.")
    if proposal.proposed_by_id == by.pk:
        return deny(f"You made this {noun}, so someone else must decide on it.")
    return ALLOW


def can_withdraw(proposal: Proposal, noun: str, by: User) -> Decision:
    """Its author may take it back until it is decided."""
    if proposal.state != PROPOSED:
        return deny(f"This {noun} is {proposal.get_state_display().lower()} already.")
    article = "an" if noun[0] in "aeiou" else "a"
    return ALLOW if proposal.proposed_by_id == by.pk else deny(f"Only its author can withdraw {article} {noun}.")


def decide(
    proposal: Proposal, moves: Transitions, state: str, *, by: User | None, reason: str = "", **changes: Any
) -> None:
    """Move a proposal along its table; the caller holds its row. `by` is None where no person decided."""
    moves.check(proposal.state, state)
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, now()
    proposal.decision_reason = reason
    proposal.version += 1
    for name, value in changes.items():
        setattr(proposal, name, value)
    proposal.save()
