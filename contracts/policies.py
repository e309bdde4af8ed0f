"""Who may do what to what was agreed, and why not."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User


def can_enter_rates(user: User) -> Decision:
    """Whether the person may enter exchange rates. They are the firm's, so they hold for every legal entity."""
    if not user.has_perm("contracts.add_exchangerate"):
        return deny("Only finance can enter exchange rates.")
    if not user.all_legal_entities:
        return deny("Exchange rates hold for every legal entity; ask somebody who sees them all.")
    return ALLOW
