"""Clockify: a workspace with a project that somebody works on."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.clockify import manifest as names
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench, project_of
from tests.connectors.timesheets import Timesheets

SPAN = {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T10:30:00Z", "billable": True}


class ClockifyBench(Bench):
    vendor = "clockify"
    feed = "time_entry"
    name_field = "notes"
    required = ("projectId",)
    value = ("time_approval", "state")

    def settings(self) -> dict[str, Any]:
        return {"workspace_id": accounts.CLOCKIFY_WORKSPACE_ID}

    def credentials(self) -> dict[str, str]:
        return {"key": accounts.CLOCKIFY_KEY}

    def restore(self) -> None:
        super().restore()
        self.landscape.settings(clockify={"calls_per_second": 1000})  # the cases are not about who is faster

    def is_question(self, path: str) -> bool:
        return path.endswith("/time-entries/batch")

    @cached_property
    def people(self) -> Timesheets:
        return Timesheets(self.landscape)

    @cached_property
    def world(self) -> dict[str, str]:
        person = self.people.load("users", name="Ida Lund", email="ida@firm.example")
        project = self.people.load("projects", name="Yard systems", billable=True)
        return {"userId": person, "projectId": project}

    def make(self, names: list[str]) -> list[str]:
        rows = [{**self.world, **SPAN, "description": name} for name in names]
        return self.landscape.load("clockify", "time_entries", rows)

    def rename(self, key: str, name: str) -> None:
        self.people.change(f"/time-entries/{key}", **SPAN, projectId=self.world["projectId"], description=name)

    def remove(self, key: str) -> None:
        self.people.remove(key)

    def make_value(self) -> str:
        return self.submit_time()[1]

    def submit_time(self) -> tuple[str, str]:
        (entry,) = self.make(["Design"])
        return entry, self.people.submit(self.world["userId"])

    def approve(self, sheet: str) -> None:
        self.people.decide(sheet)

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
                payload = {
                    "reference": f"INV-{number}",
                    "project_remote_id": self.people.load("projects", name=f"P{number}", note="Ask Ida first."),
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
        rows = self.landscape.records("clockify", "projects")
        if write.effect_type == names.INVOICE_STATUS:
            line = f"Invoice {payload['reference']}: {payload['amount']} EUR {payload['status']}"
            return sum(row["note"].splitlines().count(line) for row in rows)
        archived, line = write.effect_type == names.PROJECT_ARCHIVE, f"Contract: {payload['reference']}"
        return sum(1 for row in rows if line in row["note"].splitlines() and row["archived"] is archived)

    def says(self, write: Write) -> str:
        return str([(row["name"], row["note"]) for row in self.landscape.records("clockify", "projects")])
