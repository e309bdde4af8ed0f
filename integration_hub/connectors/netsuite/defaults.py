"""The mapping a new NetSuite connection starts with, over the columns of our queries (`reads.py`)."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


LEGAL_ENTITY = [
    _rule("code", "externalid || id", required=True, value_map="legal_entity"),
    _rule("name", "legalname || name"),
    _rule("currency", "symbol", required=True),
    _rule("country", "country", required=True, value_map="country"),
]
PAYMENT_TERM = [_rule("name", "name"), _rule("days", "daysuntilnetdue", "integer")]
ACCOUNTING_PERIOD = [
    _rule("name", "periodname"),
    _rule("starts_on", "startdate", "date", required=True),
    _rule("ends_on", "enddate", "date", required=True),
    _rule("closed", "closed", "boolean", required=True),
    _rule("ar_locked", "arlocked == 'T' || alllocked == 'T'", "boolean"),
]
CUSTOMER_ACCOUNT = [
    _rule("code", "externalid || entityid", required=True),
    _rule("name", "companyname || entityid"),
    _rule("legal_entity_id", "subsidiary"),
    _rule("currency", "symbol"),
    _rule("payment_terms", "terms_name", value_map="payment_terms"),
    _rule("inactive", "isinactive", "boolean"),
]
_DOCUMENT = [
    _rule("number", "tranid", required=True),
    _rule("external_ref", "externalid"),
    _rule("legal_entity_id", "subsidiary", required=True),
    _rule("customer_id", "entity", required=True),
    _rule("issued_on", "trandate", "date", required=True),
    _rule("currency", "symbol", required=True),
    _rule("net", "net", "decimal", required=True),
    _rule("tax", "tax", "decimal", required=True),
    _rule("gross", "gross", "decimal", required=True),
]
INVOICE = [
    *_DOCUMENT,
    _rule("due_on", "duedate", "date"),
    _rule("paid", "foreignamountpaid", "decimal", default="0"),
    _rule("status", "status", value_map="invoice_status"),
]
CREDIT_MEMO = [*_DOCUMENT, _rule("applications", "applications", "as_is")]
PAYMENT = [
    _rule("number", "tranid", required=True),
    _rule("legal_entity_id", "subsidiary"),
    _rule("customer_id", "entity"),
    _rule("received_on", "trandate", "date", required=True),
    _rule("amount", "gross", "decimal", required=True),
    _rule("currency", "symbol", required=True),
    _rule("reversed", "status == 'V'", "boolean"),
    _rule("applications", "applications", "as_is"),
]
PAYABLE = [
    _rule("number", "tranid", required=True),
    _rule("external_ref", "externalid"),
    _rule("amount", "amount", "decimal", required=True),
    _rule("paid", "paid", "decimal", default="0"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "legal_entity": {"row_filter": "isinactive != 'T'", "rules": LEGAL_ENTITY},
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
        # Internal ids of accounts by charge code: labour, labour_absorbed, subcontract, subcontract_accrued;
        # revenue, contract_asset, contract_liability; expense (or expense:Travel by category), employee_payable.
        "cost_account": {"rows": {}},
        "department": {"when_unknown": "keep", "rows": {}},
        # Internal ids of employees by our code of the person, where the e-mail address does not tell.
        "employee": {"rows": {}},
        # A: open, B: paid in full, D: pending approval, V: voided.
        "invoice_status": {"rows": {"A": "open", "B": "paid", "D": "open", "V": "voided"}},
    },
}
