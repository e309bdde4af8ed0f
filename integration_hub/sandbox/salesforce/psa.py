"""Certinia PSA: the objects the managed package `pse` adds to the org, and what it adds to contacts.

Every name of the package carries its namespace; without it no object and no field is found. `Hub_Key__c` is what a
customer's administrator adds, so that records can be found again from outside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .fields import CURRENCY, HUB_KEY, Field, SObject, day, money, number, pick, text, to

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PACKAGE = "pse"


def flag(name: str, **extra: Any) -> Field:
    return replace(Field(name, "boolean"), **extra)


def _numbered(form: str) -> Field:
    return text("Name", 80, readonly=True, auto=form)


_BILLED = (
    flag("pse__Billed__c"),
    day("pse__Bill_Date__c"),
    flag("pse__Billing_Event_Released__c", readonly=True),
    flag("pse__Billing_Event_Invoiced__c", readonly=True),
)
_FINANCIALS = (
    flag("pse__Approved__c"),
    flag("pse__Approved_for_Billing__c"),
    flag("pse__Include_In_Financials__c"),
    flag("pse__Admin_Global_Edit__c"),
    text("pse__Audit_Notes__c"),
)
_WEEK = (
    day("pse__Start_Date__c", required=True),
    day("pse__End_Date__c"),
    *(number(f"pse__{name}_Hours__c") for name in DAYS),
    number("pse__Total_Hours__c"),
    flag("pse__Billable__c"),
)
_UNITS = (to("pse__Region__c", "pse__Region__c"), to("pse__Practice__c", "pse__Practice__c"))

RESOURCE = (
    flag("pse__Is_Resource__c"),
    flag("pse__Is_Resource_Active__c"),
    flag("pse__External_Resource__c"),
    text("pse__Resource_Role__c", 80),
    text("pse__API_Resource_Correlation_Id__c"),
    text("pse__ERP_Worker_Correlation_Id__c"),
    pick("pse__Employment_Status__c", "Active", "Terminated"),
    money("pse__Default_Cost_Rate__c"),
    flag("pse__Allow_Timecards_Without_Assignment__c"),
    *_UNITS,
)
"""What the package adds to contacts: a resource is a contact."""

OBJECTS = (
    SObject("pse__Region__c", "a20", (text("Name", 80, required=True), HUB_KEY), package=PACKAGE),
    SObject("pse__Practice__c", "a21", (text("Name", 80, required=True), HUB_KEY), package=PACKAGE),
    SObject(
        "pse__Proj__c",
        "a22",
        (
            text("Name", 80, required=True),
            to("pse__Account__c", "Account"),
            to("pse__Opportunity__c", "Opportunity"),
            to("pse__Project_Manager__c", "Contact"),
            day("pse__Start_Date__c"),
            day("pse__End_Date__c"),
            pick("pse__Project_Type__c", "Customer Project", "Internal Project"),
            pick("pse__Stage__c", "Draft", "Planned", "In Progress", "On Hold", "Completed", "Cancelled"),
            pick("pse__Billing_Type__c", "Time and Materials", "Fixed Price", "Retainer"),
            flag("pse__Is_Active__c"),
            flag("pse__Is_Billable__c"),
            flag("pse__Closed_for_Time_Entry__c"),
            flag("pse__Actuals_Need_Recalc__c"),
            CURRENCY,
            *_UNITS,
            Field("pse__Notes__c", "textarea", 32_000),
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Assignment__c",
        "a23",
        (
            text("Name", 80, required=True),
            text("pse__Assignment_Number__c", 80, readonly=True, auto="A-{:06d}"),
            to("pse__Resource__c", "Contact"),
            to("pse__Project__c", "pse__Proj__c", required=True),
            text("pse__Role__c", 80),
            pick("pse__Status__c", "Draft", "Tentative", "Scheduled", "Closed"),
            money("pse__Bill_Rate__c"),
            money("pse__Average_Cost_Rate__c"),
            flag("pse__Is_Billable__c"),
            day("pse__Start_Date__c"),
            day("pse__End_Date__c"),
            text("pse__API_Assignment_Correlation_Id__c"),
            CURRENCY,
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Timecard_Header__c",
        "a24",
        (
            _numbered("TCH-{:08d}"),
            to("pse__Resource__c", "Contact", required=True),
            to("pse__Project__c", "pse__Proj__c", required=True),
            to("pse__Assignment__c", "pse__Assignment__c"),
            *_WEEK,
            *(Field(f"pse__{name}_Notes__c", "textarea", 4_000) for name in DAYS),
            *(text(f"pse__Location_{name[:3]}__c", 80) for name in DAYS),
            pick("pse__Status__c", "Saved", "Submitted", "Approved", "Rejected", default="Saved"),
            flag("pse__Submitted__c", readonly=True),
            flag("pse__Admin_Global_Edit__c"),
            Field("pse__Timecard_Notes__c", "textarea", 4_000),
            text("pse__Audit_Notes__c"),
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Timecard__c",
        "a25",
        (
            _numbered("TC-{:08d}"),
            to("pse__Timecard_Header__c", "pse__Timecard_Header__c", required=True),
            to("pse__Resource__c", "Contact"),
            to("pse__Project__c", "pse__Proj__c"),
            to("pse__Assignment__c", "pse__Assignment__c"),
            *_WEEK,
            *_FINANCIALS,
            flag("pse__Approved_for_Vendor_Payment__c"),
            *_BILLED,
            to("pse__Billing_Event_Item__c", "pse__Billing_Event_Item__c"),
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Expense_Report__c",
        "a26",
        (
            text("Name", 80, required=True),
            to("pse__Resource__c", "Contact", required=True),
            to("pse__Project__c", "pse__Proj__c"),
            pick("pse__Status__c", "Draft", "Submitted", "Approved", "Rejected", default="Draft"),
            flag("pse__Submitted__c", readonly=True),
            to("pse__Approver__c", "Contact"),
            CURRENCY,
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Expense__c",
        "a27",
        (
            _numbered("EXP-{:08d}"),
            to("pse__Expense_Report__c", "pse__Expense_Report__c", required=True),
            to("pse__Resource__c", "Contact"),
            to("pse__Project__c", "pse__Proj__c"),
            to("pse__Assignment__c", "pse__Assignment__c"),
            day("pse__Expense_Date__c", required=True),
            pick("pse__Type__c", "Airfare", "Lodging", "Meals", "Mileage", "Miscellaneous"),
            money("pse__Amount__c", required=True),
            flag("pse__Billable__c"),
            flag("pse__Non_Reimbursible__c"),
            flag("pse__Lost_Receipt__c"),
            Field("pse__Description__c", "textarea", 4_000),
            *_FINANCIALS,
            *_BILLED,
            to("pse__Billing_Event_Item__c", "pse__Billing_Event_Item__c"),
            CURRENCY,
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Milestone__c",
        "a28",
        (
            text("Name", 80, required=True),
            to("pse__Project__c", "pse__Proj__c", required=True),
            pick("pse__Status__c", "Planned", "Open", "Submitted", "Approved", "Rejected", "Cancelled"),
            day("pse__Target_Date__c"),
            day("pse__Actual_Date__c"),
            money("pse__Milestone_Amount__c"),
            to("pse__Approver__c", "Contact"),
            Field("pse__Description__c", "textarea", 32_000),
            *_FINANCIALS,
            flag("pse__Approved_for_Vendor_Payment__c"),
            *_BILLED,
            to("pse__Billing_Event_Item__c", "pse__Billing_Event_Item__c"),
            CURRENCY,
            HUB_KEY,
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Billing_Event__c",
        "a29",
        (
            _numbered("BE-{:06d}"),
            to("pse__Project__c", "pse__Proj__c", required=True),
            day("pse__Date__c"),
            pick("pse__Status__c", "Draft", "Submitted", "Approved", default="Draft"),
            flag("pse__Is_Approved__c"),
            flag("pse__Is_Released__c"),
            flag("pse__Invoiced__c"),
            text("pse__Invoice_Number__c", 80),
            day("pse__Invoice_Date__c"),
            text("pse__Event_Key__c", 255),
            money("pse__Summary_Amount__c"),
            text("pse__Customer_Reference__c", 80),
            CURRENCY,
            HUB_KEY,
            text("Hub_Status__c", 80),
            money("Hub_Amount__c"),
        ),
        package=PACKAGE,
    ),
    SObject(
        "pse__Billing_Event_Item__c",
        "a2A",
        (
            _numbered("BEI-{:08d}"),
            to("pse__Billing_Event__c", "pse__Billing_Event__c", required=True),
            pick("pse__Category__c", "Budget", "Expense", "Milestone", "Miscellaneous Adjustment", "Timecard"),
            money("pse__Amount__c"),
            day("pse__Date__c"),
            text("pse__Description__c"),
            text("pse__Customer_Reference__c", 80),
            to("pse__Timecard__c", "pse__Timecard__c"),
            to("pse__Expense__c", "pse__Expense__c"),
            to("pse__Milestone__c", "pse__Milestone__c"),
            flag("pse__Is_Released__c", readonly=True),
            flag("pse__Invoiced__c", readonly=True),
            CURRENCY,
        ),
        package=PACKAGE,
    ),
)
