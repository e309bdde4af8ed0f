"""Who may post costs, and why not."""

from costs import stops
from costs.models import Purchase, Reimbursement
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User

NOTHING = "There is nothing to pay: it waits for further expenses of its report."


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


def may_post_reimbursements(user: User) -> Decision:
    """Whether the person may post reimbursements of any legal entity."""
    allowed = user.has_perm("costs.post_reimbursement")
    return ALLOW if allowed else deny("Only finance can post what people are owed.")


def can_post_reimbursement(row: Reimbursement, user: User) -> Decision:
    """Whether the person may send this reimbursement to the ERP."""
    for decision in (may_post_reimbursements(user), _is_due(row, user)):
        if not decision:
            return decision
    if row.accepted_by == user.username:
        return deny("You accepted what stopped it: a second person posts it.")
    if row.amount <= 0:
        return deny(NOTHING)
    if found := stops.standing(row):
        return deny(f"{found[0]} Somebody has to accept that first.")
    return ALLOW


def can_accept_reimbursement(row: Reimbursement, user: User, reason: str = "given") -> Decision:
    """Whether the person may let a reimbursement pass although something stops it."""
    if not user.has_perm("costs.accept_reimbursement"):
        return deny("Only finance can accept what stops a reimbursement.")
    if not (decision := _is_due(row, user)):
        return decision
    if row.amount <= 0:
        return deny(NOTHING)
    if not stops.standing(row):
        return deny("Nothing stops it.")
    return ALLOW if reason.strip() else deny("Say why: the reason is kept in the trail.")


def _is_due(row: Reimbursement, user: User) -> Decision:
    """Whether it is to be posted at all, and by this person: nobody decides on their own money, nor on what they
    approved (billing.md §5.1).
    """
    code = row.legal_entity.code
    if not user.all_legal_entities and code not in user.legal_entities:
        return deny(f"You do not work for {code}.")
    if row.status != Reimbursement.Status.DUE:
        return deny(f"It is not to be posted: it is “{row.get_status_display()}”.")
    address = user.email.lower()
    if address and row.resource.email.lower() == address:
        return deny("It is your own money: somebody else decides about it.")
    approved = row.items.filter(claim__approver__email__iexact=address) if address else row.items.none()
    if approved.exists():
        return deny("You approved an expense in it: somebody else decides about it.")
    return ALLOW
