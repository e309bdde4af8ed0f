"""The rules of reconciliations of pairs."""

from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from reconciliation import policies
from reconciliation.models import PairBreak, Suggestion
from tests.integration.policies.matrix import ALL, HERE, Row

DECIDERS = frozenset({Role.FINANCE, Role.BILLING_ANALYST})
OTHERS = "Only finance and billing analysts can decide on breaks."
OUTSIDE = "US01 is outside your scope."
ORDER = ("state", "role", "place")
OWN = "own"


def broken(state: str, **more: str) -> PairBreak:
    return PairBreak(state=state, legal_entity=HERE, **{"kind": "amount", "explained_by": "somebody", **more})


def ask_explain(user: User, state: str) -> Decision:
    row = broken("open", kind="timing") if state == "timing" else broken(state)
    return policies.can_explain(row, user)


def ask_confirm(user: User, state: str) -> Decision:
    row = broken("proposed", explained_by=user.username) if state == OWN else broken(state)
    return policies.can_confirm(row, user)


def ask_accept(user: User, state: str) -> Decision:
    own = state == OWN
    row = Suggestion(
        state="proposed" if own else state, legal_entity=HERE, proposed_by=user.username if own else "somebody"
    )
    return policies.can_accept(row, user)


def ask_reject(user: User, state: str) -> Decision:
    return policies.can_reject(Suggestion(state=state, legal_entity=HERE), user)


ROWS = (
    Row(
        rule=policies.can_reconcile,
        ask=lambda by, _: policies.can_reconcile(by, HERE),
        may=DECIDERS,
        others="Only finance and billing analysts can reconcile.",
        outside=OUTSIDE,
        system=True,
    ),
    Row(
        rule=policies.can_see,
        ask=lambda by, _: policies.can_see(by, HERE),
        may=ALL,
        outside=OUTSIDE,
        system=True,
    ),
    Row(
        rule=policies.can_explain,
        ask=ask_explain,
        may=DECIDERS,
        others=OTHERS,
        states={
            "open": "",
            "timing": "It is under way between the systems: it agrees by itself, or becomes a break when it is late.",
            "proposed": "Its state: waits for a second person.",
            "explained": "Its state: explained.",
            "closed": "Its state: agrees again.",
        },
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_mend,
        ask=lambda by, state: policies.can_mend(broken(state), by),
        may=DECIDERS,
        others=OTHERS,
        states={"open": "", "proposed": "", "explained": "", "closed": "Both sides agree again."},
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_confirm,
        ask=ask_confirm,
        may=DECIDERS,
        others=OTHERS,
        states={
            "proposed": "",
            OWN: "You explained it: a second person has to confirm.",
            "open": "Its state: open.",
            "explained": "Its state: explained.",
        },
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_reopen,
        ask=lambda by, state: policies.can_reopen(broken(state), by),
        may=DECIDERS,
        others=OTHERS,
        states={"proposed": "", "explained": "", "open": "Its state: open."},
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_accept,
        ask=ask_accept,
        may=DECIDERS,
        others=OTHERS,
        states={
            "open": "",
            "proposed": "",
            "confirmed": "",
            OWN: "You accepted it first: a second person has to do it as well.",
            "accepted": "Its state: accepted.",
            "rejected": "Its state: rejected.",
        },
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_reject,
        ask=ask_reject,
        may=DECIDERS,
        others=OTHERS,
        states={"open": "", "accepted": "", "confirmed": "", "rejected": "Its state: rejected."},
        outside=OUTSIDE,
        order=ORDER,
    ),
)
