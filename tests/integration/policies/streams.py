"""The rules of streams."""

from integration_hub.downstream import policies as streams
from integration_hub.downstream.models import Stream
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role
from integration_hub.trail.record import Actor
from tests.integration.policies.matrix import HERE, Row

ADMIN = frozenset({Role.INTEGRATION_ADMIN})
OTHERS = "Only integration administrators decide what other systems are told."
EVERYWHERE = "A stream of all legal entities is set up by somebody who works for all of them."
OUTSIDE = f"Legal entity {HERE} is outside your scope."
RUNS = "The stream has not stopped at an event."


def ask_leave_out(by: Actor, state: str) -> Decision:
    return streams.can_leave_out(Stream(state=state, legal_entities=[HERE]), by)


ROWS = (
    Row(
        rule=streams.can_set_up,
        ask=lambda by, entities: streams.can_set_up(by, entities),
        may=ADMIN,
        others=OTHERS,
        states={(HERE,): "", (): EVERYWHERE},
        outside=OUTSIDE,
    ),
    Row(
        rule=streams.can_run,
        ask=lambda by, _: streams.can_run(Stream(legal_entities=[HERE]), by),
        may=ADMIN,
        others=OTHERS,
        outside=OUTSIDE,
        system=True,
    ),
    Row(
        rule=streams.can_leave_out,
        ask=ask_leave_out,
        may=ADMIN,
        others=OTHERS,
        states={"stopped": "", "running": RUNS, "paused": RUNS},
        outside=OUTSIDE,
        order=("state", "role", "place"),
        system=True,
    ),
)
