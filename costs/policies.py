"""Who may post costs, and why not."""

from costs.models import Purchase
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


def can_decide(purchase: Purchase, user: User, handling: str = "recharge", reason: str = "given") -> Decision:
    """Whether the person may say what becomes of a purchase."""
    if not user.has_perm("costs.decide_purchase"):
        return deny("Only finance and billing can decide what becomes of purchases.")
    if purchase.is_deleted:
        return deny("Its source has deleted this purchase.")
    if handling not in Purchase.Handling.values or handling == Purchase.Handling.UNDECIDED:
        return deny("Say what becomes of it: charged on, paid for hours, or borne by us.")
    if not reason.strip():
        return deny("Say why: the reason is kept in the trail.")
    code = purchase.legal_entity.code
    if not user.all_legal_entities and code not in user.legal_entities:
        return deny(f"You do not work for {code}.")
    return ALLOW
