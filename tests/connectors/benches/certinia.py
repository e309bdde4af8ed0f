"""Certinia: an org with a project that somebody books time on."""

from decimal import Decimal
from functools import cached_property
from typing import Any

from integration_hub.connectors.certinia import manifest as names
from integration_hub.connectors.certinia.writes import EVENT, PROJECT
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench, project_of
from tests.connectors.org import Org


class CertiniaBench(Bench):
    vendor = "certinia"
    simulator = "salesforce"
    feed = "time_entry"
    name_field = "notes"
    required = ("pse__Project__c",)
    value = ("time_approval", "pse__Status__c")
    priced = ("expense", "amount")
    page_rows = 2

    def credentials(self) -> dict[str, str]:
        return {
            "client_id": accounts.SALESFORCE_CONSUMER_KEY,
            "client_secret": accounts.SALESFORCE_CONSUMER_SECRET,
        }

    def small_pages(self) -> None:
        self.landscape.settings(salesforce={"page_size": self.page_rows})

    @cached_property
    def org(self) -> Org:
        return Org(self.landscape)

    @cached_property
    def booked(self) -> dict[str, str]:
        return self.org.assigned(self.org.project(), self.org.person())

    @cached_property
    def customer(self) -> str:
        self.org.load("Account", Name="Tidewater", AccountNumber="T-1")
        return "T-1"

    def make(self, names: list[str]) -> list[str]:
        rows = [{**self.booked, "pse__Start_Date__c": "2026-03-01", "pse__Monday_Hours__c": 1.5} for _ in names]
        noted = [{**row, "pse__Monday_Notes__c": name} for row, name in zip(rows, names, strict=True)]
        return [f"{key}:mon" for key in self.landscape.load("salesforce", "pse__Timecard_Header__c", noted)]

    def rename(self, key: str, name: str) -> None:
        self.org.change("pse__Timecard_Header__c", key.partition(":")[0], pse__Monday_Notes__c=name)

    def remove(self, key: str) -> None:
        self.org.remove("pse__Timecard_Header__c", key.partition(":")[0])

    def make_value(self) -> str:
        return self.submit_time()[1]

    def price(self, number: int, currency: str, amount: str) -> str:
        report = self.org.load(
            "pse__Expense_Report__c", Name="Travel", pse__Resource__c=self.booked["pse__Resource__c"]
        )
        return self.org.load(
            "pse__Expense__c",
            pse__Expense_Report__c=report,
            pse__Project__c=self.booked["pse__Project__c"],
            pse__Expense_Date__c=f"2026-03-0{number}",
            pse__Amount__c=float(amount),
            CurrencyIsoCode=currency,
        )

    def submit_time(self) -> tuple[str, str]:
        (entry,) = self.make(["Design"])
        card = entry.partition(":")[0]
        self.org.decide(card, "Submitted")
        return entry, card

    def approve(self, sheet: str) -> None:
        self.org.decide(sheet, "Approved")

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        reference = f"0000010{number}"
        match effect_type:
            case names.PROJECT_CREATE:
                payload = project_of(reference, text, milestones=True) | {"customer_code": self.customer}
            case names.PROJECT_ARCHIVE:
                made = self.connector.send(self.connection, self.write(names.PROJECT_CREATE, number))
                payload = {"reference": reference, "remote_id": made.remote_id}
            case _:
                payload = {
                    "reference": f"INV-{number}",
                    "invoice_date": "2026-05-31",
                    "project_remote_id": self.org.project(),
                    "status": text,
                    "amount": "1200.50",
                    "currency": "EUR",
                }
        return Write(effect_type, f"key-{number}", payload["reference"], payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        match effect_type:
            case names.PROJECT_CREATE:
                write.payload["milestones"][0]["due_on"] = "not a day"
            case names.INVOICE_STATUS:
                write.payload["project_remote_id"] = "nobody"
            case _:
                return None
        return write

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def _found(self, write: Write) -> list[dict[str, Any]]:
        if write.effect_type == names.INVOICE_STATUS:
            told = [row for row in self.org.rows(EVENT) if row["Hub_Key__c"] == write.payload["reference"]]
            return [row for row in told if row["Hub_Status__c"] == write.payload["status"]]
        ours = [row for row in self.org.rows(PROJECT) if row["Hub_Key__c"] == write.payload["reference"]]
        return [row for row in ours if row["pse__Is_Active__c"] == (write.effect_type == names.PROJECT_CREATE)]

    def says(self, write: Write) -> str:
        return str(self._found(write))

    def amounts(self, write: Write) -> list[Decimal]:
        return [Decimal(write.payload["amount"])] if "amount" in write.payload else []
