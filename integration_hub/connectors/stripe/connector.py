"""Stripe as a connector: lists and events to read, idempotency keys to write."""

from integration_hub.connectors.composed import Composed
from integration_hub.connectors.models import Connection
from integration_hub.connectors.stripe import reads, rights, writes
from integration_hub.connectors.stripe.client import Client
from integration_hub.connectors.stripe.manifest import MANIFEST
from integration_hub.kernel.failures import Failed, FailureClass


class StripeConnector(Composed[Client]):
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST
    client = Client
    reads = reads
    effects = writes.EFFECTS

    def check(self, connection: Connection) -> str:
        """Sign in, see that it is the account that is meant, and try every right of the key."""
        client = Client(connection, even_if_paused=True)
        found, meant = client.one("account") or {}, client.setting("account")
        if found.get("id") != meant:
            raise Failed(
                FailureClass.AUTH,
                f"The key opens account {found.get('id')}, the connection is for {meant or 'none'}",
                remedy="Correct the setting account, or use a key of that account.",
            )
        rights.refuse_missing(client)
        newest = next(iter(client.page("invoices", {"limit": 1}).data), None)
        data = "" if newest is None else " live data," if newest.get("livemode") else " test data,"
        name = (found.get("business_profile") or {}).get("name") or meant
        return f"Signed in to Stripe;{data} account {name} ({str(found.get('default_currency') or '').upper()})."
