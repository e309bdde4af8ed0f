"""Whom an event of an exception concerns, and why. Pure: everything it needs is handed in.

A person is told of an event once, for the strongest reason: never of an act of his own, though of an exception that
came of it; and never of an exception that he may not see.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from integration_hub.cases.models import Case
from integration_hub.notices.models import Kind, Room
from integration_hub.people.models import User
from integration_hub.trail.models import Event

PREFIX = "cases.case."
_QUEUE = {"raised": Kind.OPENED, "reopened": Kind.REOPENED}
_CHANGES = {
    "assigned", "commented", "delegated", "reopened", "resolved", "retried", "snoozed", "started", "taken_back",
    "unassigned", "waiting", "woken",
}  # fmt: skip
ACTIONS = [f"{PREFIX}{verb}" for verb in ("raised", *sorted(_CHANGES), "healed", "near", "missed")]
"""The events anybody is told of."""

_MENTION = re.compile(r"(?<![\w@.+-])@([\w.+-]+)")
Concerns = Iterator[tuple[Kind, User]]


@dataclass(slots=True)
class Readers:
    """People who may see exceptions at all, loaded once for many events."""

    people: Iterable[User]
    by_id: dict[int, User] = field(default_factory=dict)
    by_name: dict[str, User] = field(default_factory=dict)
    by_role: dict[str, list[User]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in self.people:
            self.by_id[person.pk] = person
            self.by_name[person.username.lower()] = person
            self.by_role.setdefault(person.role, []).append(person)

    def named(self, name: str) -> list[User]:
        """The person of a user name, if there is one."""
        found = self.by_name.get(name.lower())
        return [found] if found else []

    def numbered(self, ids: Iterable[int | None]) -> list[User]:
        """The people of these ids."""
        return [self.by_id[pk] for pk in ids if pk in self.by_id]


def mentioned(text: str) -> list[str]:
    """The user names behind an @ in a text, in order; a mail address is none."""
    return list(dict.fromkeys(name.rstrip(".+-") for name in _MENTION.findall(text)))


def audience(event: Event, case: Case, readers: Readers, followers: Mapping[int, datetime]) -> Mapping[int, Kind]:
    """Who is told of an event and why, by the person's id.

    `followers` are the ids of those who watch the case, each with since when: what was before is not told.
    """
    verb = event.action.removeprefix(PREFIX)
    found: dict[int, Kind] = {}
    since_then = {pk for pk, since in followers.items() if since <= event.recorded_at}
    for concerns in (_directly, _queue, _deadline, _followers):
        for kind, person in concerns(verb, event, case, readers, since_then):
            found.setdefault(person.pk, kind)
    return {pk: kind for pk, kind in found.items() if _may(readers.by_id[pk], kind, event, case)}


_ROOM_KINDS = {**_QUEUE, "near": Kind.NEAR, "missed": Kind.MISSED, "healed": Kind.HEALED}
ROOM_KINDS = tuple(_ROOM_KINDS.values())
"""What a room may be told of: what concerns all of a role."""


def rooms_for(event: Event, case: Case, rooms: Iterable[Room]) -> list[tuple[Room, Kind]]:
    """Which rooms are told of an event, and why: those of the owner's role that are told of such things."""
    kind = _ROOM_KINDS.get(event.action.removeprefix(PREFIX))
    if kind is None or not (case.is_open or kind is Kind.HEALED):
        return []
    return [
        (room, kind)
        for room in rooms
        if kind in room.kinds
        and room.owner_role in ("", case.owner_role)
        and case.severity <= room.least_severity
        and room.may_see(case.legal_entity)
    ]


def _directly(verb: str, event: Event, case: Case, readers: Readers, followers: Collection[int]) -> Concerns:
    if verb == "assigned":
        for person in readers.named(str(event.data.get("assigned_to") or "")):
            yield Kind.ASSIGNED, person
    if verb in ("delegated", "taken_back"):
        for person in readers.named(str(event.data.get("delegate") or "")):
            yield (Kind.ASSIGNED if verb == "delegated" else Kind.CHANGED), person
    if verb == "commented":
        for name in mentioned(event.reason):
            for person in readers.named(name):
                yield Kind.MENTION, person


def _queue(verb: str, event: Event, case: Case, readers: Readers, followers: Collection[int]) -> Concerns:
    """Those of the owner's role; what has gone again meanwhile need not be told."""
    if verb in _QUEUE and case.is_open:
        for person in readers.by_role.get(case.owner_role, []):
            yield _QUEUE[verb], person


def _deadline(verb: str, event: Event, case: Case, readers: Readers, followers: Collection[int]) -> Concerns:
    """The owner, where there is none his role; a missed one goes beyond the owner to all of his role."""
    if verb not in ("near", "missed") or not case.is_open:
        return
    role = readers.by_role.get(case.owner_role, [])
    owner = readers.numbered([case.assigned_to_id, _standing_in(case)])
    for person in owner or role:
        yield (Kind.NEAR if verb == "near" else Kind.MISSED), person
    if verb == "missed":
        for person in role:
            yield Kind.ESCALATED, person
    for person in readers.numbered(followers):
        yield (Kind.NEAR if verb == "near" else Kind.MISSED), person


def _standing_in(case: Case) -> int | None:
    """Who stands in for the owner now."""
    return case.delegate_id if case.delegate_id and case.stood_in_by(case.delegate_id) else None


def _followers(verb: str, event: Event, case: Case, readers: Readers, followers: Collection[int]) -> Concerns:
    kind = Kind.HEALED if verb == "healed" else Kind.CHANGED
    if verb in _CHANGES or verb == "healed":
        for person in readers.numbered([case.assigned_to_id, _standing_in(case), *followers]):
            yield kind, person


def _may(person: User, kind: Kind, event: Event, case: Case) -> bool:
    """Not of his own act; but an exception that came of it is news to him too."""
    own = event.actor_kind == Event.ActorKind.PERSON and event.actor == person.username
    return person.may_see(case.legal_entity) and (not own or kind in _QUEUE.values())
