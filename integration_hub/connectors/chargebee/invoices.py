"""Invoices: imported in one call under our reference, which Chargebee takes once, and read back."""

from integration_hub.connectors.billing import due_on, key_of, of_the_account, terms_of
from integration_hub.connectors.chargebee import customers
from integration_hub.connectors.chargebee.client import Client
from integration_hub.connectors.chargebee.documents import confirmed, standing, sums_of
from integration_hub.connectors.days import moment_of, zone
from integration_hub.connectors.registry import Confirmed, Sent, Write


def post(client: Client, write: Write) -> Sent:
    """Import once. What is there under our reference is looked for first."""
    payload, where = write.payload, zone(client.connection)
    of_the_account(payload, client.connection, client.setting("site"), "Chargebee site")
    sums = sums_of(client, payload)
    due = due_on(payload, terms_of(client.connection), "Chargebee")
    customer = customers.needed(client, payload["customer_code"])
    if found := standing(client, "invoices", "invoice", payload["reference"]):
        return Sent(remote_id=str(found["id"]), status=200, body={"already": True})
    values = {
        "id": payload["reference"],
        "customer_id": customer["id"],
        "date": moment_of(payload["invoice_date"], where),
        "due_date": moment_of(due, where),
        "status": "posted" if due > client.answered_at[:10] else "payment_due",
        "po_number": payload.get("po_number"),
        "notes": [{"note": payload["memo"]}] if payload.get("memo") else [],
        **sums,
    }
    made = client.post("invoices/import_invoice", "invoice", values, key=key_of(write, "invoice"))
    return Sent(remote_id=str(made["id"]), status=200)


def find(client: Client, write: Write) -> Confirmed | None:
    """The invoice under our reference."""
    found = standing(client, "invoices", "invoice", write.payload["reference"])
    return confirmed(client, found) if found else None
