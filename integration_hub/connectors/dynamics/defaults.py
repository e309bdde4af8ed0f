"""The mapping a new connection to Dynamics starts with, over the rows `reads.py` makes."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


LEGAL_ENTITY = [
    _rule("code", "LegalEntityId", required=True, value_map="legal_entity"),
    _rule("name", "Name || LegalEntityId"),
    _rule("currency", "AccountingCurrency", required=True),
    _rule("country", "AddressCountryRegionId", required=True, value_map="country"),
]
PAYMENT_TERM = [_rule("name", "Name"), _rule("days", "NumberOfDays", "integer")]
ACCOUNTING_PERIOD = [
    _rule("name", "join(' ', [PeriodName, FiscalYear])"),
    _rule("starts_on", "StartDate", "date", required=True),
    _rule("ends_on", "EndDate", "date", required=True),
    _rule("closed", "PeriodStatus != 'Open'", "boolean", required=True),
    _rule("ar_locked", "contains(BarredModules, 'AccountsReceivable')", "boolean"),
    _rule("legal_entity_id", "LegalEntityId"),
]
CUSTOMER_ACCOUNT = [
    _rule("code", "CustomerAccount", required=True),
    _rule("name", "OrganizationName || CustomerAccount"),
    _rule("legal_entity_id", "LegalEntityId"),
    _rule("currency", "SalesCurrencyCode"),
    _rule("payment_terms", "PaymentTerms", value_map="payment_terms"),
    _rule("inactive", "IsOnHold == 'Yes'", "boolean"),
]
_DOCUMENT = [
    _rule("number", "InvoiceNumber", required=True),
    _rule("external_ref", "CustomerReference"),
    _rule("legal_entity_id", "LegalEntityId", required=True),
    _rule("customer_id", "customer_id", required=True),
    _rule("issued_on", "InvoiceDate", "date", required=True),
    _rule("currency", "CurrencyCode", required=True),
    _rule("net", "net", "decimal", required=True),
    _rule("tax", "tax", "decimal", required=True),
    _rule("gross", "gross", "decimal", required=True),
]
INVOICE = [
    *_DOCUMENT,
    _rule("due_on", "DueDate", "date"),
    _rule("paid", "paid", "decimal", default="0"),
    _rule("status", "DocumentStatus", value_map="invoice_status"),
]
CREDIT_MEMO = [*_DOCUMENT, _rule("applications", "applications", "as_is")]
PAYMENT = [
    _rule("number", "Voucher", required=True),
    _rule("legal_entity_id", "LegalEntityId"),
    _rule("customer_id", "customer_id"),
    _rule("received_on", "TransactionDate", "date", required=True),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "CurrencyCode", required=True),
    _rule("applications", "applications", "as_is"),
]
_COUNTRIES = {
    "USA": "US", "GBR": "GB", "DEU": "DE", "FRA": "FR", "NLD": "NL", "BEL": "BE", "CHE": "CH", "AUT": "AT", "IRL": "IE",
    "ESP": "ES", "ITA": "IT", "POL": "PL", "SWE": "SE", "DNK": "DK", "NOR": "NO", "CAN": "CA", "AUS": "AU", "IND": "IN",
    "JPN": "JP", "SGP": "SG",
}  # fmt: skip

DEFAULT: dict[str, Any] = {
    "entities": {
        "legal_entity": {"rules": LEGAL_ENTITY},
        "payment_term": {"rules": PAYMENT_TERM},
        "accounting_period": {"rules": ACCOUNTING_PERIOD},
        "customer_account": {"rules": CUSTOMER_ACCOUNT},
        "invoice": {"rules": INVOICE},
        "payment": {"rules": PAYMENT},
        "credit_memo": {"rules": CREDIT_MEMO},
    },
    "values": {
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        # Dynamics names countries by three letters.
        "country": {"rows": _COUNTRIES},
        "payment_terms": {"when_unknown": "keep", "rows": {}},
        # Main accounts by charge code: labour, labour_absorbed, subcontract, subcontract_accrued; revenue,
        # contract_asset, contract_liability; expense (or expense:Travel by category), employee_payable.
        "cost_account": {"rows": {}},
        "department": {"when_unknown": "keep", "rows": {}},
        # Vendor accounts of employees by our code of the person, where the e-mail address does not tell.
        "employee": {"rows": {}},
        "invoice_status": {"rows": {"Open": "open", "Closed": "paid", "Cancelled": "voided"}},
    },
}
