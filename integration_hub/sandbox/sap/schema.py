"""The services as data: sets, keys, fields, ways from one to another. Unconfirmed names can be had otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..store import Column, Kind

PARTNERS, PROJECTS = "API_BUSINESS_PARTNER", "API_ENTERPRISE_PROJECT_SRV_0002"
BILLING, REQUESTS = "API_BILLING_DOCUMENT_SRV", "API_BILLING_DOCUMENT_REQUEST_SRV"
JOURNAL, COMPANIES = "API_JOURNALENTRYITEMBASIC_SRV", "API_COMPANYCODE_SRV"
STAMP, DAY, TIME = "LastChangeDateTime", "LastChangeDate", "LastChangeTime"


@dataclass(frozen=True, slots=True)
class Way:
    """A navigation property: the set it leads to, and whether to many of it. They share the first key."""

    to: str
    many: bool


@dataclass(frozen=True, slots=True)
class EntitySet:
    """One set of a service. Types of fields: text, number, date, time, stamp, guid, boolean."""

    name: str
    service: str
    keys: tuple[str, ...]
    fields: dict[str, str]
    ways: dict[str, Way] = field(default_factory=dict)
    writable: bool = False
    required: tuple[str, ...] = ()
    longest: dict[str, int] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return f"{self.name}Type"

    def kind(self) -> Kind:
        stamps = tuple(name for name in (STAMP, DAY, TIME) if name in self.fields)
        columns = dict.fromkeys((*self.keys, *stamps, *self.indexes))
        return Kind(f"sap_{self.name}", tuple(Column(name) for name in columns), key="TEXT", indexes=self.indexes)


def _fields(text: str = "", **typed: str) -> dict[str, str]:
    """Texts by name, and the others by type."""
    named = dict.fromkeys(text.split(), "text")
    return named | {name: kind for kind, names in typed.items() for name in names.split()}


SETS: dict[str, EntitySet] = {
    one.name: one
    for one in (
        EntitySet(
            "A_CompanyCode", COMPANIES, ("CompanyCode",), _fields("CompanyCode CompanyCodeName Country Currency")
        ),
        EntitySet(
            "A_BusinessPartner",
            PARTNERS,
            ("BusinessPartner",),
            _fields(
                "BusinessPartner BusinessPartnerCategory BusinessPartnerGrouping OrganizationBPName1 SearchTerm1 "
                "BusinessPartnerIDByExtSystem Customer",
                boolean="IsMarkedForArchiving",
                date=DAY,
                time=TIME,
            ),
            {"to_Customer": Way("A_Customer", many=False)},
            writable=True,
            required=("BusinessPartner", "BusinessPartnerCategory", "BusinessPartnerGrouping", "OrganizationBPName1"),
            longest={"BusinessPartner": 10, "OrganizationBPName1": 80, "SearchTerm1": 20},
        ),
        EntitySet(
            "A_Customer",
            PARTNERS,
            ("Customer",),
            _fields("Customer CustomerName"),
            {
                "to_CustomerCompany": Way("A_CustomerCompany", many=True),
                "to_CustomerSalesArea": Way("A_CustomerSalesArea", many=True),
            },
        ),
        EntitySet(
            "A_CustomerCompany",
            PARTNERS,
            ("Customer", "CompanyCode"),
            _fields("Customer CompanyCode ReconciliationAccount PaymentTerms"),
            required=("CompanyCode",),
        ),
        EntitySet(
            "A_CustomerSalesArea",
            PARTNERS,
            ("Customer", "SalesOrganization", "DistributionChannel", "Division"),
            _fields("Customer SalesOrganization DistributionChannel Division Currency CustomerPaymentTerms"),
            required=("SalesOrganization", "DistributionChannel", "Division"),
        ),
        EntitySet(
            "A_EnterpriseProject",
            PROJECTS,
            ("ProjectUUID",),
            _fields(
                "ProjectInternalID Project ProjectDescription EnterpriseProjectType ProcessingStatus CompanyCode "
                "ResponsibleCostCenter ProfitCenter ProjectCurrency ProjectProfileCode",
                guid="ProjectUUID",
                boolean="IsBillingRelevant",
                date="ProjectStartDate ProjectEndDate",
                stamp=STAMP,
            ),
            writable=True,
            required=("Project", "ProjectDescription", "EnterpriseProjectType", "CompanyCode"),
            longest={"Project": 24, "ProjectDescription": 60},
            indexes=("Project",),
        ),
        EntitySet(
            "A_BillingDocumentRequest",
            REQUESTS,
            ("BillingDocumentRequest",),
            _fields("BillingDocumentRequest SoldToParty SalesOrganization AssignmentReference OverallStatus"),
            indexes=("AssignmentReference",),
        ),
        EntitySet(
            "A_BillingDocument",
            BILLING,
            ("BillingDocument",),
            _fields(
                "BillingDocument SDDocumentCategory BillingDocumentType CompanyCode SoldToParty TransactionCurrency "
                "AssignmentReference PurchaseOrderByCustomer DocumentHeaderText CustomerPaymentTerms "
                "AccountingDocument FiscalYear AccountingTransferStatus InvoiceClearingStatus "
                "InvoiceReference InvoiceReferenceFiscalYear",
                number="TotalNetAmount TotalTaxAmount",
                boolean="BillingDocumentIsCancelled",
                date="BillingDocumentDate NetDueDate",
                stamp=STAMP,
            ),
            {"to_Item": Way("A_BillingDocumentItem", many=True)},
            indexes=("AssignmentReference", "AccountingDocument"),
        ),
        EntitySet(
            "A_BillingDocumentItem",
            BILLING,
            ("BillingDocument", "BillingDocumentItem"),
            _fields(
                "BillingDocument BillingDocumentItem BillingDocumentItemText Product ReferenceItemID WBSElement",
                number="BillingQuantity NetAmount TaxAmount",
            ),
        ),
        EntitySet(
            "A_JournalEntryItemBasic",
            JOURNAL,
            ("CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem"),
            _fields(
                "CompanyCode FiscalYear AccountingDocument LedgerGLLineItem AccountingDocumentType GLAccount Customer "
                "Supplier FinancialAccountType TransactionCurrency CostCenter DocumentItemText "
                "OriginalReferenceDocument InvoiceReference InvoiceReferenceFiscalYear",
                number="AmountInTransactionCurrency",
                date="PostingDate DocumentDate",
                stamp=STAMP,
            ),
            indexes=("OriginalReferenceDocument", "FinancialAccountType"),
        ),
    )
}
