"""The mapping a new connection to SAP starts with, over the rows `reads.py` makes."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


LEGAL_ENTITY = [
    _rule("code", "CompanyCode", required=True, value_map="legal_entity"),
    _rule("name", "CompanyCodeName || CompanyCode"),
    _rule("currency", "Currency", required=True),
    _rule("country", "Country", required=True),
]
CUSTOMER_ACCOUNT = [
    _rule("code", "BusinessPartner", required=True),
    _rule("name", "OrganizationBPName1 || BusinessPartner"),
    _rule("legal_entity_id", "CompanyCode"),
    _rule("currency", "Currency"),
    _rule("payment_terms", "PaymentTerms", value_map="payment_terms"),
    _rule("inactive", "IsMarkedForArchiving", "boolean"),
]
_DOCUMENT = [
    _rule("number", "BillingDocument", required=True),
    _rule("external_ref", "AssignmentReference"),
    _rule("legal_entity_id", "CompanyCode", required=True),
    _rule("customer_id", "SoldToParty", required=True),
    _rule("issued_on", "BillingDocumentDate", "date", required=True),
    _rule("currency", "TransactionCurrency", required=True),
    _rule("net", "net", "decimal", required=True),
    _rule("tax", "tax", "decimal", required=True),
    _rule("gross", "gross", "decimal", required=True),
]
INVOICE = [
    *_DOCUMENT,
    _rule("due_on", "NetDueDate", "date"),
    _rule("paid", "paid", "decimal", default="0"),
    _rule("status", "InvoiceClearingStatus", value_map="invoice_status"),
]
CREDIT_MEMO = [*_DOCUMENT, _rule("applications", "applications", "as_is")]
PAYMENT = [
    _rule("number", "AccountingDocument", required=True),
    _rule("legal_entity_id", "CompanyCode"),
    _rule("customer_id", "Customer"),
    _rule("received_on", "PostingDate", "date", required=True),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "TransactionCurrency", required=True),
    _rule("applications", "applications", "as_is"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "legal_entity": {"rules": LEGAL_ENTITY},
        "customer_account": {"rules": CUSTOMER_ACCOUNT},
        "invoice": {"rules": INVOICE},
        "payment": {"rules": PAYMENT},
        "credit_memo": {"rules": CREDIT_MEMO},
    },
    "values": {
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        # Terms are keys of four characters there; read and written by the same rows.
        "payment_terms": {"when_unknown": "keep", "rows": {}},
        # G/L accounts by charge code: labour, labour_absorbed, subcontract, subcontract_accrued; revenue,
        # contract_asset, contract_liability; expense (or expense:Travel by category), employee_payable.
        "cost_account": {"rows": {}},
        # Cost centres where SAP calls them otherwise.
        "department": {"when_unknown": "keep", "rows": {}},
        # Suppliers that stand for employees, by our code of the person.
        "employee": {"rows": {}},
        # A not cleared, B partly, C cleared; nothing where it is not to be cleared.
        "invoice_status": {"rows": {"A": "open", "B": "open", "C": "paid"}},
    },
}
