"""Kantata as a connector: lists by updated_after, writes by external reference."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.kantata import reads, writes
from integration_hub.connectors.kantata.client import Client
from integration_hub.connectors.kantata.manifest import MANIFEST
from integration_hub.connectors.models import Connection


class KantataConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Ask who the token belongs to."""
        me = Client(connection, even_if_paused=True).me()
        return f"Signed in to Kantata as {me.get('full_name') or me.get('id') or 'an unnamed user'}."
