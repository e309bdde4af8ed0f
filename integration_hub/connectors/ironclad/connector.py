"""Ironclad as a connector: executed records by their change, workflows and counterparties beside them; no writes."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.ironclad import reads
from integration_hub.connectors.ironclad.client import Client
from integration_hub.connectors.ironclad.manifest import MANIFEST
from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass


class IroncladConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = {}

    def check(self, connection: Connection) -> str:
        """Sign in, and see that the tenant has the record types that are to be read."""
        client = Client(connection, even_if_paused=True)
        known = client.metadata().recordTypes
        for setting in reads.TYPES.values():
            named = [name.strip() for name in client.setting(setting).split(",") if name.strip()]
            if missing := [name for name in named if name not in known] or ([] if named else ["none"]):
                raise Failed(
                    FailureClass.MAPPING,
                    f"Ironclad has no record type {', '.join(missing)}; it has {', '.join(sorted(known))}",
                    field=setting,
                    remedy=f"Correct the setting {setting}.",
                )
        return f"Signed in to Ironclad as {client.setting('as_user')}; {len(known)} record types."
