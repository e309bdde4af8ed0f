"""Writes to Stripe. Each step goes under an idempotency key of its own, which Stripe keeps for a day; after that, and
before, what is there is found by our reference in its metadata."""

from integration_hub.connectors.composed import Effect
from integration_hub.connectors.stripe import credit_notes, customers, invoices
from integration_hub.connectors.stripe.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST

EFFECTS = {
    CUSTOMER_UPSERT: Effect(customers.upsert, customers.find),
    INVOICE_POST: Effect(invoices.post, invoices.find),
    CREDIT_POST: Effect(credit_notes.post, credit_notes.find),
}
