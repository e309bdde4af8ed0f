"""Harvest: an account with a client, a task everybody may book on, and somebody who does."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.harvest import manifest as names
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench, project_of
from tests.connectors.tracker import Tracker

RULES = {"bill_by": "none", "budget_by": "none", "is_billable": True}


class HarvestBench(Bench):
    vendor = "harvest"
    feed = "project"
    required = ("name",)
    value = ("time_entry", "approval_status")
    priced = ("expense", "amount")

    def settings(self) -> dict[str, Any]:
        return {"account_id": accounts.HARVEST_ACCOUNT_ID, "contact": "integration@firm.example"}

    def credentials(self) -> dict[str, str]:
        return {"token": accounts.HARVEST_TOKEN}

    @cached_property
    def tracker(self) -> Tracker:
        return Tracker(self.landscape)

    @cached_property
    def world(self) -> dict[str, Any]:
        task = self.tracker.make("tasks", name="Design", is_default=True)["id"]
        person = self.tracker.make("users", first_name="Ida", last_name="Lund", email="ida@firm.example")["id"]
        client = self.tracker.make("clients", name="Harbour", currency="EUR")["id"]
        return {"task_id": task, "user_id": person, "client_id": client}

    def make(self, names: list[str]) -> list[str]:
        rows = [{"client_id": self.world["client_id"], "name": name, **RULES} for name in names]
        return self.landscape.load("harvest", "projects", rows)

    def rename(self, key: str, name: str) -> None:
        self.tracker.change("projects", key, name=name).raise_for_status()

    def make_value(self) -> str:
        (project,) = self.make(["Yard systems"])
        booked = {"project_id": project, "task_id": self.world["task_id"], "user_id": self.world["user_id"]}
        return str(self.tracker.make("time_entries", **booked, spent_date="2026-05-04", hours=1.5)["id"])

    def price(self, number: int, currency: str, amount: str) -> str:
        client = self.tracker.make("clients", name=f"Client {number}", currency=currency)["id"]
        project = self.tracker.make("projects", client_id=client, name=f"P{number}", **RULES)["id"]
        category = self.tracker.make("expense_categories", name=f"Travel {number}")["id"]
        spent = {"project_id": project, "user_id": self.world["user_id"], "expense_category_id": category}
        made = self.tracker.make("expenses", **spent, spent_date="2026-05-04", total_cost=float(amount))
        return str(made["id"])

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        reference = f"C-100{number}"
        payload: dict[str, Any] = {"reference": reference}
        match effect_type:
            case names.PROJECT_CREATE:
                payload = project_of(reference, text)
            case names.PROJECT_ARCHIVE:
                shell = self.write(names.PROJECT_CREATE, number)
                payload["remote_id"] = self.connector.send(self.connection, shell).remote_id
            case _:
                (project,) = self.make([f"P{number}"])
                payload = {
                    "reference": f"INV-{number}",
                    "project_remote_id": project,
                    "status": text,
                    "amount": "1200.50",
                    "currency": "EUR",
                }
        return Write(effect_type, f"key-{number}", payload["reference"], payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        write.payload["title"] = ""
        return write if effect_type == names.PROJECT_CREATE else None

    def effects(self, write: Write) -> int:
        payload = write.payload
        rows = self.landscape.records("harvest", "projects")
        if write.effect_type == names.INVOICE_STATUS:
            line = f"Invoice {payload['reference']}: {payload['amount']} EUR {payload['status']}"
            return sum(str(row["notes"]).splitlines().count(line) for row in rows)
        active = write.effect_type == names.PROJECT_CREATE
        return sum(1 for row in rows if row["code"] == payload["reference"] and row["is_active"] is active)

    def says(self, write: Write) -> str:
        return str([(row["name"], row["notes"]) for row in self.landscape.records("harvest", "projects")])
