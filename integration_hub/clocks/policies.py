"""Who says how long something may take."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User

SET = "hub_clocks.add_target"


def can_set_target(by: User, legal_entity: str) -> Decision:
    """Targets are set by administrators, each for the legal entities he works for."""
    if not by.has_perm(SET):
        return deny("Only integration administrators set the targets of clocks.")
    if legal_entity and not by.may_see(legal_entity):
        return deny(f"Legal entity {legal_entity} is outside your scope.")
    if not legal_entity and not by.all_legal_entities:
        return deny("A target for all legal entities is set by somebody who works for all of them.")
    return ALLOW
