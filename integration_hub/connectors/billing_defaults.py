"""The mapping a new connection to a billing platform starts with: its `reads.py` leaves objects alike."""

from collections.abc import Mapping
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
PAYMENT = [
    _rule("number", "number", required=True),
    _rule("legal_entity_id", "account"),
    _rule("received_on", "received_on", "date", required=True),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "currency", required=True),
    _rule("applications", "applications", "as_is"),
]


def mapping(
    *, code: str, name: str, customer: str, number: str, reference: str, not_yet: str, statuses: Mapping[str, str]
) -> dict[str, Any]:
    """The default mapping. `not_yet`: the status of an invoice that has no number and binds nobody."""
    document = [
        _rule("number", number, required=True),
        _rule("external_ref", reference),
        _rule("legal_entity_id", "account", required=True),
        _rule("customer_id", customer, required=True),
        _rule("issued_on", "issued_on", "date", required=True),
        _rule("currency", "currency", required=True),
        *(_rule(amount, amount, "decimal", required=True) for amount in ("net", "tax", "gross")),
    ]
    invoice = [
        *document,
        _rule("due_on", "due_on", "date"),
        _rule("paid", "paid", "decimal", default="0"),
        _rule("status", "status", value_map="invoice_status"),
    ]
    account = [
        _rule("code", code, required=True),
        _rule("name", name),
        _rule("legal_entity_id", "account"),
        _rule("currency", "currency"),
    ]
    return {
        "entities": {
            "legal_entity": {"rules": LEGAL_ENTITY},
            "payment_term": {"rules": PAYMENT_TERM},
            "customer_account": {"rules": account},
            "invoice": {"row_filter": f"status != '{not_yet}'", "rules": invoice},
            "payment": {"rules": PAYMENT},
            "credit_memo": {"rules": [*document, _rule("applications", "applications", "as_is")]},
        },
        "values": {
            "legal_entity": {"when_unknown": "keep", "rows": {}},
            "country": {"when_unknown": "keep", "rows": {}},
            "invoice_status": {"rows": dict(statuses)},
        },
    }
