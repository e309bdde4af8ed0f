"""Dynamics 365 Finance as a connector: data entities to read; drafts under our reference, of which one is posted."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.dynamics import reads, writes
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.manifest import MANIFEST
from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass

_MAPPED = (
    "Map the client id to a user in Dynamics (System administration > Setup > Microsoft Entra applications), and give "
    "the user the rights the connector names."
)


class DynamicsConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, read the legal entities, and say which of those this connection is for are not there."""
        client = Client(connection, even_if_paused=True)
        try:
            seen = sorted(str(row["LegalEntityId"]).upper() for row in client.rows("LegalEntities"))
        except Failed as failure:
            # Entra gave a token, and Dynamics knows nobody behind it.
            if failure.kind is FailureClass.AUTH and failure.status in {401, 403} and "sign-in" not in failure.message:
                raise Failed(failure.kind, failure.message, remedy=_MAPPED, status=failure.status) from failure
            raise
        if lacking := [code for code in reads.companies(client) if code not in seen]:
            raise Failed(
                FailureClass.AUTH,
                f"Dynamics shows this user no legal entity {', '.join(lacking)}",
                field="companies",
                remedy="Correct the setting `companies`, or let the user into these legal entities.",
            )
        return f"Signed in to Dynamics 365; legal entities {', '.join(seen[:8])}."
