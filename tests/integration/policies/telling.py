"""The rules of notices."""

from integration_hub.notices import policies as notices
from integration_hub.notices.models import Message, Room
from tests.integration.policies.handling import case
from tests.integration.policies.hub import ADMIN
from tests.integration.policies.matrix import ALL, ELSEWHERE, HERE, Row


def ask_told(by, state):
    by.is_active = state == "here"
    return notices.can_be_told(by, case())


ENTITIES = {"here": [HERE], "closed": [HERE], "elsewhere": [ELSEWHERE]}
ROWS = (
    Row(
        rule=notices.can_be_told,
        ask=ask_told,
        may=ALL,
        states={"here": "", "gone": "This person does not work here any more."},
        outside="This exception is of a legal entity the person does not work for.",
    ),
    Row(
        rule=notices.can_resend,
        ask=lambda by, state: notices.can_resend(Message(state=state), by),
        may=ADMIN,
        others="Your role does not have messages sent again.",
        states={
            "failed": "",
            "unknown": "",
            "waiting": "This message is waiting.",
            "sending": "This message is being sent.",
            "sent": "This message is sent.",
        },
    ),
    Row(
        rule=notices.can_set_defaults,
        ask=lambda by, _state: notices.can_set_defaults(by),
        may=ADMIN,
        others="Your role does not set defaults.",
    ),
    Row(
        rule=notices.can_post,
        ask=lambda _by, state: notices.can_post(
            Room(is_active=state != "closed", legal_entities=ENTITIES[state]), case()
        ),
        may=ALL,
        states={
            "here": "",
            "closed": "This room is not told any more.",
            "elsewhere": "This room is not told of this legal entity.",
        },
    ),
    Row(
        rule=notices.can_keep_room,
        ask=lambda by, state: notices.can_keep_room(by, [HERE], state == "all"),
        may=ADMIN,
        others="Your role does not keep chat rooms.",
        states={"one": "", "all": "Only who works for all legal entities opens a room for all of them."},
        outside=f"You do not work for {HERE}.",
    ),
)
