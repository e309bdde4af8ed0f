"""Jira with Tempo: a site with an issue that somebody works on."""

from decimal import Decimal
from functools import cached_property
from typing import Any

from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench
from tests.connectors.delivery import Delivery


class JiraBench(Bench):
    vendor = "jira"
    feed = "time_entry"
    name_field = "notes"
    required = ("issueId",)
    value = ("time_approval", "key")

    def settings(self) -> dict[str, Any]:
        return {"tempo_url": self.landscape.tempo}

    def credentials(self) -> dict[str, str]:
        return {
            "email": accounts.JIRA_EMAIL,
            "api_token": accounts.JIRA_API_TOKEN,
            "tempo_token": accounts.TEMPO_TOKEN,
        }

    def restore(self) -> None:
        self.landscape.clear_faults()
        Delivery.restore(self.landscape)
        self.world  # noqa: B018 -- which also has the last minute told

    def fault(self, kind: str, **rule: Any) -> None:
        self.landscape.fault("tempo" if kind == "new_enum" else "jira", kind, **rule)

    def books(self) -> Any:
        return self.landscape.ledger("jira"), self.landscape.ledger("tempo")

    def is_question(self, path: str) -> bool:
        return path.endswith(("/worklog/list", "/search/jql"))

    @cached_property
    def site(self) -> Delivery:
        return Delivery(self.landscape)

    @cached_property
    def world(self) -> dict[str, str]:
        person = self.site.load("users", displayName="Ida Lund", emailAddress="ida@firm.example")
        project = self.site.load("projects", key="YARD", name="Yard systems")
        return {"person": person, "issue": self.site.load("issues", project={"id": project}, summary="Design")}

    def make(self, names: list[str]) -> list[str]:
        return [self.site.log(self.world["issue"], self.world["person"], name) for name in names]

    def rename(self, key: str, name: str) -> None:
        self.site.reword(self.world["issue"], key, name)

    def remove(self, key: str) -> None:
        self.site.remove(self.world["issue"], key)

    def make_value(self) -> str:
        return self.submit_time()[1]

    def submit_time(self) -> tuple[str, str]:
        (entry,) = self.make(["Design"])
        return entry, self.site.decide(self.world["person"], "submit")

    def approve(self, sheet: str) -> None:
        self.site.decide(self.world["person"], "approve")

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        payload = {
            "reference": f"INV-{number}",
            "project_remote_id": self.site.load("projects", key=f"P{number}", name=f"Project {number}"),
            "status": text,
            "amount": "1200.50",
            "currency": "EUR",
        }
        return Write(effect_type, f"key-{number}", str(payload["reference"]), payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        write.payload["project_remote_id"] = "999"
        return write

    def effects(self, write: Write) -> int:
        told = {name: write.payload[name] for name in ("status", "amount", "currency")}
        rows = self.landscape.records("jira", "properties")
        return sum(1 for row in rows if row["value"] == {"invoice": write.payload["reference"], **told})

    def says(self, write: Write) -> str:
        return str(self.landscape.records("jira", "properties"))

    def amounts(self, write: Write) -> list[Decimal]:
        return [Decimal(write.payload["amount"])]
