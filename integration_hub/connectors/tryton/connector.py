"""Tryton as a connector: searches to read; to write, drafts under our reference of which one is posted."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Control, Page, Sent, Window, Write
from integration_hub.connectors.tryton import reads, writes
from integration_hub.connectors.tryton.client import Client
from integration_hub.connectors.tryton.manifest import MANIFEST


class TrytonConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Sign in, find the company and read a period, which only accounting may."""
        client = Client(connection, even_if_paused=True)
        company = client.company
        rows = client.rows("company.company", [["id", "=", company]], ["party.name", "currency.code"])
        open_ = client.count("account.period", [["company", "=", company], ["state", "=", "open"]])
        names = ", ".join(f"{row['party']['name']} ({row['currency']['code']})" for row in rows)
        return f"Signed in to Tryton; company {names}, {open_} open periods."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Whole lists, or records changed since the cursor (less an overlap), oldest change first."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """A count by the feed's own search."""
        return reads.control(Client(connection), entity, window)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids only."""
        return reads.roll(Client(connection), entity, window)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Make the draft unless it is there, then post it unless it is."""
        return self._effect(write).send(Client(connection), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """What is posted under our reference."""
        return self._effect(write).find(Client(connection), write)

    @staticmethod
    def _effect(write: Write) -> writes.Effect:
        try:
            return writes.EFFECTS[write.effect_type]
        except KeyError:
            raise LookupError(f"Tryton declares no write {write.effect_type!r}.") from None
