"""Clockify as a connector: records by id after its lists of changes, writes found again by the note of a project."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors import tracking
from integration_hub.connectors.clockify import reads
from integration_hub.connectors.clockify.client import Client
from integration_hub.connectors.clockify.manifest import MANIFEST
from integration_hub.connectors.clockify.shells import ClockifyShells
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Page, Sent, Write


class ClockifyConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Ask whose key it is."""
        me = Client(connection, even_if_paused=True).me()
        return f"Signed in to Clockify as {me.get('name', '')} ({me.get('email', '')})."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Records changed since the cursor (less an overlap); people and projects whole."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Make what is missing in Clockify for this write."""
        self.manifest.write(write.effect_type)
        return tracking.send(ClockifyShells(Client(connection)), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """What this write makes, if it is there in full."""
        self.manifest.write(write.effect_type)
        return tracking.find(ClockifyShells(Client(connection)), write)
