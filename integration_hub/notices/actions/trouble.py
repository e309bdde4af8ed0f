"""Messages that did not arrive, or may not have, as exceptions of the administrators: one for each recipient."""

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.notices.models import Channel, Message
from integration_hub.people.models import Role

CODE = "NOTICE_NOT_SENT"
BY = "system:notices"
TARGET = "hub_notices.message"


def root_cause(message: Message) -> str:
    """The recipient: what ails his messages is one thing to mend."""
    return f"{message.channel}:{message.recipient.pk}"


def still_holds(root: str) -> bool:
    """Whether a message to a recipient has failed, or may not have arrived."""
    channel, _, recipient = root.partition(":")
    rows = Message.objects.filter(channel=channel, state__in=[Message.State.FAILED, Message.State.UNKNOWN])
    whose = "room" if channel == Channel.CHAT else "person"
    return recipient.isdecimal() and rows.filter(**{whose: int(recipient)}).exists()


def tell(message: Message) -> None:
    """Raise the exception of a recipient, or add to it."""
    cases.raise_case(
        code=CODE,
        root_cause=root_cause(message),
        title=f"Notices do not reach {message.to} by {message.get_channel_display().lower()}",
        detail=f"{message.get_state_display()}: {message.error}",
        remedy="Mend its address or the server, then have the messages sent again. What may have arrived is asked of "
        "its recipient first.",
        subject=(TARGET, message.pk, f"message {message.pk}"),
        members=[MemberIn(TARGET, str(message.pk), f"message {message.pk}, {message.get_state_display().lower()}")],
        by=BY,
    )


def over(message: Message) -> None:
    """A message was sent: it is a trouble no more."""
    cases.drop_members(
        code=CODE,
        root_cause=root_cause(message),
        targets=[(TARGET, str(message.pk))],
        because="The messages were sent.",
        by=BY,
    )


def register() -> None:
    """Fill the registry; called once by the app."""
    KINDS.register(
        CODE,
        CaseKind(
            CODE,
            "A notice did not reach somebody",
            str(Role.INTEGRATION_ADMIN),
            3,
            "each of its messages was sent again",
            (Suggestion("Look at the message", "notices:message-detail", "hub_notices.view_message"),),
            still_holds=still_holds,
        ),
    )
