"""Gathering what is due for somebody into one message, and putting that to work: both in one transaction.

A notice is taken into a message once: the rows are locked, and who comes second passes over them.
"""

from django.db import transaction
from django.db.models import QuerySet

from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import Decision, deny
from integration_hub.notices import policies
from integration_hub.notices.actions import delivering
from integration_hub.notices.models import Channel, Message, Notice, Room
from integration_hub.people.models import User

RECIPIENTS = 200
MOST = {Channel.MAIL: 200, Channel.CHAT: 20}
"""Notices of one message; more make another."""


def bundle() -> int:
    """The tick: a message for everybody for whom something is due; how many."""
    found = _due().order_by().values_list("person_id", "room_id").distinct()[:RECIPIENTS]
    return sum(_bundle(person, room) for person, room in list(found))


def _due() -> "QuerySet[Notice]":
    return Notice.objects.filter(due_at__lte=now(), message__isnull=True, withheld="")


@transaction.atomic
def _bundle(person_id: int | None, room_id: int | None) -> int:
    due = _due().filter(person=person_id, room=room_id).order_by("due_at", "pk")
    channel = Channel.CHAT if room_id else Channel.MAIL
    locked = due.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("case")
    to = _recipient(person_id, room_id)
    wanted = _still_allowed(list(locked[: MOST[channel]]), to)
    if not wanted:
        return 0
    address = to.host if isinstance(to, Room) else to.email
    message = Message.objects.create(channel=channel, person_id=person_id, room_id=room_id, address=address)
    Notice.objects.filter(pk__in=[row.pk for row in wanted]).update(message=message)
    delivering.enqueue(message)
    return 1


def _recipient(person_id: int | None, room_id: int | None) -> User | Room:
    if room_id is not None:
        return Room.objects.get(pk=room_id)
    return User.objects.get(pk=person_id or 0)


def _still_allowed(rows: list[Notice], to: User | Room) -> list[Notice]:
    """Those the recipient may still be told of: between an act and its digest he may have lost the right."""
    wanted = []
    for row in rows:
        if decision := _may(row.case, to):
            wanted.append(row)
        else:
            Notice.objects.filter(pk=row.pk).update(withheld=decision.reason[:200])
    return wanted


def _may(case: Case, to: User | Room) -> Decision:
    if isinstance(to, Room):
        return policies.can_post(to, case)
    return policies.can_be_told(to, case) if to.email else deny("There is no address any more.")
