"""A Tryton for the tests of a run, and a connection to it; loaded by the conftest of all tests."""

import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.connectors import transport
from tests.tryton import company
from tests.tryton.proxy import VENDOR, Proxy
from tests.tryton.rpc import Clerk
from tests.tryton.server import Server

GROUP = pytest.mark.xdist_group("tryton")
"""All tests that need the server meet it in one process: there is one of it."""


class Tryton:
    """The server, the proxy clients reach it through, and a clerk who works there."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.proxy = Proxy(server.url, self.sign_out_all)
        self._clerk: Clerk | None = None

    @property
    def clerk(self) -> Clerk:
        """Its administrator; signs in again after everybody was signed out."""
        if self._clerk is None:
            self._clerk = self.server.clerk()
        return self._clerk

    @property
    def url(self) -> str:
        return self.proxy.url

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a connection to it."""
        return {
            "timeout_seconds": "30",
            "database": self.server.database,
            "company": company.COMPANY,
            "revenue_account": company.REVENUE,
            "tax_account": company.TAX,
            "receivable_account": company.RECEIVABLE,
        }

    @property
    def credentials(self) -> dict[str, str]:
        return {"login": company.HUB_LOGIN, "password": company.HUB_PASSWORD}

    def restore(self) -> None:
        """Books as at the beginning, and nobody misbehaves."""
        self.clear_faults()
        self.server.reset()
        self.proxy.asked.clear()

    def sign_out_all(self) -> None:
        self.server.sign_out_all()
        self._clerk = None

    def fault(self, vendor: str, kind: str, **rule: Any) -> str:
        """What passes through the proxy misbehaves."""
        return self.proxy.faults.add({"vendor": vendor, "kind": kind, **rule}).id

    def clear_faults(self) -> None:
        self.proxy.faults.remove(vendor=VENDOR)

    def customer(self, code: str, name: str = "Tidewater Yards") -> int:
        """A party with an address."""
        address = {"street_unstructured": "1 Pier Road", "city": "Seattle", "postal_code": "98101"}
        return self.clerk.create("party.party", name=name, code=code, addresses=[["create", [address]]])

    def pay(self, invoice: int, amount: Decimal, on: date) -> None:
        """Part of an invoice is paid into the bank."""
        (row,) = self.clerk("model.account.invoice.read", [invoice], ["party", "currency", "company", "account"])
        (method,) = self.clerk("model.account.invoice.payment.method.search", [], 0, 1, None)
        about = {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
        money = {"amount": amount.quantize(Decimal("0.01")), "currency": row["currency"], "company": row["company"]}
        start = {**money, "payee": row["party"], "payees": [row["party"]], "invoice_account": row["account"]}
        start |= {"payment_method": method, "date": on, "description": "Wire"}
        part = {**money, "type": "partial", "invoice": invoice, "lines": [], "lines_to_pay": [], "payment_lines": []}
        wizard = "wizard.account.invoice.pay"
        session, first, _ = self.clerk(f"{wizard}.create", **about)
        asked = self.clerk(f"{wizard}.execute", session, {first: start}, "choice", **about)
        if asked.get("view"):  # it does not settle the invoice, so Tryton asks what it is
            self.clerk(f"{wizard}.execute", session, {first: start, "ask": part}, "pay", **about)
        self.clerk(f"{wizard}.delete", session, **about)

    def pay_out(self, move: int, party: int, amount: Decimal, on: date) -> None:
        """What a journal says that we owe a party leaves the bank, and the two are set against each other."""
        payable, cash = (company.account(self.clerk, code) for code in (company.PAYABLE, company.CASH))
        (journal,) = self.clerk("model.account.journal.search", [["code", "=", "MISC"]], 0, 1, None)
        domain = [["start_date", "<=", on], ["end_date", ">=", on]]
        (period,) = self.clerk("model.account.period.search", domain, 0, 1, None)
        nothing = Decimal(0)
        lines = [
            {"account": payable, "party": party, "debit": amount, "credit": nothing},
            {"account": cash, "debit": nothing, "credit": amount},
        ]
        paid = self.clerk.create("account.move", period=period, journal=journal, date=on, lines=[["create", lines]])
        self.clerk("model.account.move.post", [paid])
        both = [["move", "in", [move, paid]], ["account", "=", payable]]
        ids = self.clerk("model.account.move.line.search", both, 0, None, None)
        about = {"active_model": "account.move.line", "active_id": ids[0], "active_ids": ids}
        wizard = "wizard.account.move.reconcile_lines"
        session, first, _ = self.clerk(f"{wizard}.create", **about)
        self.clerk(f"{wizard}.execute", session, {}, first, **about)
        self.clerk(f"{wizard}.delete", session, **about)

    def unreconcile(self, invoice: int) -> None:
        """Undo what settled an invoice; its payments stay entered."""
        (row,) = self.clerk("model.account.invoice.read", [invoice], ["lines_to_pay"])
        about = {"active_model": "account.move.line", "active_ids": row["lines_to_pay"]}
        about["active_id"] = row["lines_to_pay"][0]
        wizard = "wizard.account.move.unreconcile_lines"
        session, first, _ = self.clerk(f"{wizard}.create", **about)
        self.clerk(f"{wizard}.execute", session, {}, first, **about)
        self.clerk(f"{wizard}.delete", session, **about)

    def take_back(self, move: int) -> None:
        """Cancel a posted move by its opposite."""
        about = {"active_model": "account.move", "active_id": move, "active_ids": [move]}
        wizard = "wizard.account.move.cancel"
        session, first, _ = self.clerk(f"{wizard}.create", **about)
        self.clerk(
            f"{wizard}.execute", session, {first: {"description": "Bounced", "reversal": True}}, "cancel", **about
        )
        self.clerk(f"{wizard}.delete", session, **about)

    def close_period(self, name: str) -> None:
        """Close a period such as 2026-05, and with it the journals in it."""
        self.clerk("model.account.period.close", self._period(name))

    def reopen_period(self, name: str) -> None:
        """Reopen it, and the journals that its closing closed, which Tryton does not do by itself."""
        found = self._period(name)
        self.clerk("model.account.period.reopen", found)
        journals = self.clerk("model.account.journal.period.search", [["period", "in", found]], 0, None, None)
        self.clerk("model.account.journal.period.reopen", journals)

    def _period(self, name: str) -> list[int]:
        found: list[int] = self.clerk("model.account.period.search", [["name", "=", name]], 0, 1, None)
        return found

    def close(self) -> None:
        if self._clerk is not None:
            self._clerk.close()
        self.proxy.close()


@pytest.fixture(scope="session")
def running_tryton(worker_id: str) -> Iterator[Tryton]:
    """One server process for the whole run."""
    name = f"tryton_of_{os.environ.get('THROUGHLINE_TEST_DB', 'test')}_{worker_id}"
    with Server(os.environ["DATABASE_URL"], name) as server:
        made = Tryton(server)
        yield made
        made.close()
    transport.close_clients()


@pytest.fixture
def tryton(running_tryton: Tryton) -> Tryton:
    """The same, with its books as at the beginning."""
    running_tryton.restore()
    return running_tryton
