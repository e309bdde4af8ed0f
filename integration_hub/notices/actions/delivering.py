"""Sending messages, each at most once, by the lanes.

`sending` and the attempt are committed before anything leaves. What did not leave is tried again by the policy of its
failure; what was refused is a failed message; what was not answered, or was left by a worker that died, is unknown and
is not sent again by itself. Both are told to administrators by an exception, and they may have it sent again.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from integration_hub.connectors import transport
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.notices import chat, mail, policies
from integration_hub.notices.actions import trouble
from integration_hub.notices.models import Channel, Message
from integration_hub.people.models import User
from integration_hub.trail import record
from integration_hub.work.actions import items
from integration_hub.work.registry import Job

KIND = "notices.deliver"
State = Message.State
WAYS: dict[str, Any] = {Channel.MAIL: mail, Channel.CHAT: chat}
"""Each composes a message without side effects, and sends what it composed."""

_DIED = "Whoever sent it died on the way: it may have left or not."


def enqueue(message: Message) -> None:
    """Put a message to work behind the others of whom it goes to."""
    items.enqueue(
        KIND,
        lane=f"notices:{message.channel}:{message.recipient.pk}",
        stage="bulk",
        payload={"message": message.pk},
        dedupe=f"message:{message.pk}",
    )


def deliver(job: Job) -> None:
    """The handler: send one message. Raises Failed when it did not leave."""
    pk = int(job.payload["message"])
    transport.refuse_inside_transaction()
    message = Message.objects.select_related("person", "room").get(pk=pk)
    way = WAYS[message.channel]
    composed = way.compose(message)
    if not claim(pk):
        _left_behind(pk)
        return
    try:
        way.send(composed)
    except Failed as failure:
        if failure.kind is FailureClass.UNKNOWN_OUTCOME:
            _settle(pk, State.UNKNOWN, failure.message)
            return
        _note(pk, State.WAITING, failure.message)
        raise
    _sent(pk)


def claim(pk: int) -> bool:
    """Take a message that is known not to have left, and count the attempt; False when it is not so."""
    return _note(pk, State.SENDING, "", was=(State.WAITING, State.FAILED), attempts=F("attempts") + 1)


def parked(job: Job, failure: Failed) -> None:
    """It is not tried any more: it failed, and an administrator is told."""
    _settle(int(job.payload["message"]), State.FAILED, failure.message)


@transaction.atomic
def again(*, message_id: int, by: User, seen_version: int) -> Message:
    """Have a message sent again that failed, or of which nobody knows. Raises Denied, Stale."""
    message = Message.objects.get(pk=message_id)
    policies.can_resend(message, by).or_raise()
    Message.objects.transition(message.pk, seen_version=seen_version, state=State.WAITING, error="")
    enqueue(message)
    record.event(
        "notices.message.resent", by=by, object_type="notices.message", object_id=message.pk, label=str(message),
        was=message.state,
    )  # fmt: skip
    return message


def _left_behind(pk: int) -> None:
    """A message in the middle of being sent, and nobody there who sends it."""
    if Message.objects.filter(pk=pk, state=State.SENDING).exists():
        _settle(pk, State.UNKNOWN, _DIED)


@transaction.atomic
def _sent(pk: int) -> None:
    _note(pk, State.SENT, "", sent_at=now())
    trouble.over(Message.objects.select_related("person", "room").get(pk=pk))


@transaction.atomic
def _settle(pk: int, state: str, error: str) -> None:
    if not _note(pk, state, error):
        return
    message = Message.objects.select_related("person", "room").get(pk=pk)
    record.event(
        f"notices.message.{state}", by="system:notices", object_type="notices.message", object_id=pk,
        label=str(message), reason=error,
    )  # fmt: skip
    trouble.tell(message)


def _note(pk: int, state: str, error: str, *, was: Sequence[str] = (), **changes: object) -> bool:
    """Move a message on; one that was sent stays sent. Whether it moved."""
    rows = Message.objects.filter(pk=pk).exclude(state=State.SENT)
    rows = rows.filter(state__in=was) if was else rows
    return rows.update(state=state, error=error, version=F("version") + 1, updated_at=now(), **changes) == 1
