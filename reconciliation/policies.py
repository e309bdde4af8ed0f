"""Who may run a tie-out."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

PERMISSION = "reconciliation.run_tieout"


def can_run(by: Actor) -> Decision:
    """Finance and billing analysts; the machine every day."""
    if isinstance(by, User) and not by.has_perm(PERMISSION):
        return deny("Only finance and billing analysts can run a tie-out.")
    return ALLOW
