"""Who may be told of what: nobody of an exception he may not see."""

from integration_hub.cases.models import Case
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User

SEE = "hub_cases.view_case"


def can_be_told(person: User, case: Case) -> Decision:
    """A person at work here, with the right to see exceptions, and for the legal entity of this one."""
    if not person.is_active:
        return deny("This person does not work here any more.")
    if not person.has_perm(SEE):
        return deny("This role does not see exceptions.")
    if not person.may_see(case.legal_entity):
        return deny("This exception is of a legal entity the person does not work for.")
    return ALLOW
