"""The rules of transfer prices."""

from contracts import policies
from contracts.models import LegalEntity, TransferPrice
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from tests.integration.policies.matrix import HERE, Row

FINANCE = frozenset({Role.FINANCE})
AWAY = "You work for neither DE01 nor US01."
NO_DECIDER = "Only finance can decide on transfer prices."


def price(by: User, state: str) -> TransferPrice:
    return TransferPrice(
        lender=LegalEntity(code="DE01"),
        borrower=LegalEntity(code=HERE),
        proposed_by=by.username if state == "mine" else "somebody",
        approved_at=now() if state == "in force" else None,
        withdrawn_at=now() if state == "withdrawn" else None,
    )


def ask_withdraw(by: User, state: str) -> Decision:
    return policies.can_withdraw_transfer_price(price(by, state), by, " " if state == "without a reason" else "Wrong")


ROWS = (
    Row(
        rule=policies.can_propose_transfer_price,
        ask=lambda by, _: policies.can_propose_transfer_price(by, "DE01", HERE),
        may=FINANCE,
        others="Only finance can propose transfer prices.",
        outside=AWAY,
    ),
    Row(
        rule=policies.can_approve_transfer_price,
        ask=lambda by, state: policies.can_approve_transfer_price(price(by, state), by),
        may=FINANCE,
        others=NO_DECIDER,
        states={
            "proposed": "",
            "in force": "This transfer price is not proposed any more.",
            "withdrawn": "This transfer price is not proposed any more.",
        },
        outside=AWAY,
        order=("state", "role", "place"),
    ),
    Row(
        rule=policies.can_approve_transfer_price,
        ask=lambda by, state: policies.can_approve_transfer_price(price(by, state), by),
        may=FINANCE,
        others=NO_DECIDER,
        states={"mine": "You proposed this, so someone else must approve it."},
        outside=AWAY,
    ),
    Row(
        rule=policies.can_withdraw_transfer_price,
        ask=ask_withdraw,
        may=FINANCE,
        others=NO_DECIDER,
        states={"proposed": "", "in force": "", "withdrawn": "This transfer price was withdrawn already."},
        outside=AWAY,
        order=("state", "role", "place"),
    ),
    Row(
        rule=policies.can_withdraw_transfer_price,
        ask=ask_withdraw,
        may=FINANCE,
        others=NO_DECIDER,
        states={"without a reason": "Say why: the reason is kept in the trail."},
        outside=AWAY,
    ),
)
