"""Writing the trail: called by actions, in the transaction of the change itself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from integration_hub.kernel.bulk import copy_values
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import canonical_bytes
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


Draft = tuple[Any, ...]
"""An event that is not recorded yet: the values of `_DRAFTED`. Events are many, and a model instance each is dear."""

_DRAFTED = (
    "actor_kind", "actor", "action", "object_type", "object_id", "object_label", "legal_entity", "reason", "data",
    "correlation_id", "caused_by",
)  # fmt: skip
_COLUMNS = ("recorded_at", *_DRAFTED)


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
) -> None:
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
    events([drafted])


def events(drafts: Iterable[Draft]) -> None:
    """Record many things that happened in one act, in this order, with one statement: `events([draft(…), …])`."""
    moment = str(now())
    if rows := [(moment, *drafted) for drafted in drafts]:
        copy_values(Event, _COLUMNS, rows)


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
) -> Draft:
    """An event that is not recorded yet; the fields mean what they mean in `event`."""
    return (
        _kind(by),
        actor_name(by),
        action,
        object_type,
        str(object_id),
        label[:200],
        legal_entity,
        reason,
        canonical_bytes(data).decode(),
        _correlation.get(),
        caused_by,
    )


_PERSON, _SYSTEM, _INTEGRATION = (kind.value for kind in Event.ActorKind)


def _kind(by: Actor) -> str:
    if isinstance(by, User):
        return _PERSON
    return _SYSTEM if by.startswith("system") else _INTEGRATION
