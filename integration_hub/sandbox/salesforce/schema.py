"""The org's objects and fields, as data. Describe, validation, SOQL and storage all read this and nothing else."""

from __future__ import annotations

from . import psa
from .fields import CURRENCY, HUB_KEY, LINE_NAME, Field, SObject, day, money, number, pick, text, to

OBJECTS: dict[str, SObject] = {
    item.name: item
    for item in (
        SObject(
            "Organization",
            "00D",
            (text("Name"), Field("IsSandbox", "boolean"), text("InstanceName")),
            writable=False,
        ),
        SObject(
            "Account",
            "001",
            (
                text("Name", required=True),
                text("AccountNumber", 40),
                pick("Type", "Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
                to("ParentId", "Account"),
                CURRENCY,
                Field("BillingStreet", "textarea"),
                text("BillingCity", 40),
                text("BillingState", 80),
                text("BillingPostalCode", 20),
                text("BillingCountry", 80),
                text("Tax_Id__c", 40),
                text("ERP_Customer__c", 80, external_id=True),
                HUB_KEY,
                to("MasterRecordId", "Account", readonly=True),
            ),
        ),
        SObject(
            "Contact",
            "003",
            (
                text("Name", 121, readonly=True),
                text("FirstName", 40),
                text("LastName", 80, required=True),
                to("AccountId", "Account"),
                text("Email", 80),
                HUB_KEY,
                *psa.RESOURCE,
            ),
        ),
        SObject(
            "Opportunity",
            "006",
            (
                text("Name", 120, required=True),
                to("AccountId", "Account"),
                money("Amount"),
                pick(
                    "StageName",
                    "Prospecting",
                    "Qualification",
                    "Proposal/Price Quote",
                    "Negotiation/Review",
                    "Closed Won",
                    "Closed Lost",
                    required=True,
                ),
                day("CloseDate", required=True),
                Field("IsClosed", "boolean", readonly=True),
                Field("IsWon", "boolean", readonly=True),
                CURRENCY,
                HUB_KEY,
            ),
        ),
        SObject(
            "Contract",
            "800",
            (
                text("ContractNumber", 30, readonly=True, auto="{:08d}"),
                LINE_NAME,
                to("AccountId", "Account", required=True),
                to("Opportunity__c", "Opportunity"),
                pick("Status", "Draft", "In Approval Process", "Activated", restricted=True, default="Draft"),
                pick("StatusCode", "Draft", "InApproval", "Activated", readonly=True),
                day("StartDate"),
                day("EndDate"),
                Field("ContractTerm", "int", scale=0),
                day("CustomerSignedDate"),
                CURRENCY,
                text("Legal_Entity__c", 80),
                text("Payment_Terms__c", 80),
                text("Tax_Jurisdiction__c", 80),
                text("PO_Number__c", 80),
                money("PO_Amount__c"),
                day("PO_Expires__c"),
                text("Delivery_Manager__c"),
                HUB_KEY,
                text("Hub_Status__c", 80),
                text("Hub_Project_Ref__c", 80),
                text("Hub_ERP_Job__c", 80),
                money("Invoiced_Amount__c"),
                money("Paid_Amount__c"),
                text("Last_Invoice__c", 80),
                text("Invoice_Status__c", 80),
            ),
        ),
        SObject(
            "Contract_Line__c",
            "a00",
            (
                LINE_NAME,
                to("Contract__c", "Contract", required=True),
                number("Line_Number__c", 0),
                pick("Method__c", "Time and Materials", "Fixed Fee", "Milestone", "Retainer", "Recurring", "Usage"),
                money("Amount__c"),
                number("Included_Hours__c"),
                money("Overage_Rate__c", 4),
                pick("Unused_Policy__c", "Expire", "Roll Over", "Refund"),
                money("Cap_Amount__c"),
                day("Start_Date__c"),
                day("End_Date__c"),
                pick("Billing_Frequency__c", "Weekly", "Semi-monthly", "Monthly", "Quarterly", "Annually", "On event"),
                pick("Expense_Rule__c", "Not billable", "At cost", "Cost plus"),
                Field("Markup_Percent__c", "percent", scale=4),
                HUB_KEY,
            ),
            name_defaults_to_id=True,
        ),
        SObject(
            "Rate_Item__c",
            "a01",
            (
                text("Name", 80, readonly=True, auto="RI-{:06d}"),
                to("Contract__c", "Contract"),
                to("Contract_Line__c", "Contract_Line__c"),
                text("Role__c", 80),
                text("Resource__c", 80),
                money("Rate__c", 4, required=True),
                pick("Unit__c", "Hour", "Day", "Month", "Unit", default="Hour"),
                CURRENCY,
                day("Effective_From__c"),
                day("Effective_To__c"),
                HUB_KEY,
            ),
        ),
        SObject(
            "Milestone_Term__c",
            "a02",
            (
                LINE_NAME,
                to("Contract_Line__c", "Contract_Line__c", required=True),
                number("Sequence__c", 0),
                money("Amount__c"),
                day("Due_Date__c"),
                HUB_KEY,
            ),
            name_defaults_to_id=True,
        ),
        SObject(
            "Contract_Amendment__c",
            "a03",
            (
                text("Name", 80, readonly=True, auto="AM-{:06d}"),
                to("Contract__c", "Contract", required=True),
                number("Amendment_Number__c", 0),
                pick("Kind__c", "Rate", "Cap", "Term", "Scope", restricted=True),
                pick("Status__c", "Draft", "Signed", "Void", restricted=True, default="Draft"),
                day("Signed_Date__c"),
                day("Effective_Date__c"),
                to("Contract_Line__c", "Contract_Line__c"),
                text("Role__c", 80),
                money("New_Rate__c", 4),
                money("New_Limit__c"),
                day("New_End_Date__c"),
                Field("Description__c", "textarea", 32_000),
                HUB_KEY,
                text("Hub_Status__c", 80),
            ),
        ),
        *psa.OBJECTS,
    )
}

BY_LOWER = {name.lower(): item for name, item in OBJECTS.items()}
BY_PREFIX = {item.prefix: item for item in OBJECTS.values()}


def known(name: str, *, packages: bool = True) -> SObject | None:
    """The object of this name, in any case of letters; those of packages only where they are installed."""
    found = BY_LOWER.get(name.lower())
    return found if found is not None and (packages or not found.package) else None
