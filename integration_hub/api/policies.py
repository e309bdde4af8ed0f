"""Who may make tokens, and for whom."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


def can_issue(by: Actor, user: User) -> Decision:
    """A token acts in a person's name: people make their own, so that nobody can act as somebody else."""
    if not isinstance(by, User) or by.is_superuser:
        return ALLOW
    if by.pk != user.pk:
        return deny(f"The token would act as {user.label}: only they can make it.")
    if not by.has_perm("hub_api.add_apitoken"):
        return deny("Your role does not make API tokens.")
    return ALLOW


def can_revoke(by: Actor, user: User) -> Decision:
    """People revoke their own tokens; whoever may change tokens revokes anybody's."""
    if not isinstance(by, User) or by.pk == user.pk or by.has_perm("hub_api.change_apitoken"):
        return ALLOW
    return deny("Your role does not revoke tokens of others.")
