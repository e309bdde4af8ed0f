"""Who may set up, pause and re-key connections."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


def can_set_up(by: Actor) -> Decision:
    """Add or change a connection."""
    return _needs(by, "hub_connectors.change_connection", "Only integration administrators can set up connections.")


def can_pause(by: Actor) -> Decision:
    """Pause, resume and test."""
    return _needs(by, "hub_connectors.pause_connection", "Only integration administrators can pause and resume.")


def can_set_credentials(by: Actor) -> Decision:
    """Enter credentials and webhook secrets."""
    return _needs(by, "hub_connectors.rotate_credentials", "Only people who may set credentials can do this.")


def _needs(by: Actor, permission: str, reason: str) -> Decision:
    if isinstance(by, User) and not by.has_perm(permission):
        return deny(reason)
    return ALLOW
