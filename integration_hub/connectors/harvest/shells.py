"""Projects of a Harvest account as shells of contracts. A project has no place for references: its code is ours."""

from typing import Any

from integration_hub.connectors.harvest.client import Client, Record
from integration_hub.connectors.tracking import Shell


class HarvestShells:
    """See `tracking.Shells`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def referred(self, reference: str) -> Shell | None:
        found = [row for row in self._client.everything("projects") if reference and row.get("code") == reference]
        return _shell(min(found, key=lambda row: int(row["id"]))) if found else None

    def one(self, key: str) -> Shell | None:
        row = self._client.one(f"projects/{key}")
        return _shell(row) if row is not None else None

    def open(self, payload: dict[str, Any]) -> Shell:
        customer = self._customer(payload.get("customer") or payload["title"], payload["currency"])
        # Rates and budgets are the contract's: Harvest keeps hours and prices nothing.
        rules = {"is_billable": True, "bill_by": "none", "budget_by": "none"}
        days = {"starts_on": payload.get("starts_on"), "ends_on": payload.get("ends_on")}
        names = {"client_id": customer["id"], "name": payload["title"], "code": payload["reference"]}
        return _shell(self._client.create("projects", {**names, **rules, **days}))

    def reopen(self, shell: Shell, title: str) -> None:
        self._client.update("projects", shell.key, {"is_active": True, "name": title})

    def archive(self, shell: Shell) -> None:
        self._client.update("projects", shell.key, {"is_active": False})

    def note(self, shell: Shell, notes: str) -> None:
        self._client.update("projects", shell.key, {"notes": notes})

    def _customer(self, name: str, currency: str) -> Record:
        """The client of that name in that currency: in Harvest the currency belongs to the client."""
        titles = (name, f"{name} ({currency})")
        known = {row["name"]: row for row in self._client.everything("clients")}
        for title in titles:
            if title in known and known[title].get("currency") == currency:
                return known[title]
        title = titles[1] if titles[0] in known else titles[0]
        return self._client.create("clients", {"name": title, "currency": currency})


def _shell(row: Record) -> Shell:
    facts = {name: row.get(name) for name in ("name", "code", "starts_on", "ends_on", "is_active")}
    facts["currency"] = (row.get("client") or {}).get("currency")
    return Shell(str(row["id"]), str(row.get("name") or ""), bool(row["is_active"]), str(row.get("notes") or ""), facts)
