"""Who may resume a process or give it up."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.processes.models import Process
from integration_hub.trail.record import Actor

PERMISSION = "hub_processes.change_process"


def _may(process: Process, by: Actor) -> Decision:
    if isinstance(by, User):
        if not by.may_see(process.legal_entity):
            return deny("This process belongs to a legal entity you do not work for.")
        if not by.has_perm(PERMISSION):
            return deny("Your role does not steer processes.")
    return ALLOW


def can_resume(process: Process, by: Actor) -> Decision:
    """A process that waits for a person, or is stuck while undoing, may be tried again."""
    if process.state not in (Process.State.WAITING, Process.State.COMPENSATING):
        return deny(f"This process does not wait for anybody: it is {process.get_state_display().lower()}.")
    return _may(process, by)


def can_give_up(process: Process, by: Actor, reason: str) -> Decision:
    """A process that waits for a person may be undone instead, with a reason."""
    if process.state != Process.State.WAITING:
        return deny(f"This process does not wait for a person: it is {process.get_state_display().lower()}.")
    if not reason.strip():
        return deny("Say why it is given up.")
    return _may(process, by)
