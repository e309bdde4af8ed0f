"""The rules of progress."""

from contracts import policies
from contracts.models import Contract, ContractLine, LegalEntity, ProgressMeasure
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from tests.integration.policies.matrix import HERE, Row

OUTSIDE = "Legal entity US01 is outside your scope."
DECIDERS = frozenset({Role.PMO, Role.FINANCE})
NO_DECIDER = "Only PMO and finance can decide on progress that fell."
DECIDED = {"in_force": "This measure is in force.", "declined": "This measure is declined.", "questioned": ""}
ORDER = ("state", "role", "place")


def line(state: str) -> ContractLine:
    method, _, status = state.partition(" ")
    contract = Contract(number="C-1", status=status, legal_entity=LegalEntity(code=HERE))
    return ContractLine(number=1, method=method, contract=contract)


def measure(state: str) -> ProgressMeasure:
    status = state
    return ProgressMeasure(line=line("progress active"), status=status, recorded_by="somebody")


def ask_decide(by: User, state: str) -> Decision:
    return policies.can_decide_progress(measure(state), by)


ROWS = (
    Row(
        rule=policies.can_measure,
        ask=lambda by, state: policies.can_measure(line(state), by),
        may=frozenset({Role.PMO, Role.DELIVERY_LEAD}),
        others="Only delivery leads and PMO can record progress.",
        states={
            "progress active": "",
            "progress suspended": "",
            "progress completed": "",
            "progress terminated": "",
            "tm active": "Line 1 is not billed by progress.",
            "progress signed": "This contract is signed, activating.",
            "progress closed": "This contract is closed.",
        },
        outside=OUTSIDE,
        order=("role", "place", "state"),
    ),
    Row(
        rule=policies.can_decide_progress,
        ask=ask_decide,
        may=DECIDERS,
        others=NO_DECIDER,
        states=DECIDED,
        outside=OUTSIDE,
        order=ORDER,
    ),
    Row(
        rule=policies.can_decline_progress,
        ask=lambda by, state: policies.can_decline_progress(measure(state), by),
        may=DECIDERS,
        others=NO_DECIDER,
        states=DECIDED,
        outside=OUTSIDE,
        order=ORDER,
    ),
)
