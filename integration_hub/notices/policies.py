"""Who may be told of what: nobody of an exception he may not see."""

from collections.abc import Collection

from integration_hub.cases.models import Case
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.notices.models import Message, Room
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


def can_resend(message: Message, by: User) -> Decision:
    """An administrator may have sent again what failed, and what nobody knows of."""
    if not by.has_perm("hub_notices.resend_message"):
        return deny("Your role does not have messages sent again.")
    if message.state not in (Message.State.FAILED, Message.State.UNKNOWN):
        return deny(f"This message is {message.get_state_display().lower()}.")
    return ALLOW


def can_set_defaults(by: User) -> Decision:
    """Administrators say how roles are told."""
    return ALLOW if by.has_perm("hub_notices.change_roledefault") else deny("Your role does not set defaults.")


def can_post(room: Room, case: Case) -> Decision:
    """A room in use, for the legal entity of the exception."""
    if not room.is_active:
        return deny("This room is not told any more.")
    return ALLOW if room.may_see(case.legal_entity) else deny("This room is not told of this legal entity.")


def can_keep_room(by: User, legal_entities: Collection[str], everything: bool) -> Decision:
    """An administrator of all the legal entities a room is told of."""
    if not by.has_perm("hub_notices.change_room"):
        return deny("Your role does not keep chat rooms.")
    if everything and not by.all_legal_entities:
        return deny("Only who works for all legal entities opens a room for all of them.")
    foreign = [code for code in legal_entities if not by.may_see(code)]
    return deny(f"You do not work for {', '.join(foreign)}.") if foreign else ALLOW
