"""Kantata: an account with a project that somebody works on."""

from functools import cached_property
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.kantata import manifest as names
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench, project_of
from tests.connectors.psa import Psa, time_entry


class KantataBench(Bench):
    vendor = "kantata"
    feed = "task"
    required = ("workspace_id",)
    value = ("milestone", "state")
    priced = ("expense", "amount")

    def credentials(self) -> dict[str, str]:
        return {"token": accounts.KANTATA_TOKEN}

    @cached_property
    def psa(self) -> Psa:
        return Psa(self.url)

    @cached_property
    def world(self) -> dict[str, str]:
        psa = self.psa
        role = psa.make("roles", "role", name="Architect")["id"]
        person = psa.make("users", "user", full_name="Ida Lund", email_address="ida@firm.example", role_id=role)["id"]
        project = psa.make("workspaces", "workspace", title="Yard systems", creator_role="maven", currency="EUR")["id"]
        task = psa.make("stories", "story", workspace_id=project, title="Design", story_type="milestone")["id"]
        return {"role": role, "person": person, "project": project, "task": task}

    def make(self, names: list[str]) -> list[str]:
        project = self.world["project"]
        rows = [{"workspace_id": project, "title": name, "story_type": "task"} for name in names]
        return self.psa.many("stories", rows)

    def rename(self, key: str, name: str) -> None:
        self.psa.change("stories", "story", key, title=name)

    def remove(self, key: str) -> None:
        self.psa.delete("stories", key)

    def make_value(self) -> str:
        return self.world["task"]

    def price(self, number: int, currency: str, amount: str) -> str:
        spent = {"amount_in_cents": wire.to_subunits(amount, currency), "currency": currency, "category": "Travel"}
        who = {"workspace_id": self.world["project"], "user_id": self.world["person"], "date": f"2026-09-0{number}"}
        return str(self.psa.make("expenses", "expense", **who, **spent)["id"])

    def submit_time(self) -> tuple[str, str]:
        entry = self.psa.make("time_entries", "time_entry", **time_entry(self.world))["id"]
        sheet = self.psa.make(
            "timesheet_submissions",
            "timesheet_submission",
            title="Week 36",
            workspace_id=self.world["project"],
            line_item_ids=[entry],
        )
        return entry, str(sheet["id"])

    def approve(self, sheet: str) -> None:
        self.psa.verb("timesheet_submissions", sheet, "approve")

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        reference = f"0000010{number}"
        payload: dict[str, Any] = {"reference": reference}
        match effect_type:
            case names.PROJECT_CREATE:
                payload = project_of(reference, text, milestones=True)
            case names.PROJECT_ARCHIVE:
                payload["remote_id"] = self.connector.send(
                    self.connection, self.write(names.PROJECT_CREATE, number)
                ).remote_id
            case names.RATECARD_UPSERT:
                role = self.psa.make("roles", "role", name=text)["name"]
                payload |= {
                    "currency": "EUR",
                    "roles": [{"role": role, "rate": "182.50", "from": "2026-05-01"}],
                }
            case names.REIMBURSEMENT:
                made = {"workspace_id": self.world["project"], "user_id": self.world["person"], "currency": "EUR"}
                spent = {"date": "2026-05-04", "category": text, "amount_in_cents": 12050, "reimbursable": True}
                key = self.psa.make("expenses", "expense", **made, **spent)["id"]
                payload = {
                    "reference": f"US01-EXP-{number}",
                    "status": text,
                    "paid_on": "2026-05-29",
                    "currency": "EUR",
                    "expenses": [{"id": key, "amount": "120.50"}],
                }
            case _:
                project = self.psa.make(
                    "workspaces", "workspace", title=f"P{number}", creator_role="maven", currency="EUR"
                )["id"]
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
        match effect_type:
            case names.PROJECT_CREATE:
                write.payload["milestones"][0]["due_on"] = "not a day"
            case names.RATECARD_UPSERT:
                write.payload["roles"][0]["rate"] = "182.125"
            case _:
                return None
        return write

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def _found(self, write: Write) -> list[dict[str, Any]]:
        reference = write.payload["reference"]
        match write.effect_type:
            case names.PROJECT_CREATE:
                return [row for row in self._projects(write) if not row["archived"]]
            case names.PROJECT_ARCHIVE:
                return [row for row in self._projects(write) if row["archived"]]
            case names.RATECARD_UPSERT:
                rows = self.landscape.records("kantata", "rate_cards")
                return [row for row in rows if reference in row["title"]]
            case _:
                rows = self.landscape.records("kantata", "external_references")
                return [row for row in rows if reference in str(row)]

    def _projects(self, write: Write) -> list[dict[str, Any]]:
        rows = self.landscape.records("kantata", "workspaces")
        return [row for row in rows if row["title"].startswith(write.payload["reference"])]

    def says(self, write: Write) -> str:
        if write.effect_type == names.RATECARD_UPSERT:
            return str(self.landscape.records("kantata", "roles"))
        return str(self._found(write))
