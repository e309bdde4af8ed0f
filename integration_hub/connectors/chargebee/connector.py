"""Chargebee as a connector: lists by their last change to read, ids of ours and idempotency keys to write."""

from integration_hub.connectors.chargebee import reads, writes
from integration_hub.connectors.chargebee.client import ROOT, Client
from integration_hub.connectors.chargebee.manifest import MANIFEST
from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask
from integration_hub.kernel.failures import Failed, FailureClass

NOBODY = "throughline_check"
"""An id that no object has: to ask to change it changes nothing, and tells whether we might."""


class ChargebeeConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, ask each list as the feeds will, and try whether the key may write."""
        client = Client(connection, even_if_paused=True)
        for objects in reads.OBJECTS.values():
            client.page(objects.path, objects.kind, objects.params(client, limit=1))
        try:
            client.session.ask(Ask("POST", f"{ROOT}/customers/{NOBODY}", write=False, expected=(400, 404)))
        except Failed as failure:
            if failure.status != 403:
                raise
            raise Failed(
                FailureClass.AUTH,
                "The Chargebee key may read and not write",
                remedy="Make an API key with full access in Chargebee and enter it.",
                status=403,
            ) from failure
        site = client.setting("site")
        return f"Signed in to Chargebee;{' test' if site.endswith('-test') else ''} site {site}."
