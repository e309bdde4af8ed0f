"""Terms of payment: keys of four characters there, by the same value map that reads them."""

from integration_hub.connectors.sap.client import Client
from integration_hub.mapping import queries


def terms_of(client: Client, ours: str | None) -> str | None:
    """What SAP calls our terms; the same where no row says otherwise."""
    table = queries.value_table(client.connection.code, "payment_terms")
    found = [theirs for theirs, named in (table.rows if table else {}).items() if named == ours]
    return found[0] if found else ours
