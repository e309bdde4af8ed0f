"""Writes to Harvest. It knows no idempotency and keeps no references on projects: the project's code is our reference.

Each write looks for what is there first and makes what is missing, so a send that was cut off is repeated safely.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integration_hub.connectors.harvest.client import Client, Record
from integration_hub.connectors.harvest.manifest import INVOICE_STATUS, PROJECT_ARCHIVE, PROJECT_CREATE
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """How one effect is sent and found."""

    send: Callable[[Client, Write], Sent]
    find: Callable[[Client, Write], Confirmed | None]


def _project(client: Client, reference: str) -> Record | None:
    """The project with our reference as its code; the oldest, should somebody have copied it."""
    found = [row for row in client.everything("projects") if reference and row.get("code") == reference]
    return min(found, key=lambda row: int(row["id"])) if found else None


def _customer(client: Client, name: str, currency: str) -> Record:
    """The client of that name in that currency: in Harvest the currency belongs to the client."""
    titles = (name, f"{name} ({currency})")
    known = {row["name"]: row for row in client.everything("clients")}
    for title in titles:
        if title in known and known[title].get("currency") == currency:
            return known[title]
    title = titles[1] if titles[0] in known else titles[0]
    return client.create("clients", {"name": title, "currency": currency})


def _create_project(client: Client, write: Write) -> Sent:
    payload = write.payload
    project = _project(client, payload["reference"])
    if project is None:
        customer = _customer(client, payload.get("customer") or payload["title"], payload["currency"])
        # Rates and budgets are the contract's: Harvest keeps hours and prices nothing.
        rules = {"is_billable": True, "bill_by": "none", "budget_by": "none"}
        days = {"starts_on": payload.get("starts_on"), "ends_on": payload.get("ends_on")}
        names = {"client_id": customer["id"], "name": payload["title"], "code": payload["reference"]}
        project = client.create("projects", {**names, **rules, **days})
    elif not project["is_active"]:  # an earlier activation was undone: the shell is used again
        client.update("projects", str(project["id"]), {"is_active": True, "name": payload["title"]})
    return Sent(remote_id=str(project["id"]), status=200)


def _find_project(client: Client, write: Write) -> Confirmed | None:
    project = _project(client, write.payload["reference"])
    if project is None or not project["is_active"]:
        return None
    facts = {name: project.get(name) for name in ("name", "code", "starts_on", "ends_on", "is_active")}
    facts["currency"] = (project.get("client") or {}).get("currency")
    return Confirmed(remote_id=str(project["id"]), number=str(project.get("name") or ""), facts=facts)


def _named(client: Client, write: Write) -> Record | None:
    """The project by its id, or by our reference when the id never came back."""
    if known := write.payload.get("remote_id") or write.remote_id:
        return client.one(f"projects/{known}")
    return _project(client, str(write.payload.get("reference") or ""))


def _archive_project(client: Client, write: Write) -> Sent:
    project = _named(client, write)
    if project is None:
        raise Failed(FailureClass.DATA, f"{write.business_key}: there is no project to archive", field="remote_id")
    client.update("projects", str(project["id"]), {"is_active": False})
    return Sent(remote_id=str(project["id"]), status=200)


def _find_archived(client: Client, write: Write) -> Confirmed | None:
    project = _named(client, write)
    if project is None or project["is_active"]:
        return None
    return Confirmed(str(project["id"]), str(project.get("name") or ""), {"is_active": False})


def _lead(payload: Payload) -> str:
    return f"Invoice {payload['reference']}: "


def _line(payload: Payload) -> str:
    return f"{_lead(payload)}{payload['amount']} {payload['currency']} {payload['status']}"


def _write_invoice_status(client: Client, write: Write) -> Sent:
    """One line of the notes per invoice; whatever people wrote there stays."""
    payload = write.payload
    project = client.one(f"projects/{payload['project_remote_id']}")
    if project is None:
        raise Failed(FailureClass.DATA, f"{write.business_key}: the project is gone", field="project_remote_id")
    kept = [line for line in str(project.get("notes") or "").splitlines() if not line.startswith(_lead(payload))]
    client.update("projects", str(project["id"]), {"notes": "\n".join([*kept, _line(payload)])})
    return Sent(remote_id=str(project["id"]), status=200)


def _find_invoice_status(client: Client, write: Write) -> Confirmed | None:
    project = client.one(f"projects/{write.payload['project_remote_id']}")
    line = _line(write.payload)
    if project is None or line not in str(project.get("notes") or "").splitlines():
        return None
    return Confirmed(str(project["id"]), str(write.payload["reference"]), {"note": line})


EFFECTS = {
    PROJECT_CREATE: Effect(_create_project, _find_project),
    PROJECT_ARCHIVE: Effect(_archive_project, _find_archived),
    INVOICE_STATUS: Effect(_write_invoice_status, _find_invoice_status),
}
