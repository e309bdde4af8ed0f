"""The rules of closing a period, and of who pays for a contract."""

from contracts import policies as contracts
from contracts.models import Contract, LegalEntity
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from reconciliation import policies
from reconciliation.models import ClosePack, PeriodClose
from tests.integration.policies.matrix import HERE, Row

CLOSERS = frozenset({Role.FINANCE})
OTHERS = "Only finance closes periods."
OUTSIDE = "US01 is outside your scope."
STATE_FIRST = ("state", "role", "place")
OWN = "own"


def close() -> PeriodClose:
    return PeriodClose(legal_entity=HERE)


def pack(user: User, state: str) -> ClosePack | None:
    """What stands: nothing, or what was signed once, by the person or somebody else, or twice."""
    if state in ("", "blocked"):
        return None
    return ClosePack(
        state="proposed" if state == OWN else state, first_by=user.username if state == OWN else "somebody"
    )


def ask_sign(user: User, state: str) -> Decision:
    return policies.can_sign(close(), pack(user, state), 2 if state == "blocked" else 0, user)


def ask_payers(user: User, state: str) -> Decision:
    return contracts.can_agree_payers(Contract(status=state, legal_entity=LegalEntity(code=HERE)), user)


ROWS = (
    Row(
        rule=policies.can_open_close,
        ask=lambda by, _: policies.can_open_close(by, HERE),
        may=CLOSERS,
        others=OTHERS,
        outside=OUTSIDE,
        system=True,
    ),
    Row(
        rule=policies.can_accept_findings,
        ask=lambda by, state: policies.can_accept_findings(close(), pack(by, state), by),
        may=CLOSERS,
        others=OTHERS,
        states={"": "", "proposed": "It is signed: reopen it first.", "signed": "It is signed: reopen it first."},
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_sign,
        ask=ask_sign,
        may=CLOSERS,
        others=OTHERS,
        states={
            "": "",
            "proposed": "",
            OWN: "You signed it first: a second person has to sign.",
            "signed": "It is signed by two people.",
            "blocked": "2 checks stand in its way.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_reopen_close,
        ask=lambda by, state: policies.can_reopen_close(close(), pack(by, state), by),
        may=CLOSERS,
        others=OTHERS,
        states={"proposed": "", "signed": "", "": "Nothing is signed."},
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_take_pack,
        ask=lambda by, _: policies.can_take_pack(by),
        may=frozenset({Role.FINANCE, Role.AUDITOR}),
        others="A pack holds costs, which your role does not see.",
    ),
    Row(
        rule=contracts.can_agree_payers,
        ask=ask_payers,
        may=CLOSERS,
        others="Only finance can say who pays for a contract.",
        states={
            "active": "",
            "signed": "",
            "terminated": "This contract is terminated.",
            "closed": "This contract is closed.",
        },
        outside="Legal entity US01 is outside your scope.",
    ),
)
