"""An ERP in the ERP's place of a landscape: the real connector and its simulator, told to misbehave like a fake."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from integration_hub.connectors import credentials
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.registry import DEFAULT_MAPPINGS, Write
from integration_hub.mapping.actions import mappings
from integration_hub.sandbox import Landscape as Vendors
from tests.connectors.benches import dynamics, sap
from tests.vendors import Landscape, Through, living


class Simulated(Through):
    """The connector, remembering what was sent. `refuse` and `lose` are brought about at the vendor."""

    company = "US01"
    connection: Connection
    name: ClassVar[str]
    customers: ClassVar[str]
    """Its set of customers."""
    customer: ClassVar[Callable[..., dict[str, Any]]]
    secrets: ClassVar[dict[str, str]]
    headers: ClassVar[tuple[str, str, str]]
    """Its set of invoices, and the fields of our reference and of the number."""
    posts: ClassVar[str]
    """Paths of the calls that post."""

    def __init__(self, vendors: Vendors) -> None:
        super().__init__(self.name)
        self.vendors = vendors

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def misbehave(self, kind: str, lost: str) -> None:
        """The call that posts is lost."""
        fault = "timeout_before" if lost == "request" else "commit_then_timeout"
        self.vendors.fault(self.name, fault, path_regex=self.posts, count=1, params={"close": True})

    def number_of(self, kind: str, business_key: str) -> str:
        entity, reference, number = self.headers
        rows = self.vendors.records(self.name, entity)
        (found,) = [row[number] for row in rows if row[reference] == business_key]
        return str(found)


class Dynamics(Simulated):
    name = "dynamics"
    customers = "CustomersV3"
    customer = staticmethod(dynamics.customer)
    secrets = dynamics.SECRETS
    headers = ("FreeTextInvoiceHeaders", "CustomerReference", "InvoiceNumber")
    posts = r"\.post$"

    def settings(self) -> dict[str, Any]:
        return {**dynamics.SETTINGS, "login_url": self.vendors.dynamics}

    def refused(self, write: Write) -> None:
        """The customer is not there."""
        key = {"dataAreaId": "us01", "CustomerAccount": write.payload["customer_code"]}
        Client(self.connection).delete("CustomersV3", key)


class Sap(Simulated):
    name = "sap"
    customers = "A_BusinessPartner"
    customer = staticmethod(sap.customer)
    secrets = sap.SECRETS
    headers = ("A_BillingDocument", "AssignmentReference", "BillingDocument")
    posts = "billingdocumentrequest_in$"

    def settings(self) -> dict[str, Any]:
        return sap.SETTINGS

    def refused(self, write: Write) -> None:
        """The message is refused at the door: what was taken is refused in a monitor, where nobody hears it."""
        self.vendors.fault(self.name, "status", path_regex=self.posts, count=1, params={"status": 400})


@contextmanager
def simulated_living(which: type[Simulated]) -> Iterator[Landscape]:
    """A landscape with this ERP, and the customer of `tests.deals` on its books."""
    with Vendors() as vendors, living(erp=(erp := which(vendors))) as landscape:
        vendors.load(erp.name, erp.customers, [which.customer("CUST-1", "Client CUST-1")])
        erp.connection = connection = landscape.connections["erp"]
        connection.base_url = vendors.urls[erp.name]
        connection.settings = erp.settings()
        connection.sealed_credentials = credentials.sealed(connection.code, erp.secrets)
        connection.account = Account.objects.create(code=connection.code, vendor=erp.name)
        connection.save()
        mappings.install_default(connection=connection.code, default=DEFAULT_MAPPINGS.get(erp.name), by="system:test")
        yield landscape


SIMULATED: dict[str, type[Simulated]] = {one.name: one for one in (Dynamics, Sap)}
