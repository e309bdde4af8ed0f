"""The rules of what people are owed: who sends it to the ERP, and who accepts what stops it."""

from decimal import Decimal

from contracts.models import LegalEntity, Resource
from costs import policies as costs
from costs.models import Reimbursement
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from tests.integration.policies.matrix import HERE, Row

FINANCE = frozenset({Role.FINANCE})
PLACE_FIRST = ("role", "place", "state")
NOTHING = "There is nothing to pay: it waits for further expenses of its report."
OWN = "It is your own money: somebody else decides about it."
POSTED = "It is not to be posted: it is “Payable in the ERP”."


def owed(by: User, state: str) -> Reimbursement:
    """A reimbursement nobody stored, of the person who is asked where it is their own."""
    address = "me@firm.example"
    by.email = address if state == "own" else ""
    return Reimbursement(
        pk=0,
        legal_entity=LegalEntity(code=HERE),
        resource=Resource(name="Ann Lee", email=address),
        status="payable" if state == "posted" else "due",
        amount=Decimal(0 if state == "nothing" else 5),
        currency="USD",
        accepted_by=by.username if state == "accepted by oneself" else "",
    )


def ask_post(by: User, state: str) -> Decision:
    return costs.can_post_reimbursement(owed(by, state), by)


def ask_accept(by: User, state: str) -> Decision:
    return costs.can_accept_reimbursement(owed(by, state), by)


ROWS = (
    Row(
        rule=costs.can_post_reimbursement,
        ask=ask_post,
        may=FINANCE,
        others="Only finance can post what people are owed.",
        states={
            "due": "",
            "posted": POSTED,
            "own": OWN,
            "accepted by oneself": "You accepted what stopped it: a second person posts it.",
            "nothing": NOTHING,
        },
        outside=f"You do not work for {HERE}.",
        order=PLACE_FIRST,
    ),
    Row(
        rule=costs.can_accept_reimbursement,
        ask=ask_accept,
        may=FINANCE,
        others="Only finance can accept what stops a reimbursement.",
        states={
            "due": "Nothing stops it.",
            "posted": POSTED,
            "own": OWN,
            "nothing": NOTHING,
        },
        outside=f"You do not work for {HERE}.",
        order=PLACE_FIRST,
    ),
)
