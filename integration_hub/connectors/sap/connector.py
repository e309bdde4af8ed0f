"""SAP S/4HANA Cloud as a connector: services to read, and messages that are found again by our reference."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection
from integration_hub.connectors.sap import reads, writes
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.manifest import MANIFEST
from integration_hub.connectors.sap.naming import BILLING, JOURNAL, PARTNERS, PROJECTS, REQUESTS
from integration_hub.kernel.failures import Failed, FailureClass

_SERVICES = (PARTNERS, PROJECTS, BILLING, REQUESTS, JOURNAL)


class SapConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, read the company codes, and name the service or company code that is lacking."""
        client = Client(connection, even_if_paused=True)
        seen = sorted(reads.legal_entities(client))
        if lacking := [code for code in reads.companies(client) if code not in seen]:
            raise Failed(
                FailureClass.AUTH,
                f"SAP shows this user no company code {', '.join(lacking)}",
                field="companies",
                remedy="Correct the setting `companies`, or let the communication user see these company codes.",
            )
        for service in _SERVICES:
            _open(client, service)
        return f"Signed in to SAP S/4HANA Cloud; company codes {', '.join(seen[:8])}."


def _open(client: Client, service: str) -> None:
    """Raise Failed(AUTH) with the name of a service no communication arrangement opens to the user."""
    response = client.session.get(client.names.path(service), expected=(403, 404))
    if response.status_code in {403, 404}:
        raise Failed(
            FailureClass.AUTH,
            f"SAP opens the service {client.names.of(service)} to this user in no communication arrangement",
            remedy="Create the communication arrangement of its scenario for the user, or correct the setting `names`.",
            status=response.status_code,
        )
