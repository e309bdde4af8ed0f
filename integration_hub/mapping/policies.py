"""Who may change what things mean."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.mapping.models import Mapping
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


def can_edit(by: Actor) -> Decision:
    """Drafts and value maps: integration administrators, and the system when it installs a vendor's default."""
    if isinstance(by, User) and not by.has_perm("hub_mapping.change_mapping"):
        return deny("Only integration administrators can edit mappings.")
    return ALLOW


def can_edit_values(by: Actor) -> Decision:
    """Value maps alone, so that mapping a value can be given to more people than editing rules."""
    if isinstance(by, User) and not by.has_perm("hub_mapping.change_valuemap"):
        return deny("Only integration administrators can map values.")
    return ALLOW


def can_change_draft(mapping: Mapping, by: Actor) -> Decision:
    """A published version never changes: what was read with it must stay explainable."""
    if mapping.status != Mapping.Status.DRAFT:
        return deny(f"{mapping} is {mapping.get_status_display().lower()}. Make a new draft from it and edit that.")
    return can_edit(by)


def can_publish(mapping: Mapping, by: Actor) -> Decision:
    """A second person publishes: whoever wrote the draft may not."""
    if mapping.status != Mapping.Status.DRAFT:
        return deny(f"{mapping} is already {mapping.get_status_display().lower()}.")
    if not isinstance(by, User):
        return ALLOW
    if not by.has_perm("hub_mapping.publish_mapping"):
        return deny("Only people who may publish mappings can do this.")
    if mapping.author_id == by.pk:
        return deny("You wrote this draft, so someone else must publish it.")
    return ALLOW
