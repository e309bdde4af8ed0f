"""Tryton as a connector: searches to read; to write, drafts under our reference of which one is posted."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection
from integration_hub.connectors.tryton import reads, writes
from integration_hub.connectors.tryton.client import Client
from integration_hub.connectors.tryton.manifest import MANIFEST


class TrytonConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, find the company and read a period, which only accounting may."""
        client = Client(connection, even_if_paused=True)
        company = client.company
        rows = client.rows("company.company", [["id", "=", company]], ["party.name", "currency.code"])
        open_ = client.count("account.period", [["company", "=", company], ["state", "=", "open"]])
        names = ", ".join(f"{row['party']['name']} ({row['currency']['code']})" for row in rows)
        return f"Signed in to Tryton; company {names}, {open_} open periods."
