"""What a rehearsed item asks of a vendor, in the connector's own form."""

from datetime import date
from decimal import Decimal
from typing import Any

from integration_hub.connectors.kantata.manifest import PROJECT_CREATE
from integration_hub.connectors.netsuite.manifest import INVOICE_POST

ENTITIES = {"US01": ("1", "USD"), "UK01": ("2", "GBP")}
"""Legal entity → (NetSuite's subsidiary id, currency)."""


def customer(seed: int, legal_entity: str, number: int) -> dict[str, Any]:
    """A customer as the simulated ERP loads it."""
    subsidiary, currency = ENTITIES[legal_entity]
    return {
        "companyName": f"Rehearsal {seed} {legal_entity} {number}",
        "externalId": customer_code(seed, legal_entity, number),
        "subsidiary": {"id": subsidiary},
        "currency": {"id": {"USD": "1", "GBP": "3"}[currency]},
        "terms": {"id": "1"},
    }


def customer_code(seed: int, legal_entity: str, number: int) -> str:
    """The external id of a customer."""
    return f"R{seed}-{legal_entity}-{number}"


def of(told: dict[str, Any], day: date) -> tuple[str, str, dict[str, Any]]:
    """(connection, effect type, payload) of an item that plans an effect."""
    if told["does"] == "project":
        return "kantata", PROJECT_CREATE, _project(told)
    return "netsuite", INVOICE_POST, _invoice(told, day)


def _invoice(told: dict[str, Any], day: date) -> dict[str, Any]:
    amount, key = told["amount"], told["business_key"]
    line = {"reference": f"{key}-1", "description": "Rehearsed work", "quantity": "1", "rate": amount, "amount": amount}
    return {
        "reference": key,
        "customer_code": told["customer"],
        "legal_entity_id": ENTITIES[told["legal_entity"]][0],
        "currency": told["currency"],
        "invoice_date": day.isoformat(),
        "memo": "rehearsal",
        "lines": [{**line, "tax": "0"}],
        "net": amount,
        "tax_total": "0",
        "gross": str(Decimal(amount)),
    }


def _project(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "reference": told["business_key"],
        "title": f"Rehearsed project {told['business_key']}",
        "customer": "Rehearsal",
        "currency": told["currency"],
        "starts_on": "2026-05-01",
        "ends_on": "2027-04-30",
        "milestones": [],
    }
