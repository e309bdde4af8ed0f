"""Who may post costs, and why not."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User


def may_post(user: User) -> Decision:
    """Whether the person may post costs of any legal entity."""
    return ALLOW if user.has_perm("costs.post_cost") else deny("Only finance can post costs.")


def can_post(user: User, legal_entity: str) -> Decision:
    """Whether the person may post the costs of a legal entity."""
    if not (decision := may_post(user)):
        return decision
    if not user.all_legal_entities and legal_entity not in user.legal_entities:
        return deny(f"You do not work for {legal_entity}.")
    return ALLOW
