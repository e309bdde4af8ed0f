"""Kantata as a connector: lists by updated_after, writes by external reference."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors.kantata import reads, writes
from integration_hub.connectors.kantata.client import Client
from integration_hub.connectors.kantata.manifest import MANIFEST
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Control, Page, Sent, Window, Write


class KantataConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Ask who the token belongs to."""
        me = Client(connection, even_if_paused=True).me()
        return f"Signed in to Kantata as {me.get('full_name') or me.get('id') or 'an unnamed user'}."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Records changed since the cursor (less an overlap), oldest change first. Hard deletions are not visible."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """The `count` of the list."""
        return reads.control(Client(connection), entity, window)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids of the list."""
        return reads.roll(Client(connection), entity, window)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Make what is missing in Kantata for this write."""
        return self._effect(write).send(Client(connection), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """What this write makes, if it is there in full."""
        return self._effect(write).find(Client(connection), write)

    @staticmethod
    def _effect(write: Write) -> writes.Effect:
        try:
            return writes.EFFECTS[write.effect_type]
        except KeyError:
            raise LookupError(f"Kantata declares no write {write.effect_type!r}.") from None
