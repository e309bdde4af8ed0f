"""The mapping a new Stripe connection starts with, over the objects as `reads.py` leaves them."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


LEGAL_ENTITY = [
    _rule("code", "legal_entity || id", required=True, value_map="legal_entity"),
    _rule("name", "name"),
    _rule("currency", "currency", required=True),
    _rule("country", "country", required=True, value_map="country"),
]
PAYMENT_TERM = [_rule("name", "name"), _rule("days", "days", "integer")]
CUSTOMER_ACCOUNT = [
    _rule("code", "metadata.throughline_customer || id", required=True),
    _rule("name", "name || email || id"),
    _rule("legal_entity_id", "account"),
    _rule("currency", "currency"),
]
_DOCUMENT = [
    _rule("number", "number", required=True),
    _rule("external_ref", "metadata.throughline_reference"),
    _rule("legal_entity_id", "account", required=True),
    _rule("customer_id", "customer", required=True),
    _rule("issued_on", "issued_on", "date", required=True),
    _rule("currency", "currency", required=True),
    _rule("net", "net", "decimal", required=True),
    _rule("tax", "tax", "decimal", required=True),
    _rule("gross", "gross", "decimal", required=True),
]
INVOICE = [
    *_DOCUMENT,
    _rule("due_on", "due_on", "date"),
    _rule("paid", "paid", "decimal", default="0"),
    _rule("status", "status", value_map="invoice_status"),
]
CREDIT_MEMO = [*_DOCUMENT, _rule("applications", "applications", "as_is")]
PAYMENT = [
    _rule("number", "number", required=True),
    _rule("legal_entity_id", "account"),
    _rule("received_on", "received_on", "date", required=True),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "currency", required=True),
    _rule("applications", "applications", "as_is"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "legal_entity": {"rules": LEGAL_ENTITY},
        "payment_term": {"rules": PAYMENT_TERM},
        "customer_account": {"rules": CUSTOMER_ACCOUNT},
        # A draft has no number and binds nobody.
        "invoice": {"row_filter": "status != 'draft'", "rules": INVOICE},
        "payment": {"rules": PAYMENT},
        "credit_memo": {"rules": CREDIT_MEMO},
    },
    "values": {
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        "country": {"when_unknown": "keep", "rows": {}},
        "invoice_status": {"rows": {"open": "open", "paid": "paid", "uncollectible": "open", "void": "voided"}},
    },
}
