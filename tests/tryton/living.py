"""Tryton in the ERP's place of a landscape: the real connector and the real server, told to misbehave like a fake."""

from collections.abc import Iterator
from contextlib import contextmanager

from integration_hub.connectors import credentials
from integration_hub.connectors.models import Account
from integration_hub.connectors.registry import DEFAULT_MAPPINGS, Write
from integration_hub.mapping.actions import mappings
from tests.tryton.fixtures import Tryton
from tests.tryton.proxy import VENDOR
from tests.vendors import Landscape, Through, living


class Real(Through):
    """The connector, remembering what was sent. `refuse` and `lose` are brought about in Tryton and in front of it."""

    def __init__(self, ground: Tryton) -> None:
        super().__init__(VENDOR)
        self.ground = ground

    def refused(self, write: Write) -> None:
        """The customer is not there."""
        found = self.ground.clerk(
            "model.party.party.search", [["code", "=", write.payload["customer_code"]]], 0, 1, None
        )
        self.ground.clerk("model.party.party.delete", found)

    def misbehave(self, kind: str, lost: str) -> None:
        """The proxy loses it."""
        fault = "timeout_before" if lost == "request" else "commit_then_timeout"
        self.ground.fault(VENDOR, fault, path_regex=r"\.post$", count=1, params={"close": True})

    def number_of(self, kind: str, business_key: str) -> str:
        query = "SELECT number FROM account_invoice WHERE reference = %s AND number IS NOT NULL"
        ((number,),) = self.ground.server.rows(query, business_key)
        return str(number)


@contextmanager
def tryton_living(ground: Tryton) -> Iterator[Landscape]:
    """A landscape whose ERP is Tryton, with the customer of `tests.deals` on its books."""
    with living(erp=Real(ground)) as landscape:
        ground.customer("CUST-1", "Client CUST-1")
        connection = landscape.connections["erp"]
        connection.base_url = ground.url
        connection.settings = ground.settings
        connection.sealed_credentials = credentials.sealed(connection.code, ground.credentials)
        connection.account = Account.objects.create(code=connection.code, vendor=VENDOR)
        connection.save()
        mappings.install_default(connection=connection.code, default=DEFAULT_MAPPINGS.get(VENDOR), by="system:test")
        yield landscape
