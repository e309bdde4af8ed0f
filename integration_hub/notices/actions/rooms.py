"""Chat rooms: opened and changed by an administrator of all the legal entities they are told of."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction

from integration_hub.connectors import hosts, secrets
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.models import locked
from integration_hub.notices import policies
from integration_hub.notices.audience import ROOM_KINDS
from integration_hub.notices.chat import place
from integration_hub.notices.models import Room
from integration_hub.people.models import User
from integration_hub.trail import record


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomIn:
    """A room as an administrator states it. An empty `url` keeps the one it has."""

    code: str
    name: str
    format: str
    kinds: Sequence[str]
    url: str = ""
    owner_role: str = ""
    legal_entities: Sequence[str] = ()
    all_legal_entities: bool = False
    least_severity: int = 4
    is_active: bool = True


@transaction.atomic
def save(*, room: RoomIn, by: User) -> Room:
    """Open a room, or change the one of this code. Raises Denied, BadInput."""
    policies.can_keep_room(by, room.legal_entities, room.all_legal_entities).or_raise()
    row = locked(Room.objects.filter(code=room.code).first())
    if row is not None:
        policies.can_keep_room(by, row.legal_entities, row.all_legal_entities).or_raise()
    if problems := _problems(room, row):
        raise BadInput(f"Chat room {room.code}", problems)
    row = row or Room(code=room.code)
    for name in ("name", "format", "owner_role", "all_legal_entities", "least_severity", "is_active"):
        setattr(row, name, getattr(room, name))
    row.legal_entities, row.kinds = list(room.legal_entities), list(room.kinds)
    if room.url:
        row.sealed_url = secrets.seal(room.url, bound_to=place(row))
        row.host = urlsplit(room.url).hostname or ""
    row.version += 1 if row.pk else 0
    row.save()
    record.event(
        "notices.room.saved", by=by, object_type="notices.room", object_id=row.pk, label=row.name,
        webhook_changed=bool(room.url), legal_entities=row.legal_entities, kinds=row.kinds, active=row.is_active,
    )  # fmt: skip
    return row


@transaction.atomic
def reseal() -> int:
    """Put every webhook under the newest key; how many changed. Raises secrets.SecretUnreadable."""
    changed = 0
    for row in Room.objects.select_for_update(no_key=True).order_by("pk"):
        if row.sealed_url and not secrets.is_current(row.sealed_url):
            Room.objects.filter(pk=row.pk).update(sealed_url=secrets.reseal(row.sealed_url, bound_to=place(row)))
            changed += 1
    return changed


def _problems(room: RoomIn, row: Room | None) -> list[Problem]:
    found = []
    if not room.url and row is None:
        found.append(Problem("url", "is empty.", "Paste the address of the incoming webhook."))
    if room.url and not (allowed := hosts.may_call(room.url)):
        found.append(
            Problem("url", allowed.reason.replace(room.url, "This address"), "Use the address the chat gave you.")
        )
    if not room.legal_entities and not room.all_legal_entities:
        found.append(Problem("legal_entities", "is empty.", "Name those the room is told of, or say all."))
    if not room.kinds or set(room.kinds) - set(ROOM_KINDS):
        found.append(Problem("kinds", "names nothing a room is told of.", f"Use some of: {', '.join(ROOM_KINDS)}."))
    if room.format not in Room.Format.values:
        found.append(Problem("format", f"{room.format!r} is no format.", "Use slack or teams."))
    return found
