"""The rules of write-downs and postponements."""

from billing import policies
from billing.models import WriteDown
from contracts.models import LegalEntity
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from tests.integration.policies.matrix import HERE, Row

PROPOSERS = frozenset({Role.FINANCE, Role.BILLING_ANALYST, Role.PMO, Role.DELIVERY_LEAD})
APPROVERS = PROPOSERS - {Role.BILLING_ANALYST}
NO_PROPOSER = "Only delivery leads, PMO, billing analysts and finance can write work down or postpone it."
OUTSIDE = "Legal entity US01 is outside your scope."
ENDED = {"reversed": "reversed", "refused": "refused", "withdrawn": "withdrawn"}
STATE_FIRST = ("state", "role", "place")


def row(status: str, *, kind: str = "write_down", proposed: int = 99, reversing: int | None = None) -> WriteDown:
    return WriteDown(
        pk=1, status=status, kind=kind, legal_entity=LegalEntity(code=HERE), proposed_by_id=proposed,
        reversal_by_id=reversing,
    )  # fmt: skip


def said(words: dict[str, str], *allowed: str, noun: str = "write-down") -> dict[str, str]:
    return {**{status: f"This {noun} is {told}." for status, told in words.items()}, **dict.fromkeys(allowed, "")}


def ask_approve(by: User, state: str) -> Decision:
    if state == "own":
        return policies.can_approve_write_down(row("proposed", proposed=by.pk), by)
    if state == "own reversal":
        return policies.can_approve_write_down(row("reversing", reversing=by.pk), by)
    return policies.can_approve_write_down(row(state, reversing=99 if state == "reversing" else None), by)


ROWS = (
    Row(
        rule=policies.can_propose_write_down,
        ask=lambda by, _: policies.can_propose_write_down(by, HERE),
        may=PROPOSERS,
        others=NO_PROPOSER,
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_approve_write_down,
        ask=ask_approve,
        may=APPROVERS,
        others="Only delivery leads, PMO and finance can approve write-downs.",
        states={
            **said({**ENDED, "in_force": "in force"}, "proposed", "reversing"),
            "own": "You proposed this, so someone else must approve it.",
            "own reversal": "You proposed this, so someone else must approve it.",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_drop_write_down,
        ask=lambda by, status: policies.can_drop_write_down(row(status), by),
        may=APPROVERS,
        others="Only who proposed it and those who may approve it can drop it.",
        states=said({**ENDED, "in_force": "in force", "reversing": "reversal proposed"}, "proposed"),
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_reverse_write_down,
        ask=lambda by, status: policies.can_reverse_write_down(row(status), by),
        may=PROPOSERS,
        others=NO_PROPOSER,
        states=said({**ENDED, "proposed": "proposed", "reversing": "reversal proposed"}, "in_force"),
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_refuse_reversal,
        ask=lambda by, status: policies.can_refuse_reversal(row(status, reversing=99), by),
        may=APPROVERS,
        others="Only who proposed the reversal and those who may approve it can drop it.",
        states=said({**ENDED, "proposed": "proposed", "in_force": "in force"}, "reversing"),
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=policies.can_bring_back,
        ask=lambda by, status: policies.can_bring_back(row(status, kind="postponement"), by),
        may=PROPOSERS,
        others=NO_PROPOSER,
        states=said({"reversed": "reversed"}, "in_force", noun="postponement"),
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
)
