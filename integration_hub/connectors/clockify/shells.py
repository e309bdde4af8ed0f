"""Projects of a Clockify workspace as shells of contracts. Their note names the contract: `Contract: C-1001`."""

from typing import Any

from integration_hub.connectors.clockify.client import Client, Record
from integration_hub.connectors.tracking import Shell, reference_in


class ClockifyShells:
    """See `tracking.Shells`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def referred(self, reference: str) -> Shell | None:
        rows = self._client.everything("projects")
        found = [row for row in rows if reference and reference_in(row.get("note")) == reference]
        return _shell(min(found, key=lambda row: str(row["id"]))) if found else None  # ids begin with their time

    def one(self, key: str) -> Shell | None:
        row = self._client.one(f"projects/{key}")
        return _shell(row) if row is not None else None

    def open(self, payload: dict[str, Any]) -> Shell:
        customer = self._customer(payload.get("customer") or payload["title"])
        # Public, so that everybody may book; rates are the contract's.
        rules = {"isPublic": True, "billable": True}
        names = {"name": payload["title"], "clientId": customer["id"], "note": f"Contract: {payload['reference']}"}
        return _shell(self._client.create("projects", {**names, **rules}))

    def reopen(self, shell: Shell, title: str) -> None:
        self._replace(shell, archived=False, name=title)

    def archive(self, shell: Shell) -> None:
        self._replace(shell, archived=True)

    def note(self, shell: Shell, notes: str) -> None:
        self._replace(shell, note=notes)

    def _replace(self, shell: Shell, **changes: Any) -> None:
        """Change a project as a whole: Clockify forgets what a PUT leaves out."""
        self._client.replace(f"projects/{shell.key}", {**shell.facts, **changes})

    def _customer(self, name: str) -> Record:
        known = [row for row in self._client.everything("clients", {"name": name}) if row.get("name") == name]
        return known[0] if known else self._client.create("clients", {"name": name})


_KEPT = ("name", "clientId", "billable", "color", "note", "archived")


def _shell(row: Record) -> Shell:
    facts = {name: row.get(name) for name in _KEPT} | {"isPublic": bool(row.get("public"))}
    return Shell(str(row["id"]), str(row.get("name") or ""), not row["archived"], str(row.get("note") or ""), facts)
