"""Writes to Kantata. It knows no idempotency: each looks up our external reference first and makes what is missing.

A send that was cut off half-way is therefore repeated safely, and `find` confirms only what is there in full.
"""

from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.composed import Effect
from integration_hub.connectors.kantata.client import SERVICE, Client, Record
from integration_hub.connectors.kantata.manifest import (
    INVOICE_STATUS,
    PROJECT_ARCHIVE,
    PROJECT_CREATE,
    RATECARD_UPSERT,
    REIMBURSEMENT,
)
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

Payload = dict[str, Any]
_ARCHIVED_TOO = {"include_archived": "true"}


# -- the project shell ----------------------------------------------------------------------------------------------


def _project(client: Client, reference: str) -> Record | None:
    found = client.referred("workspaces", "Contract", reference, _ARCHIVED_TOO)
    return min(found, key=lambda row: int(row["id"])) if found else None


def _milestones(client: Client, payload: Payload) -> tuple[dict[str, Record], list[Payload]]:
    """The milestones that are there by reference, and those that are missing."""
    wanted = payload.get("milestones") or []
    there = {
        item["reference"]: found[0]
        for item in wanted
        if (found := client.referred("stories", "Milestone", item["reference"], _ARCHIVED_TOO))
    }
    return there, [item for item in wanted if item["reference"] not in there]


def _create_project(client: Client, write: Write) -> Sent:
    payload = write.payload
    values = {
        "title": payload["title"],
        "creator_role": client.connection.settings.get("creator_role") or "maven",
        "description": f"Contract {payload['reference']}, {payload.get('customer') or ''}".rstrip(", "),
        "currency": payload["currency"],
        "start_date": payload.get("starts_on"),
        "due_date": payload.get("ends_on"),
        "external_reference": _inline("Contract", payload["reference"]),
    }
    project = _project(client, payload["reference"])
    if project is None:
        project = client.create("workspaces", "workspace", values)
    elif project.get("archived"):  # an earlier activation was undone: the shell is used again
        client.update("workspaces", "workspace", str(project["id"]), {**values, "archived": False})
    _add_milestones(client, project, payload)
    return Sent(remote_id=str(project["id"]), status=200)


def _add_milestones(client: Client, project: Record, payload: Payload) -> None:
    """Add what is missing. When Kantata refuses one, the shell made for it is put away again."""
    try:
        for item in _milestones(client, payload)[1]:
            story = {"workspace_id": project["id"], "title": item["name"], "story_type": "milestone"}
            reference = _inline("Milestone", item["reference"])
            values = {**story, "due_date": item.get("due_on"), "external_reference": reference}
            client.create("stories", "story", values)
    except Failed as failure:
        if failure.kind == FailureClass.REJECTED:
            client.update("workspaces", "workspace", str(project["id"]), {"archived": True})
        raise


def _inline(model: str, reference: str) -> Payload:
    return {"service_name": SERVICE, "service_model": model, "service_model_ref": reference}


def _find_project(client: Client, write: Write) -> Confirmed | None:
    project = _project(client, write.payload["reference"])
    if project is None or project.get("archived"):
        return None
    there, missing = _milestones(client, write.payload)
    if missing:
        return None
    facts = {name: project.get(name) for name in ("title", "currency", "start_date", "due_date", "archived")}
    facts["milestones"] = {reference: row["id"] for reference, row in there.items()}
    return Confirmed(remote_id=str(project["id"]), number=str(project.get("title") or ""), facts=facts)


def _project_id(client: Client, write: Write) -> str:
    """The project to archive: its id, or found by our reference when the id never came back."""
    if known := write.payload.get("remote_id") or write.remote_id:
        return str(known)
    reference = str(write.payload.get("reference") or "")
    found = _project(client, reference) if reference else None
    return str(found["id"]) if found else ""


def _archive_project(client: Client, write: Write) -> Sent:
    key = _project_id(client, write)
    if not key:
        raise Failed(FailureClass.DATA, f"{write.business_key}: there is no project to archive", field="remote_id")
    client.update("workspaces", "workspace", key, {"archived": True})
    return Sent(remote_id=key, status=200)


def _find_archived(client: Client, write: Write) -> Confirmed | None:
    key = _project_id(client, write)
    found = client.only("workspaces", [key], _ARCHIVED_TOO).get(key) if key else None
    if found is None or not found.get("archived"):
        return None
    return Confirmed(remote_id=key, number=str(found.get("title") or ""), facts={"archived": True})


# -- the rate card --------------------------------------------------------------------------------------------------


def _rate_card(client: Client, reference: str) -> Record | None:
    found = client.referred("rate_cards", "RateCard", reference, {})
    return found[0] if found else None


def _wanted_rates(client: Client, payload: Payload) -> dict[str, dict[str, int]]:
    """Rates in sub-units by first day and role id. Raises Failed for unknown roles and for rates finer than that."""
    roles = _role_ids(client)
    wanted: dict[str, dict[str, int]] = {}
    for item in payload["roles"]:
        if item["role"] not in roles:
            raise Failed(
                FailureClass.MAPPING,
                f"Kantata has no role {item['role']!r}",
                field="role",
                remedy="Add the role in Kantata, or map its name in the value map role of the connection.",
            )
        try:
            rate = wire.to_subunits(item["rate"], payload["currency"])
        except ValueError as error:
            remedy = "Agree a rate in whole cents, or bill this role by another card."
            raise Failed(
                FailureClass.REJECTED, f"Rate of {item['role']}: {error}", field="rate", remedy=remedy
            ) from None
        wanted.setdefault(str(item["from"]), {})[roles[item["role"]]] = rate
    return _carried_forward(wanted)


def _carried_forward(wanted: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Each version of a card replaces the one before it, so it names every rate in force, not only the new ones."""
    rates: dict[str, int] = {}
    full = {}
    for first_day in sorted(wanted):
        rates = {**rates, **wanted[first_day]}
        full[first_day] = rates
    return full


def _role_ids(client: Client) -> dict[str, str]:
    """Kantata's role ids by our name of the role."""
    table = queries.value_table(client.connection.code, "role")
    ours = table.rows if table else {}
    return {ours.get(row["name"], row["name"]): str(row["id"]) for row in client.everything("roles", {})}


def _held_rates(client: Client, card: Record) -> dict[str, tuple[str, dict[str, Record]]]:
    """What the card holds: version id and its roles, by first day."""
    versions = client.everything("rate_card_versions", {"rate_card_id": card["id"]})
    held = {}
    for version in versions:
        rows = client.everything("rate_card_roles", {"rate_card_version_id": version["id"]})
        held[str(version["effective_date"])] = (str(version["id"]), {str(row["role_id"]): row for row in rows})
    return held


def _upsert_rates(client: Client, write: Write) -> Sent:
    payload = write.payload
    wanted = _wanted_rates(client, payload)
    card = _rate_card(client, payload["reference"]) or client.create(
        "rate_cards",
        "rate_card",
        {
            "title": f"Contract {payload['reference']}",
            "currency": payload["currency"],
            "external_reference": _inline("RateCard", payload["reference"]),
        },
    )
    held = _held_rates(client, card)
    for first_day, rates in sorted(wanted.items()):
        version_id, roles = held.get(first_day) or _new_version(client, card, first_day)
        for role_id, rate in rates.items():
            _set_rate(client, version_id, roles.get(role_id), role_id, rate)
    project = _project(client, payload["reference"])
    if project is not None and str(project.get("rate_card_id")) != str(card["id"]):
        client.update("workspaces", "workspace", str(project["id"]), {"rate_card_id": card["id"]})
    return Sent(remote_id=str(card["id"]), status=200)


def _new_version(client: Client, card: Record, first_day: str) -> tuple[str, dict[str, Record]]:
    values = {"rate_card_id": card["id"], "effective_date": first_day}
    return str(client.create("rate_card_versions", "rate_card_version", values)["id"]), {}


def _set_rate(client: Client, version_id: str, known: Record | None, role_id: str, rate: int) -> None:
    if known is None:
        values = {"rate_card_version_id": version_id, "role_id": role_id, "rate": rate}
        client.create("rate_card_roles", "rate_card_role", values)
    elif int(known["rate"]) != rate:
        client.update("rate_card_roles", "rate_card_role", str(known["id"]), {"rate": rate})


def _find_rates(client: Client, write: Write) -> Confirmed | None:
    card = _rate_card(client, write.payload["reference"])
    if card is None:
        return None
    held = _held_rates(client, card)
    for first_day, rates in _wanted_rates(client, write.payload).items():
        _, roles = held.get(first_day) or ("", {})
        if any(role not in roles or int(roles[role]["rate"]) != rate for role, rate in rates.items()):
            return None
    facts = {"currency": card.get("currency"), "versions": sorted(held)}
    return Confirmed(remote_id=str(card["id"]), number=str(card.get("title") or ""), facts=facts)


# -- the invoice status ---------------------------------------------------------------------------------------------


def _invoice_reference(payload: Payload) -> Payload:
    # A service name per invoice: Kantata keeps one reference per service and project.
    return {
        "service_name": f"{SERVICE}-invoice:{payload['reference']}",
        "service_model": "Invoice",
        "service_model_ref": payload["reference"],
        "subject_type": "Workspace",
        "subject_id": payload["project_remote_id"],
        "status": "successful",
        "external_status": payload["status"],
        "external_message": f"{payload['reference']}: {payload['amount']} {payload['currency']} {payload['status']}",
    }


def _write_invoice_status(client: Client, write: Write) -> Sent:
    made = client.refer(_invoice_reference(write.payload))
    return Sent(remote_id=str(made.get("id") or ""), status=200)


def _find_invoice_status(client: Client, write: Write) -> Confirmed | None:
    wanted = _invoice_reference(write.payload)
    names = ("subject_type", "subject_id", "service_name")
    for row in client.everything("external_references", {name: wanted[name] for name in names}):
        if (
            row.get("external_status") == wanted["external_status"]
            and row.get("external_message") == wanted["external_message"]
        ):
            facts = {name: row.get(name) for name in ("external_status", "external_message", "last_synced_at")}
            return Confirmed(remote_id=str(row["id"]), number=str(row["service_model_ref"]), facts=facts)
    return None


# -- reimbursements -------------------------------------------------------------------------------------------------


def _reimbursement_reference(payload: Payload, expense: Payload) -> Payload:
    # Kantata has no field for it: a reference on the expense says what became of the money.
    became = f"{payload['status']} on {payload['paid_on']}" if payload.get("paid_on") else payload["status"]
    return {
        "service_name": f"{SERVICE}-reimbursement",
        "service_model": "Reimbursement",
        "service_model_ref": payload["reference"],
        "subject_type": "Expense",
        "subject_id": expense["id"],
        "status": "successful",
        "external_status": payload["status"],
        "external_message": f"{payload['reference']}: {expense['amount']} {payload['currency']} {became}",
    }


def _write_reimbursement(client: Client, write: Write) -> Sent:
    for expense in write.payload["expenses"]:
        client.refer(_reimbursement_reference(write.payload, expense))
    return Sent(remote_id=str(write.payload["reference"]), status=200)


def _find_reimbursement(client: Client, write: Write) -> Confirmed | None:
    """Only when every expense says so."""
    for expense in write.payload["expenses"]:
        wanted = _reimbursement_reference(write.payload, expense)
        names = ("subject_type", "subject_id", "service_name")
        rows = client.everything("external_references", {name: wanted[name] for name in names})
        said = ("external_status", "external_message")
        if not any(all(row.get(name) == wanted[name] for name in said) for row in rows):
            return None
    facts = {"expenses": len(write.payload["expenses"]), "external_status": write.payload["status"]}
    reference = str(write.payload["reference"])
    return Confirmed(remote_id=reference, number=reference, facts=facts)


EFFECTS = {
    PROJECT_CREATE: Effect(_create_project, _find_project),
    PROJECT_ARCHIVE: Effect(_archive_project, _find_archived),
    RATECARD_UPSERT: Effect(_upsert_rates, _find_rates),
    INVOICE_STATUS: Effect(_write_invoice_status, _find_invoice_status),
    REIMBURSEMENT: Effect(_write_reimbursement, _find_reimbursement),
}
