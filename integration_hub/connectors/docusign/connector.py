"""Docusign as a connector: envelopes to read, one custom field to write."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.docusign import reads, writes
from integration_hub.connectors.docusign.client import Client
from integration_hub.connectors.docusign.manifest import MANIFEST
from integration_hub.connectors.models import Connection


class DocusignConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, find the account, and read it."""
        found = Client(connection, even_if_paused=True).account()
        return f"Signed in to Docusign; account {found.get('accountName') or found.get('accountId')}."
