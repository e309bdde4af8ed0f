"""Writes to Chargebee. Each goes under an idempotency key and under an id that is ours: what is there is found by it
before anything is sent, and a second one under it is refused."""

from integration_hub.connectors.chargebee import credit_notes, customers, invoices
from integration_hub.connectors.chargebee.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST
from integration_hub.connectors.composed import Effect

EFFECTS = {
    CUSTOMER_UPSERT: Effect(customers.upsert, customers.find),
    INVOICE_POST: Effect(invoices.post, invoices.find),
    CREDIT_POST: Effect(credit_notes.post, credit_notes.find),
}
