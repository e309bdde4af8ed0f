"""Customers and projects: made under our number, so that a second write meets the first."""

from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.odata import Row, literal, shortened
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.sap.client import Client, etag_of
from integration_hub.connectors.sap.naming import PARTNERS, PROJECTS, date_of
from integration_hub.connectors.sap.terms import terms_of
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
PROJECT, PARTNER = "A_EnterpriseProject", "A_BusinessPartner"
_LONGEST_ID, _LONGEST_NAME = 24, 60


def project_id(reference: str) -> str:
    """Our reference as the number of a project."""
    return shortened(reference, _LONGEST_ID)


def sales_area(client: Client, company: str) -> tuple[str, str, str]:
    """Sales organisation, distribution channel and division of a company code. Raises Failed."""
    table = client.connection.settings.get("sales_areas") or {}
    parts = str(table.get(company) or f"{company}/10/00").split("/")
    if len(parts) != 3:
        raise Failed(
            FailureClass.MAPPING,
            f"The setting sales_areas says {table.get(company)!r} of {company}",
            field="sales_areas",
            remedy="Write organisation, channel and division with slashes between, such as 1710/10/00.",
        )
    return parts[0], parts[1], parts[2]


# -- customers --------------------------------------------------------------------------------------------------------


def upsert_customer(client: Client, write: Write) -> Sent:
    """Make the partner with its company code and sales area, or give it the name that is meant now."""
    payload = write.payload
    key = {"BusinessPartner": payload["customer_code"]}
    found = client.one(PARTNERS, PARTNER, key)
    if found is None:
        client.create(PARTNERS, PARTNER, {**key, **_customer(client, payload)})
        return Sent(remote_id=str(payload["customer_code"]), status=201)
    name = {"OrganizationBPName1": payload["name"]}
    return Sent(str(payload["customer_code"]), client.update(PARTNERS, PARTNER, key, name, etag_of(found)))


def find_customer(client: Client, write: Write) -> Confirmed | None:
    """The partner, if it is called as this write wants it."""
    found = client.one(PARTNERS, PARTNER, {"BusinessPartner": write.payload["customer_code"]})
    if found is None or not wire.same(found.get("OrganizationBPName1"), write.payload["name"]):
        return None
    number = str(found["BusinessPartner"])
    return Confirmed(number, number, {"OrganizationBPName1": found.get("OrganizationBPName1")})


def _customer(client: Client, payload: Payload) -> Row:
    company = str(payload["legal_entity_id"])
    organisation, channel, division = sales_area(client, company)
    terms = terms_of(client, payload.get("payment_terms"))
    account = client.setting("receivable_account", "12100000")
    held: Row = {"CompanyCode": company, "ReconciliationAccount": account, "PaymentTerms": terms}
    area: Row = {"SalesOrganization": organisation, "DistributionChannel": channel, "Division": division}
    area |= {"Currency": payload["currency"], "CustomerPaymentTerms": terms}
    return {
        "BusinessPartnerCategory": "2",
        "BusinessPartnerGrouping": client.setting("partner_grouping", "BP02"),
        "OrganizationBPName1": payload["name"],
        "BusinessPartnerIDByExtSystem": payload["customer_code"],
        "to_Customer": {
            "to_CustomerCompany": {"results": [client.names.out(held)]},
            "to_CustomerSalesArea": {"results": [client.names.out(area)]},
        },
    }


# -- projects ---------------------------------------------------------------------------------------------------------


def upsert_job(client: Client, write: Write) -> Sent:
    """Make the project, or bring it to what is meant now; its status moves by a function only."""
    found = _by_number(client, write.payload["reference"])
    if found is None:
        found = client.create(PROJECTS, PROJECT, _job(client, write.payload))
    elif not _holds(found, write.payload):
        key = {"ProjectUUID": found["ProjectUUID"]}
        client.update(PROJECTS, PROJECT, key, _changing(write.payload), etag_of(found))
        found = client.one(PROJECTS, PROJECT, key) or found
    _move(client, found, client.setting("status_open", "10"))
    return Sent(remote_id=str(found["ProjectUUID"]), status=200)


def find_job(client: Client, write: Write) -> Confirmed | None:
    """The project, if it is open and as this write wants it."""
    found = _by_number(client, write.payload["reference"])
    if found is None or found.get("ProcessingStatus") != client.setting("status_open", "10"):
        return None
    return _project(found) if _holds(found, write.payload) else None


def inactivate_job(client: Client, write: Write) -> Sent:
    """Complete the project."""
    found = _existing(client, write)
    if found is None:
        raise Failed(
            FailureClass.REJECTED,
            f"SAP has no project {write.payload.get('reference') or write.remote_id}",
            field="reference",
            remedy="Nothing to complete: look whether somebody deleted it in SAP.",
        )
    _move(client, found, client.setting("status_closed", "40"))
    return Sent(remote_id=str(found["ProjectUUID"]), status=200)


def find_inactive(client: Client, write: Write) -> Confirmed | None:
    """The project, once it is completed."""
    found = _existing(client, write)
    if found is None or found.get("ProcessingStatus") != client.setting("status_closed", "40"):
        return None
    return _project(found)


def _changing(payload: Payload) -> Row:
    return {
        "ProjectDescription": payload["name"][:_LONGEST_NAME],
        "ProjectStartDate": date_of(payload.get("starts_on")),
        "ProjectEndDate": date_of(payload.get("ends_on")),
    }


def _job(client: Client, payload: Payload) -> Row:
    return {
        "Project": project_id(payload["reference"]),
        "EnterpriseProjectType": client.setting("project_type", "10"),
        "ProjectProfileCode": client.setting("project_profile", "YP03"),
        "CompanyCode": str(payload["legal_entity_id"]),
        "ProjectCurrency": payload["currency"],
        **_changing(payload),
    }


def _holds(found: Row, payload: Payload) -> bool:
    wanted: Row = {"ProjectDescription": payload["name"][:_LONGEST_NAME]}
    wanted |= {"ProjectStartDate": payload.get("starts_on"), "ProjectEndDate": payload.get("ends_on")}
    return all(not value or wire.same(found.get(name), value) for name, value in wanted.items())


def _move(client: Client, found: Row, status: str) -> None:
    if found.get("ProcessingStatus") != status:
        params = {"ProjectUUID": f"guid'{found['ProjectUUID']}'", "ProcessingStatus": literal(status)}
        client.act(PROJECTS, "SetProcessingStatus", params, etag_of(found))


def _by_number(client: Client, reference: str) -> Row | None:
    rows = client.rows(PROJECTS, PROJECT, f"Project eq {literal(project_id(str(reference)))}")
    return next(iter(rows), None)


def _existing(client: Client, write: Write) -> Row | None:
    """The project of a write that names it by id, or by our reference."""
    remote_id = str(write.payload.get("remote_id") or write.remote_id)
    if remote_id:
        return client.one(PROJECTS, PROJECT, {"ProjectUUID": remote_id})
    return _by_number(client, write.payload["reference"])


def _project(found: Row) -> Confirmed:
    facts = {name: found.get(name) for name in ("ProjectDescription", "ProcessingStatus", "CompanyCode")}
    return Confirmed(remote_id=str(found["ProjectUUID"]), number=str(found["Project"]), facts=facts)
