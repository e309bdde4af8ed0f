"""Writing the trail: called by actions, in the transaction of the change itself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

from integration_hub.kernel.bulk import copy_values
from integration_hub.kernel.ids import as_json, canonical_bytes
from integration_hub.people.models import User
from integration_hub.trail.models import Event

_correlation: ContextVar[str] = ContextVar("correlation", default="")

Actor = User | str


@contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """All events and calls inside belong together under this correlation id."""
    token = _correlation.set(identifier)
    try:
        yield
    finally:
        _correlation.reset(token)


def correlation() -> str:
    """The correlation id of the current act, or an empty string."""
    return _correlation.get()


def actor_name(by: Actor) -> str:
    """How the actor is written: the user name of a person, else the name of the system part that acts."""
    return by.username if isinstance(by, User) else by


def event(
    action: str,
    *,
    by: Actor,
    object_type: str,
    object_id: object,
    label: str = "",
    legal_entity: str = "",
    reason: str = "",
    caused_by: int | None = None,
    **data: Any,
) -> Event:
    """Record that something happened. `by` is a person or the name of a system part (`system:billing`, `netsuite`)."""
    drafted = draft(
        action,
        by=by,
        object_type=object_type,
        object_id=object_id,
        label=label,
        legal_entity=legal_entity,
        reason=reason,
        caused_by=caused_by,
        **data,
    )
    drafted.save(force_insert=True)
    return drafted


def events(drafts: Iterable[Event]) -> None:
    """Record many things that happened in one act, in this order, with one statement: `events([draft(…), …])`."""
    if rows := [_row(drafted) for drafted in drafts]:
        copy_values(Event, _COLUMNS, rows)


_COLUMNS = (
    "recorded_at", "actor_kind", "actor", "action", "object_type", "object_id", "object_label", "legal_entity",
    "reason", "data", "correlation_id", "caused_by",
)  # fmt: skip
_MEMBERS = attrgetter(*_COLUMNS)


def _row(drafted: Event) -> list[Any]:
    row = list(_MEMBERS(drafted))
    row[_DATA] = canonical_bytes(drafted.data).decode()
    return row


_DATA = _COLUMNS.index("data")


def draft(
    action: str,
    *,
    by: Actor,
    object_type: str,
    object_id: object,
    label: str = "",
    legal_entity: str = "",
    reason: str = "",
    caused_by: int | None = None,
    **data: Any,
) -> Event:
    """An event that is not recorded yet; the fields mean what they mean in `event`."""
    return Event(
        action=action,
        actor_kind=_kind(by),
        actor=actor_name(by),
        object_type=object_type,
        object_id=str(object_id),
        object_label=label[:200],
        legal_entity=legal_entity,
        reason=reason,
        data=as_json(data),
        correlation_id=_correlation.get(),
        caused_by=caused_by,
    )


def _kind(by: Actor) -> str:
    if isinstance(by, User):
        return Event.ActorKind.PERSON
    return Event.ActorKind.SYSTEM if by.startswith("system") else Event.ActorKind.INTEGRATION
