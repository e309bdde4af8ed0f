"""Certinia as a connector: the objects of its package in a Salesforce org, read by stamp and written by external id."""

from integration_hub.connectors.certinia import reads, rights, writes
from integration_hub.connectors.certinia.client import Client
from integration_hub.connectors.certinia.manifest import MANIFEST
from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection


class CertiniaConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, and look whether the package, its fields and our key are there for this user."""
        client = Client(connection, even_if_paused=True)
        daily = client.limits().get("DailyApiRequests", {})
        rights.check(client)
        left = f"{daily.get('Remaining', '?')} of {daily.get('Max', '?')} calls left today"
        return f"Signed in to Certinia PSA; all objects and fields are there, {left}."
