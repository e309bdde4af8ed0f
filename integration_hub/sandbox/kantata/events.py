"""Subscribed events: a feed to be pulled, kept for days only, that may repeat itself and may come late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import stamps
from ..messages import Call, Event, Json
from ..store import Records, Store
from .shapes import Collection


class Events:
    """Writes one event per change, and its hint for the relay."""

    def __init__(self, store: Store, records: Records, setting: Callable[[str], Any], user_id: str) -> None:
        self._store = store
        self._records = records
        self._setting = setting
        self._user_id = user_id

    def record(self, call: Call | None, of: Collection, verb: str, before: Json, after: Json) -> None:
        """The change from `before` to `after`; either is empty for a creation or a deletion."""
        subject = after or before
        if not of.event:
            return
        if call is not None:
            call.emit(Event(f"{of.event}.{verb}", of.name, str(subject["id"])))
        shape = call.shape if call is not None else None
        zone = self._setting("utc_offset_minutes")
        now = self._store.clock.now()
        late = self._setting("event_delay_ms") + (shape.late_events_ms if shape else 0)
        number = self._store.next("kantata:event")
        body: Json = {
            "id": str(number),
            "event_id": str(number),
            "event_type": f"{of.event}:{verb}",
            "subject_type": of.subject,
            "subject_id": str(subject["id"]),
            "subject_ref": {"key": of.name, "id": str(subject["id"])},
            "subject_changed_at": stamps.offset(now, zone),
            "created_at": stamps.offset(now + late, zone),
            "user_id": self._user_id,
            "previous_payload": before or None,
            "current_payload": after or None,
            "payload_changes": {
                key: [before.get(key), after.get(key)] for key in {*before, *after} if before.get(key) != after.get(key)
            },
        }
        for _ in range(2 if shape and shape.duplicate_events else 1):
            self._records.put(self._store.next("kantata:event-row"), body, now + late)

    def visible(self) -> tuple[str, list[int]]:
        """The condition for events that have appeared and have not been thrown away yet."""
        now = self._store.clock.now()
        return "created_ms <= ? AND created_ms > ?", [now, now - self._setting("event_retention_days") * 86_400_000]
