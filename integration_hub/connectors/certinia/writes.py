"""Writes to Certinia, each under our own external id: sent again they change nothing, and a lost answer is looked up.

What is there already stays as people left it: only an inactive project is changed, only missing milestones are added.
"""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.certinia.client import Client, Record
from integration_hub.connectors.certinia.manifest import INVOICE_STATUS, PROJECT_ARCHIVE, PROJECT_CREATE
from integration_hub.connectors.composed import Effect
from integration_hub.connectors.force import soql
from integration_hub.connectors.force.settings import table
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
PROJECT, MILESTONE, EVENT = "pse__Proj__c", "pse__Milestone__c", "pse__Billing_Event__c"
ACTIVE = "pse__Is_Active__c"
AT_ONCE = 50
"""The package's triggers run on all records of a call and give up on many."""
INVOICE_FIELDS = {"status": "Hub_Status__c", "amount": "Hub_Amount__c"}
"""What the package has no field for; the setting `invoice_fields` names others."""
_LONGEST_NAME = 80
_SHOWN = ("Name", "pse__Start_Date__c", "pse__End_Date__c", ACTIVE)


# -- the project shell ----------------------------------------------------------------------------------------------


def _project(client: Client, reference: str) -> Record | None:
    found = client.rows(soql.select(["Id", *_SHOWN], PROJECT, f"{client.key} = {soql.literal(reference)}"))
    return found[0] if found else None


def _milestones(client: Client, payload: Payload) -> tuple[dict[str, str], list[Payload]]:
    """Ids of the milestones that are there, by reference, and those that are missing."""
    wanted = payload.get("milestones") or []
    there = {
        str(row[client.key]): str(row["Id"])
        for condition in soql.among(client.key, (item["reference"] for item in wanted))
        for row in client.rows(soql.select(["Id", client.key], MILESTONE, condition))
    }
    return there, [item for item in wanted if item["reference"] not in there]


def _create_project(client: Client, write: Write) -> Sent:
    payload = write.payload
    project = _project(client, payload["reference"])
    if project is not None and project[ACTIVE]:
        record_id = str(project["Id"])
    else:  # an earlier activation may have been undone: its shell is used again
        values = {
            **table(client.connection, "project_fields"),
            "Name": payload["title"][:_LONGEST_NAME],
            "pse__Account__c": _account(client, write),
            "pse__Start_Date__c": payload.get("starts_on"),
            "pse__End_Date__c": payload.get("ends_on"),
            ACTIVE: True,
            "pse__Is_Billable__c": True,
            **_currency(client, payload),
        }
        record_id = client.upsert(PROJECT, client.key, payload["reference"], values)
        record_id = record_id or str((_project(client, payload["reference"]) or {}).get("Id") or "")
    _add_milestones(client, record_id, payload)
    return Sent(remote_id=record_id, status=200)


def _currency(client: Client, payload: Payload) -> Payload:
    several = client.connection.settings.get("multi_currency") != "no"
    return {"CurrencyIsoCode": payload["currency"]} if several else {}


def _account(client: Client, write: Write) -> str:
    """The customer's account: by its number, else the only one of its name. Raises Failed when nobody can say which."""
    name, number = str(write.payload.get("customer") or ""), str(write.payload.get("customer_code") or "")
    same = f"(Name = {soql.literal(name)} OR AccountNumber = {soql.literal(number or name)})"
    found = client.rows(soql.select(["Id", "Name", "AccountNumber"], "Account", same, order="Id LIMIT 50"))
    numbered = [row for row in found if number and row["AccountNumber"] == number]
    several = numbered or found
    if len(several) == 1:
        return str(several[0]["Id"])
    what = "several accounts" if several else "no account"
    raise Failed(
        FailureClass.DATA,
        f"{write.business_key}: Certinia's org has {what} for the customer {name} ({number or 'without a number'})",
        field="customer",
        remedy="Give the right account the customer's number as its Account Number, then try again.",
    )


def _batches(rows: list[Payload]) -> Iterator[list[Payload]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def _add_milestones(client: Client, project: str, payload: Payload) -> None:
    """Add what is missing. When Certinia refuses one, the shell made for it is put away again."""
    rows = [
        {
            client.key: item["reference"],
            "Name": item["name"][:_LONGEST_NAME],
            "pse__Project__c": project,
            "pse__Target_Date__c": item.get("due_on"),
            "pse__Status__c": "Planned",
            **_currency(client, payload),
        }
        for item in _milestones(client, payload)[1]
    ]
    try:
        for batch in _batches(rows):
            client.upsert_all(MILESTONE, client.key, batch)
    except Failed as failure:
        if failure.kind == FailureClass.REJECTED:
            client.update(PROJECT, project, {ACTIVE: False})
        raise


def _find_project(client: Client, write: Write) -> Confirmed | None:
    project = _project(client, write.payload["reference"])
    if project is None or not project[ACTIVE]:
        return None
    there, missing = _milestones(client, write.payload)
    if missing:
        return None
    facts = {name: project[name] for name in _SHOWN} | {"milestones": there}
    return Confirmed(remote_id=str(project["Id"]), number=str(project["Name"]), facts=facts)


def _project_id(client: Client, write: Write) -> str:
    """The project to archive: its id, or found by our reference when the id never came back."""
    if known := write.payload.get("remote_id") or write.remote_id:
        return str(known)
    found = _project(client, str(write.payload.get("reference") or ""))
    return str(found["Id"]) if found else ""


def _archive_project(client: Client, write: Write) -> Sent:
    record_id = _project_id(client, write)
    if not record_id:
        raise Failed(FailureClass.DATA, f"{write.business_key}: there is no project to archive", field="remote_id")
    return Sent(remote_id=record_id, status=client.update(PROJECT, record_id, {ACTIVE: False}))


def _find_archived(client: Client, write: Write) -> Confirmed | None:
    record_id = _project_id(client, write)
    found = client.record(PROJECT, record_id, ["Id", "Name", ACTIVE]) if record_id else None
    if found is None or found[ACTIVE]:
        return None
    return Confirmed(remote_id=record_id, number=str(found["Name"]), facts={ACTIVE: False})


# -- the invoice ----------------------------------------------------------------------------------------------------


def _event(client: Client, payload: Payload) -> Payload:
    """An invoice as a billing event of the project: what the package knows of it, and our status and amount."""
    fields = {**INVOICE_FIELDS, **table(client.connection, "invoice_fields")}
    return {
        "pse__Project__c": payload["project_remote_id"],
        "pse__Invoiced__c": True,
        "pse__Invoice_Number__c": payload["reference"],
        "pse__Invoice_Date__c": payload.get("invoice_date"),
        fields["status"]: payload["status"],
        fields["amount"]: wire.number(payload["amount"]),
        **_currency(client, payload),
    }


def _write_invoice(client: Client, write: Write) -> Sent:
    payload = write.payload
    record_id = client.upsert(EVENT, client.key, payload["reference"], _event(client, payload))
    if not record_id:
        record_id = str((client.by_key(EVENT, client.key, payload["reference"]) or {}).get("Id") or "")
    return Sent(remote_id=record_id, status=200)


def _find_invoice(client: Client, write: Write) -> Confirmed | None:
    """Only when the billing event says all of it."""
    found = client.by_key(EVENT, client.key, write.payload["reference"])
    wanted = _event(client, write.payload)
    if found is None or not all(wire.same(found.get(name), value) for name, value in wanted.items()):
        return None
    facts = {name: found[name] for name in wanted} | {"Name": found.get("Name")}
    return Confirmed(remote_id=str(found["Id"]), number=str(write.payload["reference"]), facts=facts)


EFFECTS = {
    PROJECT_CREATE: Effect(_create_project, _find_project),
    PROJECT_ARCHIVE: Effect(_archive_project, _find_archived),
    INVOICE_STATUS: Effect(_write_invoice, _find_invoice),
}
