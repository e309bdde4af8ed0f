"""What is said of an event: the same bytes whenever it is said.

The body is that of Standard Webhooks: type, timestamp, data. `data` names the record and carries the facts of the
event as the trail has them; names of people and reasons they gave only where the stream says so.
"""

from typing import Any

from integration_hub.connectors.publishing import Message
from integration_hub.kernel.ids import canonical_bytes
from integration_hub.trail.models import Event


def key_of(event_id: int) -> str:
    """The id of an event's message: a receiver knows by it what it has already."""
    return f"evt_{event_id}"


def message(event: Event, *, with_words: bool) -> Message:
    """The message of one event."""
    data: dict[str, Any] = {
        "id": event.pk,
        "object": {"type": event.object_type, "id": event.object_id, "label": event.object_label},
        "legal_entity": event.legal_entity,
        "facts": event.data,
        "actor": {"kind": event.actor_kind},
        "correlation_id": event.correlation_id,
        "caused_by": event.caused_by,
    }
    if with_words or event.actor_kind != Event.ActorKind.PERSON:
        data["actor"]["name"] = event.actor
    if with_words:
        data["reason"] = event.reason
    said = {"type": event.action, "timestamp": event.recorded_at.isoformat(), "data": data}
    return Message(key_of(event.pk), event.action, event.recorded_at, canonical_bytes(said))
