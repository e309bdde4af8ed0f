"""The org's objects and fields, as data. Describe, validation, SOQL and storage all read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..store import Column, Kind

NUMBERS = {"double", "currency", "percent", "int"}
TEXTS = {"string", "textarea", "picklist", "id", "reference"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    type: str = "string"
    length: int = 255
    scale: int = 2
    required: bool = False
    readonly: bool = False
    external_id: bool = False
    unique: bool = False
    refers: str = ""
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None
    auto: str = ""
    """Format of an auto-number."""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def relationship(self) -> str:
        """The name that reaches the parent in SOQL."""
        if not self.refers:
            return ""
        return self.name[:-1] + "r" if self.custom else self.name.removesuffix("Id")

    @property
    def column(self) -> str:
        return "id" if self.name == "Id" else self.name


@dataclass(frozen=True)
class SObject:
    """One object: its key prefix and its fields."""

    name: str
    prefix: str
    own: tuple[Field, ...]
    label: str = ""
    writable: bool = True
    name_defaults_to_id: bool = False

    @cached_property
    def fields(self) -> dict[str, Field]:
        system = (
            Field("Id", "id", 18, readonly=True),
            Field("IsDeleted", "boolean", readonly=True),
            Field("CreatedDate", "datetime", readonly=True),
            Field("LastModifiedDate", "datetime", readonly=True),
            Field("SystemModstamp", "datetime", readonly=True),
        )
        return {item.name: item for item in (system[0], *self.own, *system[1:])}

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        return {name.lower(): item for name, item in self.fields.items()}

    @cached_property
    def parents(self) -> dict[str, Field]:
        """Reference fields by the lower-cased relationship name."""
        return {item.relationship.lower(): item for item in self.fields.values() if item.refers}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def event(self) -> str:
        """The noun of hints about this object."""
        return self.name.removesuffix("__c").lower()

    def kind(self) -> Kind:
        """How its records are stored: every field can be filtered, stamps and keys are indexed."""
        columns = tuple(
            Column(item.name, kind="REAL" if item.type in NUMBERS else "TEXT")
            for item in self.fields.values()
            if item.name != "Id"
        )
        indexes = ["SystemModstamp"]
        indexes += [f'"{item.name}"' for item in self.fields.values() if item.external_id or item.refers]
        return Kind(f"salesforce_{self.name}", columns, key="TEXT", indexes=tuple(indexes))


def _text(name: str, length: int = 255, **extra: Any) -> Field:
    return replace(Field(name, "string", length), **extra)


def _pick(name: str, *values: str, restricted: bool = False, **extra: Any) -> Field:
    return replace(Field(name, "picklist", 255, values=values, restricted=restricted), **extra)


def _money(name: str, scale: int = 2, **extra: Any) -> Field:
    return replace(Field(name, "currency", scale=scale), **extra)


def _number(name: str, scale: int = 2) -> Field:
    return Field(name, "double", scale=scale)


def _day(name: str, **extra: Any) -> Field:
    return replace(Field(name, "date"), **extra)


def _to(name: str, target: str, **extra: Any) -> Field:
    return replace(Field(name, "reference", 18, refers=target), **extra)


CURRENCY = _pick(
    "CurrencyIsoCode", "USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "INR", restricted=True, default="USD"
)
HUB_KEY = _text("Hub_Key__c", 255, external_id=True, unique=True)
LINE_NAME = _text("Name", 80)

OBJECTS: dict[str, SObject] = {
    item.name: item
    for item in (
        SObject(
            "Organization",
            "00D",
            (_text("Name"), Field("IsSandbox", "boolean"), _text("InstanceName")),
            writable=False,
        ),
        SObject(
            "Account",
            "001",
            (
                _text("Name", required=True),
                _text("AccountNumber", 40),
                _pick("Type", "Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
                _to("ParentId", "Account"),
                CURRENCY,
                Field("BillingStreet", "textarea"),
                _text("BillingCity", 40),
                _text("BillingState", 80),
                _text("BillingPostalCode", 20),
                _text("BillingCountry", 80),
                _text("Tax_Id__c", 40),
                _text("ERP_Customer__c", 80, external_id=True),
                HUB_KEY,
                _to("MasterRecordId", "Account", readonly=True),
            ),
        ),
        SObject(
            "Opportunity",
            "006",
            (
                _text("Name", 120, required=True),
                _to("AccountId", "Account"),
                _money("Amount"),
                _pick(
                    "StageName",
                    "Prospecting",
                    "Qualification",
                    "Proposal/Price Quote",
                    "Negotiation/Review",
                    "Closed Won",
                    "Closed Lost",
                    required=True,
                ),
                _day("CloseDate", required=True),
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
                _text("ContractNumber", 30, readonly=True, auto="{:08d}"),
                LINE_NAME,
                _to("AccountId", "Account", required=True),
                _to("Opportunity__c", "Opportunity"),
                _pick("Status", "Draft", "In Approval Process", "Activated", restricted=True, default="Draft"),
                _pick("StatusCode", "Draft", "InApproval", "Activated", readonly=True),
                _day("StartDate"),
                _day("EndDate"),
                Field("ContractTerm", "int", scale=0),
                _day("CustomerSignedDate"),
                CURRENCY,
                _text("Legal_Entity__c", 80),
                _text("Payment_Terms__c", 80),
                _text("Tax_Jurisdiction__c", 80),
                _text("PO_Number__c", 80),
                _money("PO_Amount__c"),
                _day("PO_Expires__c"),
                _text("Delivery_Manager__c"),
                HUB_KEY,
                _text("Hub_Status__c", 80),
                _text("Hub_Project_Ref__c", 80),
                _text("Hub_ERP_Job__c", 80),
                _money("Invoiced_Amount__c"),
                _money("Paid_Amount__c"),
                _text("Last_Invoice__c", 80),
                _text("Invoice_Status__c", 80),
            ),
        ),
        SObject(
            "Contract_Line__c",
            "a00",
            (
                LINE_NAME,
                _to("Contract__c", "Contract", required=True),
                _number("Line_Number__c", 0),
                _pick("Method__c", "Time and Materials", "Fixed Fee", "Milestone", "Retainer", "Recurring", "Usage"),
                _money("Amount__c"),
                _number("Included_Hours__c"),
                _money("Overage_Rate__c", 4),
                _pick("Unused_Policy__c", "Expire", "Roll Over", "Refund"),
                _money("Cap_Amount__c"),
                _day("Start_Date__c"),
                _day("End_Date__c"),
                _pick("Billing_Frequency__c", "Weekly", "Semi-monthly", "Monthly", "Quarterly", "Annually", "On event"),
                _pick("Expense_Rule__c", "Not billable", "At cost", "Cost plus"),
                Field("Markup_Percent__c", "percent", scale=4),
                HUB_KEY,
            ),
            name_defaults_to_id=True,
        ),
        SObject(
            "Rate_Item__c",
            "a01",
            (
                _text("Name", 80, readonly=True, auto="RI-{:06d}"),
                _to("Contract__c", "Contract"),
                _to("Contract_Line__c", "Contract_Line__c"),
                _text("Role__c", 80),
                _text("Resource__c", 80),
                _money("Rate__c", 4, required=True),
                _pick("Unit__c", "Hour", "Day", "Month", "Unit", default="Hour"),
                CURRENCY,
                _day("Effective_From__c"),
                _day("Effective_To__c"),
                HUB_KEY,
            ),
        ),
        SObject(
            "Milestone_Term__c",
            "a02",
            (
                LINE_NAME,
                _to("Contract_Line__c", "Contract_Line__c", required=True),
                _number("Sequence__c", 0),
                _money("Amount__c"),
                _day("Due_Date__c"),
                HUB_KEY,
            ),
            name_defaults_to_id=True,
        ),
        SObject(
            "Contract_Amendment__c",
            "a03",
            (
                _text("Name", 80, readonly=True, auto="AM-{:06d}"),
                _to("Contract__c", "Contract", required=True),
                _number("Amendment_Number__c", 0),
                _pick("Kind__c", "Rate", "Cap", "Term", "Scope", restricted=True),
                _pick("Status__c", "Draft", "Signed", "Void", restricted=True, default="Draft"),
                _day("Signed_Date__c"),
                _day("Effective_Date__c"),
                _to("Contract_Line__c", "Contract_Line__c"),
                _text("Role__c", 80),
                _money("New_Rate__c", 4),
                _money("New_Limit__c"),
                _day("New_End_Date__c"),
                Field("Description__c", "textarea", 32_000),
                HUB_KEY,
                _text("Hub_Status__c", 80),
            ),
        ),
    )
}

BY_LOWER = {name.lower(): item for name, item in OBJECTS.items()}
BY_PREFIX = {item.prefix: item for item in OBJECTS.values()}
