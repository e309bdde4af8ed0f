"""NetSuite as a connector: SuiteQL to read, upserts by external id to write."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite import reads, writes
from integration_hub.connectors.netsuite.client import Client
from integration_hub.connectors.netsuite.manifest import MANIFEST
from integration_hub.connectors.registry import Confirmed, Control, Page, Sent, Window, Write


class NetSuiteConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Sign in and count the subsidiaries the role may see."""
        client = Client(connection, even_if_paused=True)
        names = [str(row["name"]) for row in client.rows("SELECT id, name FROM subsidiary ORDER BY id")]
        return f"Signed in to NetSuite; {len(names)} subsidiaries are visible: {', '.join(names[:5])}."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Whole lists, or records changed since the cursor (less an overlap), oldest change first."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """A COUNT(*) of the feed's own query."""
        return reads.control(Client(connection), entity, window)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids only."""
        return reads.roll(Client(connection), entity, window)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Upsert by external id."""
        return self._effect(write).send(Client(connection), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """What NetSuite has under our external id."""
        return self._effect(write).find(Client(connection), write)

    @staticmethod
    def _effect(write: Write) -> writes.Effect:
        try:
            return writes.EFFECTS[write.effect_type]
        except KeyError:
            raise LookupError(f"NetSuite declares no write {write.effect_type!r}.") from None
