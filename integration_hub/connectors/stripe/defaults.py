"""The mapping a new Stripe connection starts with, over the objects as `reads.py` leaves them."""

from integration_hub.connectors.billing_defaults import mapping

DEFAULT = mapping(
    code="metadata.throughline_customer || id",
    name="name || email || id",
    customer="customer",
    number="number",
    reference="metadata.throughline_reference",
    not_yet="draft",
    statuses={"open": "open", "paid": "paid", "uncollectible": "open", "void": "voided"},
)
