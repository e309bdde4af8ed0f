"""Who decides what other systems are told."""

from collections.abc import Sequence

from integration_hub.downstream.models import Stream
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

SEE, CHANGE = "hub_downstream.view_stream", "hub_downstream.change_stream"


def can_set_up(by: Actor, legal_entities: Sequence[str]) -> Decision:
    """Integration administrators, each for the legal entities he works for: what is told leaves the house."""
    if not isinstance(by, User):
        return ALLOW
    if not by.has_perm(CHANGE):
        return deny("Only integration administrators decide what other systems are told.")
    if not legal_entities and not by.all_legal_entities:
        return deny("A stream of all legal entities is set up by somebody who works for all of them.")
    outside = [code for code in legal_entities if not by.may_see(code)]
    if outside:
        return deny(f"Legal entity {', '.join(outside)} is outside your scope.")
    return ALLOW


def can_run(stream: Stream, by: Actor) -> Decision:
    """Pausing, resuming, telling again and leaving out: who may set the stream up."""
    return can_set_up(by, stream.legal_entities)


def can_leave_out(stream: Stream, by: Actor) -> Decision:
    """An event is left out where the stream stopped at it."""
    if stream.state != Stream.State.STOPPED:
        return deny("The stream has not stopped at an event.")
    return can_run(stream, by)
