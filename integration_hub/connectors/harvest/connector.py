"""Harvest as a connector: lists by updated_since, writes found again by the project's code."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors import tracking
from integration_hub.connectors.harvest import reads
from integration_hub.connectors.harvest.client import Client
from integration_hub.connectors.harvest.manifest import MANIFEST
from integration_hub.connectors.harvest.shells import HarvestShells
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Control, Page, Sent, Window, Write


class HarvestConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Ask who the token belongs to."""
        me = Client(connection, even_if_paused=True).one("users/me") or {}
        return f"Signed in to Harvest as {me.get('first_name', '')} {me.get('last_name', '')} ({me.get('email', '')})."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Records changed since the cursor (less an overlap), in the list's own order."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """What `total_entries` of the list says."""
        return reads.control(Client(connection), entity, window)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids of the list."""
        return reads.roll(Client(connection), entity, window)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Make what is missing in Harvest for this write."""
        self.manifest.write(write.effect_type)
        return tracking.send(HarvestShells(Client(connection)), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """What this write makes, if it is there in full."""
        self.manifest.write(write.effect_type)
        return tracking.find(HarvestShells(Client(connection)), write)
