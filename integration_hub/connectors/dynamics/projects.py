"""Projects and customers: rows whose key is ours, so that a second write meets the first."""

from typing import Any

from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.manifest import LONGEST_TEXT
from integration_hub.connectors.dynamics.naming import holds, noon
from integration_hub.connectors.odata import Row, literal, shortened
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
PROJECTS, CUSTOMERS = "ProjectsV2", "CustomersV3"
_LONGEST_ID = 20


def project_id(reference: str) -> str:
    """Our reference as the id of a project."""
    return shortened(reference, _LONGEST_ID)


def upsert_job(client: Client, write: Write) -> Sent:
    """Make the project, or bring it to what is meant now."""
    return _upsert(client, PROJECTS, _job_key(write.payload), _job(client, write.payload))


def find_job(client: Client, write: Write) -> Confirmed | None:
    """The project, if it is open and as this write wants it."""
    found = client.one(PROJECTS, _job_key(write.payload))
    wanted = {name: value for name, value in _job(client, write.payload).items() if name in _COMPARED}
    if found is None or not holds(found, wanted):
        return None
    return _project(found)


def inactivate_job(client: Client, write: Write) -> Sent:
    """Finish the project."""
    found = _existing(client, write)
    if found is None:
        raise Failed(
            FailureClass.REJECTED,
            f"Dynamics has no project {write.payload.get('reference') or write.remote_id}",
            field="reference",
            remedy="Nothing to finish: look whether somebody deleted it in Dynamics.",
        )
    values = {"ProjectStage": client.setting("stage_closed", "Finished")}
    status = client.update(PROJECTS, _key_of(found), values, str(found.get("@odata.etag") or ""))
    return Sent(remote_id=_id(found), status=status)


def find_inactive(client: Client, write: Write) -> Confirmed | None:
    """The project, once it is finished."""
    found = _existing(client, write)
    if found is None or found.get("ProjectStage") != client.setting("stage_closed", "Finished"):
        return None
    return _project(found)


def upsert_customer(client: Client, write: Write) -> Sent:
    """Make the customer, or bring it to what is meant now."""
    return _upsert(client, CUSTOMERS, _customer_key(write.payload), _customer(client, write.payload))


def find_customer(client: Client, write: Write) -> Confirmed | None:
    """The customer, if it is as this write wants it."""
    found = client.one(CUSTOMERS, _customer_key(write.payload))
    if found is None or not holds(found, _customer(client, write.payload)):
        return None
    facts = {name: found.get(name) for name in ("OrganizationName", "SalesCurrencyCode", "PrimaryContactEmail")}
    return Confirmed(f"{found['dataAreaId']}|{found['CustomerAccount']}", str(found["CustomerAccount"]), facts)


def _upsert(client: Client, entity: str, key: Row, values: Row) -> Sent:
    """PATCH makes no row in F&O: what is not there is made, what is there is changed if it is still as it was read."""
    remote_id = "|".join(str(part) for part in key.values())
    found = client.one(entity, key)
    if found is None:
        client.create(entity, {**key, **values})
        return Sent(remote_id=remote_id, status=201)
    return Sent(remote_id=remote_id, status=client.update(entity, key, values, str(found.get("@odata.etag") or "")))


_COMPARED = ("ProjectName", "DefaultInvoiceAccount", "ProjectStage", "ActualStartDate", "ActualEndDate")


def _job_key(payload: Payload) -> Row:
    return {"dataAreaId": str(payload["legal_entity_id"]).lower(), "ProjectID": project_id(payload["reference"])}


def _job(client: Client, payload: Payload) -> Row:
    return {
        "ProjectName": payload["name"][:LONGEST_TEXT],
        "ProjectGroupId": client.setting("project_group", "TM"),
        "ProjectStage": client.setting("stage_open", "InProcess"),
        "DefaultInvoiceAccount": payload["customer_code"],
        "ActualStartDate": noon(payload.get("starts_on")),
        "ActualEndDate": noon(payload.get("ends_on")),
        "IntegrationSourceDataId": payload["reference"],
    }


def _customer_key(payload: Payload) -> Row:
    return {"dataAreaId": str(payload["legal_entity_id"]).lower(), "CustomerAccount": payload["customer_code"]}


def _customer(client: Client, payload: Payload) -> Row:
    return {
        "OrganizationName": payload["name"],
        "CustomerGroupId": client.setting("customer_group", "10"),
        "SalesCurrencyCode": payload["currency"],
        "PaymentTerms": payload.get("payment_terms"),
        "PrimaryContactEmail": payload.get("email"),
    }


def _existing(client: Client, write: Write) -> Row | None:
    """The project of a write that names it by id, or by our reference in whatever company it is."""
    company, _, number = str(write.payload.get("remote_id") or write.remote_id).partition("|")
    if number:
        return client.one(PROJECTS, {"dataAreaId": company, "ProjectID": number})
    where = f"ProjectID eq {literal(project_id(str(write.payload['reference'])))}"
    return next(iter(client.rows(PROJECTS, where)), None)


def _key_of(row: Row) -> Row:
    return {"dataAreaId": row["dataAreaId"], "ProjectID": row["ProjectID"]}


def _id(row: Row) -> str:
    return f"{row['dataAreaId']}|{row['ProjectID']}"


def _project(found: Row) -> Confirmed:
    facts = {name: found.get(name) for name in _COMPARED}
    return Confirmed(remote_id=_id(found), number=str(found["ProjectID"]), facts=facts)
