"""Contract to cash with a billing platform in the place of the ERP: the same flow for each of them."""

from abc import ABC, abstractmethod
from datetime import date
from typing import Any, ClassVar

from billing.actions import crediting
from billing.models import CreditMemo, Invoice, Payment
from contracts.models import Contract
from integration_hub.connectors import credentials
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.registry import DEFAULT_MAPPINGS
from integration_hub.effects.models import Effect
from integration_hub.mapping.actions import mappings
from integration_hub.sandbox import Landscape
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import deals, factories, money
from tests.connectors.contract_to_cash import read
from tests.vendors import Through, living


class Platform(ABC):
    """What differs between them."""

    vendor: ClassVar[str]
    invoice_path: ClassVar[str]
    """Of the call whose answer is lost."""
    credit_path: ClassVar[str]
    settings: ClassVar[dict[str, Any]]
    credentials: ClassVar[dict[str, str]]

    @abstractmethod
    def customer(self, code: str) -> dict[str, Any]:
        """A customer with our code, as the control port takes it."""

    @abstractmethod
    def pay(self, connection: Connection, invoice: str, subunits: int) -> None:
        """So much of an invoice is paid there."""


class Billing(Through):
    """The platform in the ERP's place. `lose` loses a message on its way to the simulator or back."""

    def __init__(self, ground: Landscape, platform: Platform) -> None:
        super().__init__(platform.vendor)
        self.ground = ground
        self.platform = platform

    def misbehave(self, kind: str, lost: str) -> None:
        fault = "timeout_before" if lost == "request" else "commit_then_timeout"
        path = self.platform.invoice_path if kind == "invoice.post" else self.platform.credit_path
        self.ground.fault(self.vendor, fault, path_regex=path, count=1, params={"close": True})


def _work() -> None:
    for _ in range(3):
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        drain_once()


def _connect(connection: Connection, landscape: Landscape, platform: Platform) -> None:
    connection.base_url = landscape.urls[platform.vendor]
    connection.settings = {**platform.settings, "timeout_seconds": "5"}
    connection.sealed_credentials = credentials.sealed(connection.code, platform.credentials)
    connection.account = Account.objects.create(code=connection.code, vendor=platform.vendor)
    connection.save()
    default = DEFAULT_MAPPINGS.get(platform.vendor)
    mappings.install_default(connection=connection.code, default=default, by="system:test")


def _credited(invoice: Invoice) -> Any:
    order = crediting.ask(
        invoice_id=invoice.pk,
        by=factories.user(),
        seen_version=invoice.version,
        wanted=crediting.Wanted(),
        reason="GOODWILL",
        rebillable=False,
        note="Agreed with the client",
        on=invoice.invoice_date,
    )
    _work()
    order.refresh_from_db()
    money.post(factories.candidate_approved(order))
    _work()
    return order


def contract_to_cash(landscape: Landscape, platform: Platform) -> tuple[Invoice, str]:
    """An invoice whose answer is lost, half of it paid, then credited whole; the invoice and the credit's reference."""
    landscape.load(platform.vendor, "customers", [platform.customer("CUST-1")])
    with living(erp=Billing(landscape, platform)) as made:
        connection = made.connections["erp"]
        _connect(connection, landscape, platform)
        read(connection)
        deals.sign(made)
        drain_once()
        contract = Contract.objects.get(number="C-1")
        assert contract.status == Contract.Status.ACTIVE, deals.process()

        made.erp.lose["invoice.post"] = "answer"
        money.post(factories.candidate_approved(money.ready_in(made, contract)))
        _work()
        invoice = Invoice.objects.get()
        assert len(made.erp.writes("invoice.post")) == 1, "what was lost was found, not sent again"
        assert invoice.due_on == date(2026, 4, 30)

        platform.pay(connection, invoice.remote_id, int(invoice.gross * 50))
        read(connection)
        invoice.refresh_from_db()
        assert invoice.paid * 2 == invoice.gross
        assert Payment.objects.get().amount == invoice.paid

        order = _credited(invoice)
        read(connection)
        assert abs(CreditMemo.objects.get(candidate=order).gross) == invoice.gross
        assert not Effect.objects.exclude(state=Effect.State.CONFIRMED).exists()
    return invoice, order.number
