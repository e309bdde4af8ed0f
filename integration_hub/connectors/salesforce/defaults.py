"""The mapping a new Salesforce connection starts with. Administrators change it in the admin; names are the org's."""

from typing import Any

OBJECTS = {
    "customer": "Account",
    "opportunity": "Opportunity",
    "contract": "Contract",
    "contract_line": "Contract_Line__c",
    "rate_item": "Rate_Item__c",
    "milestone_term": "Milestone_Term__c",
    "amendment": "Contract_Amendment__c",
}
"""Canonical entity → object; the setting `objects` overrides single ones."""

STATUS_FIELDS = {
    "status": "Hub_Status__c",
    "project_ref": "Hub_Project_Ref__c",
    "erp_job": "Hub_ERP_Job__c",
    "invoiced_amount": "Invoiced_Amount__c",
    "paid_amount": "Paid_Amount__c",
    "last_invoice": "Last_Invoice__c",
    "invoice_status": "Invoice_Status__c",
}
"""What is written back → field; the setting `status_fields` overrides single ones."""

AMOUNTS = {"invoiced_amount", "paid_amount"}


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


CUSTOMER = [
    _rule("code", "AccountNumber || ERP_Customer__c", required=True),
    _rule("name", "Name"),
    _rule("parent_id", "ParentId"),
    _rule("currency", "CurrencyIsoCode"),
    _rule("country", "BillingCountry", value_map="country"),
    _rule("region", "BillingState"),
    _rule("city", "BillingCity"),
    _rule("street", "BillingStreet"),
    _rule("postal_code", "BillingPostalCode"),
    _rule("tax_id", "Tax_Id__c"),
]
OPPORTUNITY = [
    _rule("name", "Name"),
    _rule("customer_id", "AccountId", required=True),
    _rule("amount", "Amount", "decimal"),
    _rule("currency", "CurrencyIsoCode"),
    _rule("stage", "StageName"),
    _rule("is_closed", "IsClosed", "boolean"),
    _rule("is_won", "IsWon", "boolean"),
    _rule("closes_on", "CloseDate", "date"),
]
CONTRACT = [
    _rule("number", "ContractNumber", required=True),
    _rule("name", "Name || ContractNumber"),
    _rule("customer_id", "AccountId", required=True),
    _rule("opportunity_id", "Opportunity__c"),
    _rule("legal_entity", "Legal_Entity__c", required=True, value_map="legal_entity"),
    _rule("currency", "CurrencyIsoCode", required=True),
    _rule("status", "Status", required=True, value_map="contract_status"),
    _rule("signed_on", "CustomerSignedDate", "date"),
    _rule("starts_on", "StartDate", "date"),
    _rule("ends_on", "EndDate", "date"),
    _rule("payment_terms", "Payment_Terms__c", value_map="payment_terms"),
    _rule("tax_jurisdiction", "Tax_Jurisdiction__c"),
    _rule("po_number", "PO_Number__c"),
    _rule("po_amount", "PO_Amount__c", "decimal"),
    _rule("po_expires_on", "PO_Expires__c", "date"),
    _rule("delivery_lead", "Delivery_Manager__c"),
]
CONTRACT_LINE = [
    _rule("contract_id", "Contract__c", required=True),
    _rule("number", "Line_Number__c", "integer", required=True),
    _rule("name", "Name"),
    _rule("method", "Method__c", required=True, value_map="billing_method"),
    _rule("amount", "Amount__c", "decimal"),
    _rule("included_hours", "Included_Hours__c", "decimal"),
    _rule("overage_rate", "Overage_Rate__c", "decimal"),
    _rule("unused", "Unused_Policy__c", value_map="unused_policy"),
    _rule("cap_amount", "Cap_Amount__c", "decimal"),
    _rule("starts_on", "Start_Date__c", "date"),
    _rule("ends_on", "End_Date__c", "date"),
    _rule("frequency", "Billing_Frequency__c", value_map="billing_frequency"),
    _rule("expense_rule", "Expense_Rule__c", value_map="expense_rule"),
    _rule("markup_percent", "Markup_Percent__c", "decimal"),
]
RATE_ITEM = [
    _rule("contract_id", "Contract__c || Contract_Line__r.Contract__c", required=True),
    _rule("role", "Role__c", value_map="role"),
    _rule("resource", "Resource__c"),
    _rule("rate", "Rate__c", "decimal", required=True),
    _rule("unit", "Unit__c", value_map="rate_unit", default="hour"),
    _rule("currency", "CurrencyIsoCode", required=True),
    _rule("valid_from", "Effective_From__c", "date", required=True),
    _rule("valid_to", "Effective_To__c", "date"),
]
MILESTONE_TERM = [
    _rule("line_id", "Contract_Line__c", required=True),
    _rule("name", "Name"),
    _rule("sequence", "Sequence__c", "integer", required=True),
    _rule("amount", "Amount__c", "decimal", required=True),
    _rule("due_on", "Due_Date__c", "date"),
]
AMENDMENT = [
    _rule("contract_id", "Contract__c", required=True),
    _rule("number", "Amendment_Number__c || Name", required=True),
    _rule("kind", "Kind__c", required=True, value_map="amendment_kind"),
    _rule("status", "Status__c", required=True, value_map="amendment_status"),
    _rule("signed_on", "Signed_Date__c", "date"),
    _rule("effective_on", "Effective_Date__c", "date"),
    _rule("line_id", "Contract_Line__c"),
    _rule("role", "Role__c", value_map="role"),
    _rule("new_rate", "New_Rate__c", "decimal"),
    _rule("new_limit", "New_Limit__c", "decimal"),
    _rule("new_end_on", "New_End_Date__c", "date"),
    _rule("description", "Description__c"),
]

COUNTRIES = {
    "United States": "US",
    "United States of America": "US",
    "USA": "US",
    "United Kingdom": "GB",
    "Great Britain": "GB",
    "UK": "GB",
    "Germany": "DE",
    "Deutschland": "DE",
    "France": "FR",
    "Netherlands": "NL",
    "The Netherlands": "NL",
    "Belgium": "BE",
    "Ireland": "IE",
    "Spain": "ES",
    "Italy": "IT",
    "Austria": "AT",
    "Switzerland": "CH",
    "Sweden": "SE",
    "Denmark": "DK",
    "Norway": "NO",
    "Canada": "CA",
    "Australia": "AU",
    "Japan": "JP",
    "India": "IN",
}

DEFAULT: dict[str, Any] = {
    "entities": {
        # Prospects get a customer number when they become customers; until then nothing of ours needs them.
        "customer": {"row_filter": "AccountNumber || ERP_Customer__c || Type != 'Prospect'", "rules": CUSTOMER},
        "opportunity": {"rules": OPPORTUNITY},
        "contract": {"rules": CONTRACT},
        "contract_line": {"rules": CONTRACT_LINE},
        "rate_item": {"rules": RATE_ITEM},
        "milestone_term": {"rules": MILESTONE_TERM},
        "amendment": {"rules": AMENDMENT},
    },
    "values": {
        "country": {"rows": {**COUNTRIES, **{code: code for code in COUNTRIES.values()}}},
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        "payment_terms": {"when_unknown": "keep", "rows": {}},
        "role": {"when_unknown": "keep", "rows": {}},
        "contract_status": {
            "rows": {
                "Draft": "draft",
                "In Approval Process": "in_review",
                "Activated": "signed",
                "Terminated": "terminated",
                "Expired": "terminated",
            }
        },
        "billing_method": {
            "rows": {
                "Time and Materials": "tm",
                "Milestone": "milestone",
                "Retainer": "retainer_hours",
                "Fixed Fee": "fixed_schedule",
                "Recurring": "fixed_schedule",
                "Expenses": "expense",
                "Included": "included",
            }
        },
        "unused_policy": {"rows": {"Expire": "forfeit", "Roll Over": "rollover"}},
        "billing_frequency": {"rows": {"Monthly": "monthly", "Quarterly": "quarterly", "On event": "once"}},
        "expense_rule": {"rows": {"Not billable": "non_billable", "At cost": "at_cost", "Cost plus": "markup"}},
        "rate_unit": {"rows": {"Hour": "hour", "Day": "day", "Unit": "item"}},
        "amendment_kind": {"rows": {"Rate": "rate", "Cap": "cap", "Term": "term", "Scope": "scope"}},
        "amendment_status": {"rows": {"Draft": "draft", "Signed": "signed", "Void": "void"}},
    },
}
