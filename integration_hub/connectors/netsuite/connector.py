"""NetSuite as a connector: SuiteQL to read, upserts by external id to write."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite import reads, writes
from integration_hub.connectors.netsuite.client import Client
from integration_hub.connectors.netsuite.manifest import MANIFEST


class NetSuiteConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in and count the subsidiaries the role may see."""
        client = Client(connection, even_if_paused=True)
        names = [str(row["name"]) for row in client.rows("SELECT id, name FROM subsidiary ORDER BY id")]
        return f"Signed in to NetSuite; {len(names)} subsidiaries are visible: {', '.join(names[:5])}."
