"""Salesforce: an org with accounts and a contract."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors.force.client import Client
from integration_hub.connectors.registry import Write
from integration_hub.connectors.salesforce.manifest import CONTRACT_STATUS
from integration_hub.connectors.transport import Ask
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench


class SalesforceBench(Bench):
    vendor = "salesforce"
    feed = "customer"
    required = ("AccountNumber",)
    value = ("contract", "Status")
    priced = ("opportunity", "amount")
    page_rows = 2

    def credentials(self) -> dict[str, str]:
        return {
            "client_id": accounts.SALESFORCE_CONSUMER_KEY,
            "client_secret": accounts.SALESFORCE_CONSUMER_SECRET,
        }

    def small_pages(self) -> None:
        self.landscape.settings(salesforce={"page_size": self.page_rows})

    def make(self, names: list[str]) -> list[str]:
        rows = [{"Name": name, "AccountNumber": f"C-{n}"} for n, name in enumerate(names)]
        return self.landscape.load("salesforce", "Account", rows)

    def rename(self, key: str, name: str) -> None:
        Client(self.connection).update("Account", key, {"Name": name})

    def remove(self, key: str) -> None:
        path = f"/services/data/v62.0/sobjects/Account/{key}"
        Client(self.connection).session.ask(Ask("DELETE", path, write=True))

    def make_value(self) -> str:
        return self._contract()

    def price(self, number: int, currency: str, amount: str) -> str:
        (account,) = self.make([f"Tidewater {number}"])
        row = {"AccountId": account, "Name": f"Deal {number}", "StageName": "Closed Won", "CloseDate": "2026-05-01"}
        priced = {**row, "Amount": float(amount), "CurrencyIsoCode": currency}
        return self.landscape.load("salesforce", "Opportunity", [priced])[0]

    def _contract(self) -> str:
        (account,) = self.make(["Tidewater Yards"])
        row = {
            "AccountId": account,
            "Name": "Yard systems",
            "Status": "Activated",
            "CustomerSignedDate": "2026-05-01",
            "StartDate": "2026-05-01",
            "CurrencyIsoCode": "USD",
            "Legal_Entity__c": "US01",
        }
        return self.landscape.load("salesforce", "Contract", [row])[0]

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        contract = self._contract()
        payload: dict[str, Any] = {"remote_id": contract, "status": text}
        if effect_type == CONTRACT_STATUS:
            payload |= {"project_ref": f"P-{number}", "invoiced_amount": "1234.56", "paid_amount": "0"}
        else:
            row = {"Contract__c": contract, "Kind__c": "Scope"}
            payload["remote_id"] = self.landscape.load("salesforce", "Contract_Amendment__c", [row])[0]
        return Write(effect_type, f"key-{number}", f"C-{number}", payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type, text="x" * 300)
        return write if effect_type == CONTRACT_STATUS else None

    def _row(self, write: Write) -> dict[str, Any]:
        kind = "Contract" if write.effect_type == CONTRACT_STATUS else "Contract_Amendment__c"
        rows = self.landscape.records("salesforce", kind)
        return next(row for row in rows if row["Id"] == write.payload["remote_id"])

    def effects(self, write: Write) -> int:
        return int(self._row(write)["Hub_Status__c"] == write.payload["status"])

    def says(self, write: Write) -> str:
        return str(self._row(write)["Hub_Status__c"])

    def amounts(self, write: Write) -> list[Decimal]:
        return [Decimal(write.payload[name]) for name in ("invoiced_amount", "paid_amount") if name in write.payload]
