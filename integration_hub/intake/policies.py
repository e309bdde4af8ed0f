"""Who may do what with what came in."""

from integration_hub.intake.models import Feed, FileDrop, Run, SourceVersion
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


def can_change_feeds(by: Actor) -> Decision:
    """Installing, pausing and resuming feeds."""
    return _permitted(by, "hub_intake.change_feed", "Only integration administrators can change feeds.")


def can_run(feed: Feed, by: Actor) -> Decision:
    """Reading a feed now. A paused feed or connection is not read on request either: its pause has a reason."""
    if not feed.is_active:
        return deny(f"The feed {feed} is paused. Resume it first.")
    if feed.connection.is_paused:
        return deny(f"The connection {feed.connection.code} is paused: {feed.connection.paused_reason}")
    return _permitted(by, "hub_intake.run_feed", "Only people who may read feeds can do this.")


def can_stop(run: Run, by: Actor) -> Decision:
    """A reading may be stopped between two pages; a file is applied as a whole."""
    if run.state != Run.State.RUNNING:
        return deny(f"This run does not go on: it is {run.get_state_display().lower()}.")
    if run.file_id is not None:
        return deny("A file is applied as a whole.")
    if run.stop_asked_by:
        return deny(f"{run.stop_asked_by} has asked it to stop; it stops after the page it is at.")
    return _permitted(by, "hub_intake.run_feed", "Only people who may read feeds can do this.")


def can_drop(by: Actor) -> Decision:
    """Dropping files and applying them."""
    return _permitted(by, "hub_intake.drop_file", "Only people who may load files can do this.")


def can_apply(drop: FileDrop, by: Actor) -> Decision:
    """Applying a file, for the first time or again after a correction here."""
    if drop.connection.is_paused:
        return deny(f"The connection {drop.connection.code} is paused: {drop.connection.paused_reason}")
    return can_drop(by)


def can_choose(version: SourceVersion, by: Actor) -> Decision:
    """Deciding which of two contents of one version is right."""
    if version.status != SourceVersion.Status.CONFLICT:
        return deny(f"{version} is not in conflict: {version.get_status_display().lower()}.")
    return _permitted(by, "hub_cases.handle_case", "Only people who may handle exceptions can choose.")


def _permitted(by: Actor, permission: str, reason: str) -> Decision:
    if isinstance(by, User) and not by.has_perm(permission):
        return deny(reason)
    return ALLOW
