"""Dynamics in the ERP's place of a landscape: the real connector and its simulator, told to misbehave like a fake."""

from collections.abc import Iterator
from contextlib import contextmanager

from integration_hub.connectors import credentials
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.registry import DEFAULT_MAPPINGS, Write
from integration_hub.mapping.actions import mappings
from integration_hub.sandbox import Landscape as Vendors
from tests.connectors.benches.dynamics import SECRETS, SETTINGS, customer
from tests.vendors import Landscape, Through, living

VENDOR = "dynamics"


class Simulated(Through):
    """The connector, remembering what was sent. `refuse` and `lose` are brought about at the vendor."""

    company = "US01"
    connection: Connection

    def __init__(self, vendors: Vendors) -> None:
        super().__init__(VENDOR)
        self.vendors = vendors

    def refused(self, write: Write) -> None:
        """The customer is not there."""
        key = {"dataAreaId": "us01", "CustomerAccount": write.payload["customer_code"]}
        Client(self.connection).delete("CustomersV3", key)

    def misbehave(self, kind: str, lost: str) -> None:
        """The call that posts is lost."""
        fault = "timeout_before" if lost == "request" else "commit_then_timeout"
        self.vendors.fault(VENDOR, fault, path_regex=r"\.post$", count=1, params={"close": True})

    def number_of(self, kind: str, business_key: str) -> str:
        rows = self.vendors.records(VENDOR, "FreeTextInvoiceHeaders")
        (number,) = [row["InvoiceNumber"] for row in rows if row["CustomerReference"] == business_key]
        return str(number)


@contextmanager
def dynamics_living() -> Iterator[Landscape]:
    """A landscape whose ERP is Dynamics, with the customer of `tests.deals` on its books."""
    with Vendors() as vendors, living(erp=(erp := Simulated(vendors))) as landscape:
        vendors.load(VENDOR, "CustomersV3", [customer("CUST-1", "Client CUST-1")])
        erp.connection = connection = landscape.connections["erp"]
        connection.base_url = vendors.dynamics
        connection.settings = {**SETTINGS, "login_url": vendors.dynamics}
        connection.sealed_credentials = credentials.sealed(connection.code, SECRETS)
        connection.account = Account.objects.create(code=connection.code, vendor=VENDOR)
        connection.save()
        mappings.install_default(connection=connection.code, default=DEFAULT_MAPPINGS.get(VENDOR), by="system:test")
        yield landscape
