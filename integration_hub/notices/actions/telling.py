"""Telling people: the trail is read in the order of its commits, and everybody concerned gets his notices.

Reading and telling are one transaction, so what was read has been told. Nothing is told twice, whoever reads: the row
of the reader is taken first, and the database holds one notice for each event, person and channel.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction

from integration_hub.cases.models import Case
from integration_hub.console import timeline
from integration_hub.kernel.clock import now
from integration_hub.notices import queries
from integration_hub.notices.audience import ACTIONS, audience, rooms_for
from integration_hub.notices.models import Channel, Notice, Reader, Room
from integration_hub.notices.wishes import Wishes
from integration_hub.trail import following
from integration_hub.trail.models import Event

PART = "exceptions"
BATCH = 1000
PASSES = 20
"""Batches of one tick: what is left waits for the next, so that the ticker is never held up long."""


def tell() -> int:
    """The tick: tell of everything that was committed since; how many notices were written."""
    written = 0
    for _ in range(PASSES):
        more, count = _tell_batch()
        written += count
        if not more:
            break
    return written


@transaction.atomic
def _tell_batch() -> tuple[bool, int]:
    """The next events of the trail: whether there may be more, and how many notices were written."""
    Reader.objects.get_or_create(part=PART)
    reader = Reader.objects.select_for_update(no_key=True, skip_locked=True).filter(part=PART).first()
    if reader is None:
        return False, 0  # somebody else is reading
    ids, end = following.committed_after((reader.tx, reader.event), actions=ACTIONS, limit=BATCH)
    if end is None:
        return False, 0
    count = write(list(Event.objects.filter(pk__in=ids).order_by("id")))
    Reader.objects.filter(part=PART).update(tx=end[0], event=end[1], at=now())
    return True, count


def write(events: Sequence[Event]) -> int:
    """The notices of some events of exceptions; how many. Those that are there already stay as they are."""
    cases = Case.objects.in_bulk({int(event.object_id) for event in events})
    known = [(event, cases[int(event.object_id)]) for event in events if int(event.object_id) in cases]
    if not known:
        return 0
    readers, followers = queries.readers(), queries.followers(cases)
    wishes, rooms = Wishes(readers.people), list(Room.objects.filter(is_active=True))
    rows: list[Notice] = []
    for (event, case), sentence in zip(known, timeline.sentences(event for event, _ in known), strict=True):
        about = _about(event, case, sentence)
        told = audience(event, case, readers, followers.get(case.pk, {}))
        rows += [_posted(about, room, kind) for room, kind in rooms_for(event, case, rooms)]
        rows += [notice for person, kind in told.items() for notice in _notices(about, person, kind, wishes)]
    Notice.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    return len(rows)


def _about(event: Event, case: Case, sentence: str) -> dict[str, Any]:
    """What every notice of an event says."""
    return {
        "event": event.pk,
        "case": case,
        "legal_entity": case.legal_entity,
        "severity": case.severity,
        "title": event.object_label or case.title,
        "text": _text(event, case, sentence),
        "happened_at": event.recorded_at,
    }


def _notices(about: dict[str, Any], person: int, kind: str, wishes: Wishes) -> Iterator[Notice]:
    """One for each way in which a person wants to be told."""
    if wishes.of(person, kind).app:
        yield Notice(**about, person_id=person, kind=kind, channel=Channel.APP)
    due = wishes.mail_due(
        person, kind, severity=about["severity"], entity=about["legal_entity"], moment=about["happened_at"]
    )
    if due is not None:
        yield Notice(**about, person_id=person, kind=kind, channel=Channel.MAIL, due_at=due)


def _posted(about: dict[str, Any], room: Room, kind: str) -> Notice:
    return Notice(**about, room=room, kind=kind, channel=Channel.CHAT, due_at=about["happened_at"])


def _text(event: Event, case: Case, sentence: str) -> str:
    """What happened; of an exception that is new, what to do about it."""
    if event.action in ("cases.case.raised", "cases.case.reopened") and (case.remedy or case.detail):
        return case.remedy or case.detail
    return f"{sentence}: {event.reason}" if event.reason else f"{sentence}."
