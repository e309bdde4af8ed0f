"""The rules of notices."""

from integration_hub.notices import policies as notices
from tests.integration.policies.hub import case
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
)
