"""The data entities as data: sets, keys, fields. Names marked unconfirmed in the facts can be renamed by a setting."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..store import Column, Kind

COMPANY, STAMP = "dataAreaId", "ModifiedDateTime"
NAMESPACE = "Microsoft.Dynamics.DataEntities"
ENUMS: dict[str, tuple[str, ...]] = {
    "NoYes": ("No", "Yes"),
    "LedgerJournalACType": ("Ledger", "Cust", "Vend", "Project", "Bank"),
    "ProjStage": ("Created", "InProcess", "Finished"),
    "FiscalPeriodType": ("Opening", "Operating", "Closing"),
    "FiscalPeriodStatus": ("Open", "OnHold", "PermanentlyClosed"),
    "LedgerModuleAccess": ("All", "None"),
    "CustDocumentStatus": ("Draft", "Open", "Closed", "Cancelled"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `type`: text, number, integer, date, or the name of an enumeration; `set_by_system`: not taken."""

    name: str
    type: str = "text"
    required: bool = False
    set_by_system: bool = False
    longest: int = 1000


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A data entity. `numbered`: the part of its key that Dynamics numbers. `parent`: the set its rows are lines of."""

    name: str
    type: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    numbered: str = ""
    prefix: str = ""
    parent: str = ""
    lines: str = ""
    read_only: bool = False
    by_name: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update({one.name: one for one in self.fields})

    @property
    def per_company(self) -> bool:
        return COMPANY in self.keys

    def kind(self) -> Kind:
        searched = _SEARCHED.get(self.name, ())
        columns = tuple(Column(name) for name in dict.fromkeys((*self.keys, STAMP, *searched)))
        return Kind(f"dynamics_{self.name}", columns, key="TEXT", indexes=searched)


_SEARCHED: dict[str, tuple[str, ...]] = {
    "FreeTextInvoiceHeaders": ("CustomerReference", "InvoiceNumber"),
    "LedgerJournalHeaders": ("IntegrationKey",),
    "FreeTextInvoiceLines": ("HeaderReference",),
    "LedgerJournalLines": ("JournalBatchNumber",),
}


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def _system(type_: str, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name, type_, set_by_system=True) for name in names)


_PERIOD = (*_texts("Calendar", "FiscalYear", "PeriodName"),)
_COMPANY = Field(COMPANY, longest=4)
_LINE_ACCOUNTS = (
    Field("AccountType", "LedgerJournalACType"),
    Field("AccountDisplayValue", required=True),
    Field("OffsetAccountType", "LedgerJournalACType"),
    Field("OffsetAccountDisplayValue"),
    Field("DebitAmount", "number"),
    Field("CreditAmount", "number"),
    Field("CurrencyCode", longest=3),
)

SETS: dict[str, EntitySet] = {
    one.name: one
    for one in (
        EntitySet(
            "LegalEntities",
            "LegalEntity",
            ("LegalEntityId",),
            _texts("LegalEntityId", "Name", "AddressCountryRegionId"),
            read_only=True,
        ),
        EntitySet(
            "Ledgers",
            "Ledger",
            ("LegalEntityId",),
            _texts("LegalEntityId", "AccountingCurrency", "FiscalCalendar", "ChartOfAccounts"),
            read_only=True,
        ),
        EntitySet(
            "PaymentTerms",
            "PaymentTerm",
            (COMPANY, "Name"),
            (_COMPANY, *_texts("Name", "Description"), Field("NumberOfDays", "integer")),
        ),
        EntitySet(
            "FiscalPeriods",
            "FiscalPeriod",
            ("Calendar", "FiscalYear", "PeriodName"),
            (*_PERIOD, Field("StartDate", "date"), Field("EndDate", "date"), Field("Type", "FiscalPeriodType")),
            read_only=True,
        ),
        EntitySet(
            "LedgerPeriodStatuses",
            "LedgerPeriodStatus",
            (COMPANY, "Calendar", "FiscalYear", "PeriodName"),
            (_COMPANY, *_PERIOD, Field("PeriodStatus", "FiscalPeriodStatus")),
            read_only=True,
        ),
        EntitySet(
            "LedgerPeriodModuleAccess",
            "LedgerPeriodModuleAccessRow",
            (COMPANY, "Calendar", "FiscalYear", "PeriodName", "Module"),
            (_COMPANY, *_PERIOD, Field("Module"), Field("AccessLevel", "LedgerModuleAccess")),
            read_only=True,
        ),
        EntitySet(
            "MainAccounts",
            "MainAccount",
            ("ChartOfAccounts", "MainAccountId"),
            (*_texts("ChartOfAccounts", "MainAccountId", "Name", "MainAccountType"), Field("IsSuspended", "NoYes")),
            read_only=True,
        ),
        EntitySet(
            "Vendors",
            "Vendor",
            (COMPANY, "VendorAccountNumber"),
            (_COMPANY, *_texts("VendorAccountNumber", "VendorName", "PrimaryEmailAddress")),
        ),
        EntitySet(
            "CustomersV3",
            "CustomerV3",
            (COMPANY, "CustomerAccount"),
            (
                _COMPANY,
                Field("CustomerAccount", longest=20),
                Field("OrganizationName", required=True, longest=100),
                Field("CustomerGroupId", required=True),
                Field("SalesCurrencyCode", required=True, longest=3),
                *_texts("PaymentTerms", "AddressCountryRegionId", "PrimaryContactEmail", "TaxExemptNumber"),
                Field("IsOnHold", "NoYes"),
            ),
        ),
        EntitySet(
            "ProjectsV2",
            "ProjectV2",
            (COMPANY, "ProjectID"),
            (
                _COMPANY,
                Field("ProjectID", longest=20),
                Field("ProjectName", required=True, longest=60),
                Field("ProjectGroupId", required=True),
                Field("ProjectStage", "ProjStage"),
                Field("ActualStartDate", "date"),
                Field("ActualEndDate", "date"),
                *_texts("ProjectContractID", "ParentProjectID", "DefaultInvoiceAccount", "SalesTaxGroupId"),
                *_texts("ProjectManagerPersonnelNumber", "DimensionDisplayValue", "IntegrationSourceDataId"),
            ),
        ),
        EntitySet(
            "LedgerJournalHeaders",
            "LedgerJournalHeader",
            (COMPANY, "JournalBatchNumber"),
            (
                _COMPANY,
                Field("JournalBatchNumber"),
                Field("JournalName", required=True, longest=10),
                Field("Description", longest=60),
                *_texts("IntegrationKey", "PostingLayer"),
                *_system("NoYes", "IsPosted"),
                *_system("text", "AccountingCurrency"),
                *_system("number", "JournalTotalDebit", "JournalTotalCredit"),
            ),
            numbered="JournalBatchNumber",
            prefix="J",
            lines="LedgerJournalLines",
        ),
        EntitySet(
            "LedgerJournalLines",
            "LedgerJournalLine",
            (COMPANY, "JournalBatchNumber", "LineNumber"),
            (
                _COMPANY,
                Field("JournalBatchNumber"),
                Field("LineNumber", "integer"),
                Field("TransDate", "date", required=True),
                *_LINE_ACCOUNTS,
                Field("Text", longest=60),
                *_texts("Document", "Invoice", "SalesTaxGroup", "SalesTaxCode", "DefaultDimensionDisplayValue"),
                *_system("text", "Voucher"),
            ),
            parent="LedgerJournalHeaders",
        ),
        EntitySet(
            "CustomerPaymentJournalHeaders",
            "CustomerPaymentJournalHeader",
            (COMPANY, "JournalBatchNumber"),
            (
                _COMPANY,
                Field("JournalBatchNumber"),
                Field("JournalName", required=True, longest=10),
                Field("Description", longest=60),
                *_system("NoYes", "IsPosted"),
            ),
            numbered="JournalBatchNumber",
            prefix="P",
            lines="CustomerPaymentJournalLines",
        ),
        EntitySet(
            "CustomerPaymentJournalLines",
            "CustomerPaymentJournalLine",
            (COMPANY, "JournalBatchNumber", "LineNumber"),
            (
                _COMPANY,
                Field("JournalBatchNumber"),
                Field("LineNumber", "integer"),
                Field("TransactionDate", "date", required=True),
                *_LINE_ACCOUNTS,
                *_texts("PaymentReference", "PaymentMethodName", "MarkedInvoice"),
                Field("IsPrepayment", "NoYes"),
                *_system("NoYes", "IsPosted"),
                *_system("text", "Voucher"),
                *_system("number", "SettledAmount"),
            ),
            parent="CustomerPaymentJournalHeaders",
        ),
        EntitySet(
            "FreeTextInvoiceHeaders",
            "FreeTextInvoiceHeader",
            (COMPANY, "HeaderReference"),
            (
                _COMPANY,
                Field("HeaderReference"),
                Field("CustomerAccount", required=True),
                Field("InvoiceDate", "date", required=True),
                Field("PostingDate", "date"),
                Field("DueDate", "date"),
                Field("CurrencyCode", required=True, longest=3),
                *_texts("PaymentTerms", "CustomerReference", "CustomerRequisition", "Description", "ProjectID"),
                *_texts("CorrectedInvoiceNumber"),
                *_system("NoYes", "IsPosted"),
                *_system("CustDocumentStatus", "DocumentStatus"),
                *_system("text", "InvoiceNumber", "Voucher"),
                *_system("number", "InvoiceAmount", "SalesTaxAmount", "SettledAmount"),
            ),
            numbered="HeaderReference",
            prefix="FTI",
            lines="FreeTextInvoiceLines",
        ),
        EntitySet(
            "FreeTextInvoiceLines",
            "FreeTextInvoiceLine",
            (COMPANY, "HeaderReference", "LineNumber"),
            (
                _COMPANY,
                Field("HeaderReference"),
                Field("LineNumber", "integer"),
                Field("Description", required=True),
                Field("Quantity", "number"),
                Field("UnitPrice", "number"),
                Field("LineAmount", "number"),
                Field("AccountDisplayValue", required=True),
                *_texts("LineReference", "SalesTaxGroup", "ItemSalesTaxGroup"),
            ),
            parent="FreeTextInvoiceHeaders",
        ),
    )
}
