"""The mapping a new Tryton connection starts with, over the fields that `reads.py` asks for."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


LEGAL_ENTITY = [
    _rule("code", "party.code", required=True, value_map="legal_entity"),
    _rule("name", "party.name"),
    _rule("currency", "currency.code", required=True),
    _rule("country", "party.addresses[].country.code | [0]", required=True, value_map="country"),
]
PAYMENT_TERM = [_rule("name", "name"), _rule("days", "days", "integer")]
ACCOUNTING_PERIOD = [
    _rule("name", "name"),
    _rule("starts_on", "start_date", "date", required=True),
    _rule("ends_on", "end_date", "date", required=True),
    _rule("closed", "state != 'open'", "boolean", required=True),
    _rule("legal_entity_id", "company"),
]
CUSTOMER_ACCOUNT = [
    _rule("code", "code", required=True),
    _rule("name", "name || code"),
    _rule("legal_entity_id", "company"),
    _rule("payment_terms", "customer_payment_term.name", value_map="payment_terms"),
    _rule("inactive", "active == `false`", "boolean"),
]
_DOCUMENT = [
    _rule("number", "number", required=True),
    _rule("external_ref", "reference"),
    _rule("legal_entity_id", "company", required=True),
    _rule("customer_id", "party", required=True),
    _rule("issued_on", "invoice_date", "date", required=True),
    _rule("currency", "currency.code", required=True),
    _rule("net", "net", "decimal", required=True),
    _rule("tax", "tax", "decimal", required=True),
    _rule("gross", "gross", "decimal", required=True),
]
INVOICE = [
    *_DOCUMENT,
    _rule("due_on", "due_on", "date"),
    _rule("paid", "paid", "decimal", default="0"),
    _rule("status", "state", value_map="invoice_status"),
]
CREDIT_MEMO = [*_DOCUMENT, _rule("applications", "applications", "as_is")]
PAYMENT = [
    _rule("number", "move.number", required=True),
    _rule("legal_entity_id", "company"),
    _rule("customer_id", "party"),
    _rule("received_on", "date", "date", required=True),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "currency", required=True),
    _rule("reversed", "reversed", "boolean"),
    _rule("applications", "applications", "as_is"),
]
PAYABLE = [
    _rule("number", "move.number", required=True),
    _rule("external_ref", "move.description"),
    _rule("amount", "amount", "decimal", required=True),
    _rule("paid", "paid", "decimal", default="0"),
    _rule("paid_on", "paid_on", "date"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "legal_entity": {"rules": LEGAL_ENTITY},
        "payment_term": {"rules": PAYMENT_TERM},
        "accounting_period": {"rules": ACCOUNTING_PERIOD},
        "customer_account": {"rules": CUSTOMER_ACCOUNT},
        "invoice": {"rules": INVOICE},
        "payment": {"rules": PAYMENT},
        "credit_memo": {"rules": CREDIT_MEMO},
        "payable": {"rules": PAYABLE},
    },
    "values": {
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        "country": {"when_unknown": "keep", "rows": {}},
        "payment_terms": {"when_unknown": "keep", "rows": {}},
        # Codes of accounts by charge code: labour, labour_absorbed, subcontract, subcontract_accrued;
        # revenue, contract_asset, contract_liability; expense (or expense:Travel by category), employee_payable.
        "cost_account": {"rows": {}},
        # Codes of parties by our code of the person, where the e-mail address does not tell.
        "employee": {"rows": {}},
        "invoice_status": {"rows": {"posted": "open", "paid": "paid", "cancelled": "voided"}},
    },
}
