"""The mapping a new Chargebee connection starts with, over the objects as `reads.py` leaves them."""

from integration_hub.connectors.billing_defaults import mapping

DEFAULT = mapping(
    code="code",
    name="company || full_name || email || id",
    customer="customer_id",
    number="id",
    reference="id",
    not_yet="pending",
    statuses={"paid": "paid", "posted": "open", "payment_due": "open", "not_paid": "open", "voided": "voided"},
)
