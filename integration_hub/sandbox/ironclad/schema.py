"""What the company has set up: record types and their properties, which differ from tenant to tenant."""

from __future__ import annotations

from ..store import Column, Kind

RECORDS = Kind("ironclad_records", (Column("type"), Column("name")), key="TEXT")
ENTITIES = Kind("ironclad_entities", (Column("name"),), key="TEXT")
WORKFLOWS = Kind("ironclad_workflows", (Column("status"),), key="TEXT")
WEBHOOKS = Kind("ironclad_webhooks", (Column("targetURL"),), key="TEXT", unique=("targetURL",))
JOBS = Kind("ironclad_jobs", key="TEXT")

TYPES = {
    "masterServicesAgreement": "Master services agreement",
    "statementOfWork": "Statement of work",
    "amendment": "Amendment",
    "mutualNDA": "Mutual NDA",
}
PROPERTIES = {
    "contractNumber": "string",
    "counterpartyName": "string",
    "counterparty": "reference",
    "legalEntity": "string",
    "contractValue": "monetary_amount",
    "agreementDate": "date",
    "effectiveDate": "date",
    "expirationDate": "date",
    "paymentTerms": "string",
    "poNumber": "string",
    "poAmount": "monetary_amount",
    "poExpirationDate": "date",
    "amendmentNumber": "string",
    "amendmentKind": "string",
    "role": "string",
    "newRate": "monetary_amount",
    "newLimit": "monetary_amount",
    "newExpirationDate": "date",
    "description": "string",
    "throughlineReference": "string",
    "entity_externalID": "string",
}
"""Key → type, as `GET /records/metadata` tells it."""

EVENTS = (
    "workflow_launched", "workflow_updated", "workflow_completed", "workflow_cancelled", "workflow_paused",
    "workflow_resumed", "workflow_attribute_updated", "workflow_approval_status_changed", "workflow_step_updated",
    "workflow_signature_packet_sent", "workflow_signature_packet_fully_signed", "record_contract_status_changed",
)  # fmt: skip
TEMPLATES = {"6063a1c2e4b0f5d6a7b8c9d0": "Services agreement", "6063a1c2e4b0f5d6a7b8c9d1": "Amendment"}
STATES = ("active", "paused", "completed", "cancelled")
