"""The rules of notices."""

from integration_hub.notices import policies as notices
from integration_hub.notices.models import Message
from tests.integration.policies.hub import ADMIN, case
from tests.integration.policies.matrix import ALL, Row


def ask_told(by, state):
    by.is_active = state == "here"
    return notices.can_be_told(by, case())


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
)
