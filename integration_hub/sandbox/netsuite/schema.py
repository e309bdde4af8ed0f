"""Record types and their fields, as data. References name the types they may point to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..store import Column, Kind

CUSTOM_PREFIXES = ("custentity", "custbody", "custcol", "custrecord", "custevent")
"""Fields a customer adds carry one of these prefixes and hold what they are given."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Types: text, number, bool, date, ref, enum, list (a sublist), any."""

    name: str
    type: str = "text"
    refers: tuple[str, ...] = ()
    readonly: bool = False


@dataclass(frozen=True)
class RecordType:
    """One record type. `family` shares a number range, as entities and transactions do."""

    name: str
    fields: tuple[Field, ...]
    family: str = ""
    required: tuple[str, ...] = ()
    lines: dict[str, tuple[Field, ...]] | None = None
    label: str = "name"
    """The field that names the record where it is referred to."""
    prefix: str = ""
    """Document number prefix of a transaction."""
    read_only: bool = False

    @cached_property
    def by_name(self) -> dict[str, Field]:
        common = (
            Field("id", readonly=True),
            Field("externalId"),
            Field("lastModifiedDate", readonly=True),
            Field("createdDate", readonly=True),
            Field("links", "any", readonly=True),
        )
        return {field.name: field for field in (*common, *self.fields)}

    @property
    def sublists(self) -> dict[str, tuple[Field, ...]]:
        return self.lines or {}

    @property
    def table(self) -> str:
        return f"netsuite_{self.name}"

    @property
    def transaction(self) -> bool:
        return self.family == "transaction"

    def kind(self) -> Kind:
        columns = (
            Column("externalId"),
            Column("lastModifiedDate"),
            Column("entityId"),
            Column("tranId"),
        )
        return Kind(self.table, columns, unique=('"externalId"',))


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def _numbers(*names: str, readonly: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, "number", readonly=readonly) for name in names)


def _dates(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "date") for name in names)


def _flags(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "bool") for name in names)


def _enums(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "enum") for name in names)


def _ref(name: str, *refers: str, readonly: bool = False) -> Field:
    return Field(name, "ref", refers, readonly)


SEGMENTS = tuple(Field(name, "ref") for name in ("class", "department", "location"))
SUBSIDIARY, CURRENCY = _ref("subsidiary", "subsidiary"), _ref("currency", "currency")
ENTITY = _ref("entity", "customer", "job")
PERIOD = _ref("postingPeriod", "accountingPeriod")
HEAD = (
    *_texts("tranId", "memo", "otherRefNum"),
    *_dates("tranDate"),
    SUBSIDIARY,
    CURRENCY,
    PERIOD,
    _ref("account", "account"),
    *_numbers("exchangeRate"),
    Field("status", "enum", readonly=True),
    *SEGMENTS,
)
ITEM_LINE = (
    _ref("item", "serviceSaleItem"),
    *_numbers("line", "quantity", "rate", "amount"),
    *_texts("description", "taxDetailsReference"),
    *SEGMENTS,
)
TAX_LINE = (
    *_texts("taxDetailsReference", "taxCode", "taxType"),
    *_numbers("taxAmount", "taxBasis", "taxRate"),
)
APPLY_LINE = (_ref("doc", "invoice"), *_numbers("amount", "line"), *_flags("apply"))
TOTALS = _numbers("subtotal", "taxTotal", "total", readonly=True)

TYPES: dict[str, RecordType] = {
    item.name: item
    for item in (
        RecordType(
            "subsidiary",
            (
                *_texts("name", "legalName", "tranPrefix", "country"),
                CURRENCY,
                _ref("parent", "subsidiary"),
                *_flags("isInactive"),
            ),
            required=("name", "currency"),
        ),
        RecordType(
            "currency",
            (*_texts("name", "symbol"), *_numbers("exchangeRate", "currencyPrecision"), *_flags("isInactive")),
            required=("name", "symbol"),
        ),
        RecordType("term", (*_texts("name"), *_numbers("daysUntilNetDue"), *_flags("isInactive")), required=("name",)),
        RecordType("account", _texts("acctName", "acctNumber", "acctType"), label="acctName", read_only=True),
        RecordType(
            "serviceSaleItem",
            (*_texts("itemId", "displayName"), _ref("incomeAccount", "account"), *_flags("isInactive")),
            required=("itemId",),
            label="itemId",
        ),
        RecordType(
            "accountingPeriod",
            (
                *_texts("periodName"),
                *_dates("startDate", "endDate", "closedOnDate"),
                *_flags(
                    "closed",
                    "allLocked",
                    "arLocked",
                    "apLocked",
                    "payrollLocked",
                    "allowNonGLChanges",
                    "isAdjust",
                    "isPosting",
                    "isQuarter",
                    "isYear",
                    "isInactive",
                ),
                _ref("parent", "accountingPeriod"),
            ),
            label="periodName",
        ),
        RecordType(
            "customer",
            (
                *_texts(
                    "entityId",
                    "companyName",
                    "firstName",
                    "lastName",
                    "email",
                    "phone",
                    "url",
                    "comments",
                    "vatRegNumber",
                    "defaultAddress",
                ),
                *_flags("isPerson", "isInactive"),
                SUBSIDIARY,
                CURRENCY,
                _ref("terms", "term"),
                _ref("parent", "customer"),
                _ref("salesRep", "employee"),
                *_enums("entityStatus", "category"),
                *_numbers("creditLimit"),
            ),
            family="entity",
            required=("subsidiary",),
            lines={
                "addressBook": (
                    Field("addressBookAddress", "any"),
                    *_texts("label"),
                    *_flags("defaultBilling", "defaultShipping"),
                )
            },
            label="entityId",
        ),
        RecordType(
            "job",
            (
                *_texts("entityId", "companyName", "comments"),
                _ref("parent", "customer"),
                SUBSIDIARY,
                CURRENCY,
                *_dates("startDate", "endDate", "scheduledEndDate", "calculatedEndDate"),
                _ref("projectManager", "employee"),
                *_enums("jobBillingType", "jobType", "entityStatus"),
                Field("billingSchedule", "any"),
                Field("billingRateCard", "any"),
                *_flags("allowTime", "isInactive", "isExemptTime"),
                *_numbers("percentComplete", "estimatedRevenue", "chargeAmountReadyForBilling", "recognizedRevenue"),
            ),
            family="entity",
            required=("companyName", "parent"),
            label="entityId",
        ),
        RecordType(
            "employee",
            (
                *_texts("entityId", "firstName", "lastName", "email", "title", "phone"),
                SUBSIDIARY,
                *_dates("hireDate", "releaseDate"),
                _ref("supervisor", "employee"),
                *_flags("isInactive"),
            ),
            family="entity",
            required=("lastName", "subsidiary"),
            label="entityId",
        ),
        RecordType(
            "charge",
            (
                _ref("billTo", "customer", "job"),
                _ref("project", "job"),
                *_dates("chargeDate", "serviceStartDate", "serviceEndDate", "billDate"),
                Field("chargeType", "enum"),
                _ref("chargeEmployee", "employee"),
                Field("projectTask", "any"),
                Field("timeRecord", "any"),
                _ref("billingItem", "serviceSaleItem"),
                *_numbers("quantity", "rate", "amount"),
                CURRENCY,
                SUBSIDIARY,
                *SEGMENTS,
                *_enums("stage", "use"),
                *_texts("memo", "runId", "description"),
                _ref("invoice", "invoice"),
                *_numbers("invoiceLine"),
                Field("rule", "any"),
                _ref("creditMemo", "creditMemo"),
            ),
            required=("billTo", "chargeDate"),
            label="id",
        ),
        RecordType(
            "invoice",
            (
                *HEAD,
                ENTITY,
                _ref("job", "job"),
                _ref("terms", "term"),
                *_dates("dueDate", "startDate", "endDate", "shipDate"),
                *_enums("approvalStatus"),
                *_flags("taxDetailsOverride", "toBeEmailed", "toBePrinted"),
                *TOTALS,
                *_numbers("amountPaid", "amountRemaining", readonly=True),
                Field("createdFrom", "any"),
                *_texts("billAddress", "email"),
            ),
            family="transaction",
            required=("entity",),
            lines={"item": ITEM_LINE, "taxDetails": TAX_LINE},
            label="tranId",
            prefix="INV",
        ),
        RecordType(
            "creditMemo",
            (
                *HEAD,
                ENTITY,
                _ref("job", "job"),
                *_flags("taxDetailsOverride"),
                *TOTALS,
                *_numbers("applied", "unapplied", readonly=True),
                _ref("createdFrom", "invoice"),
            ),
            family="transaction",
            required=("entity",),
            lines={"item": ITEM_LINE, "taxDetails": TAX_LINE, "apply": APPLY_LINE},
            label="tranId",
            prefix="CM",
        ),
        RecordType(
            "customerPayment",
            (
                *HEAD,
                _ref("customer", "customer", "job"),
                *_numbers("payment"),
                *_numbers("applied", "unapplied", "total", readonly=True),
                *_texts("checkNum"),
                *_enums("paymentMethod"),
            ),
            family="transaction",
            required=("customer",),
            lines={"apply": APPLY_LINE},
            label="tranId",
            prefix="PAY",
        ),
        RecordType(
            "journalEntry",
            (*HEAD, *_flags("approved"), *_numbers("total", readonly=True)),
            family="transaction",
            required=("subsidiary",),
            lines={
                "line": (
                    _ref("account", "account"),
                    *_numbers("line", "debit", "credit"),
                    *_texts("memo"),
                    _ref("entity", "customer", "job", "employee"),
                    *SEGMENTS,
                )
            },
            label="tranId",
            prefix="JE",
        ),
        RecordType(
            "vendorPayment",
            (*HEAD, _ref("entity", "employee"), *_numbers("total", readonly=True)),
            family="transaction",
            required=("entity", "subsidiary"),
            lines={"apply": (_ref("doc", "journalEntry"), *_numbers("amount", "line"), *_flags("apply"))},
            label="tranId",
            prefix="VP",
        ),
    )
}

BY_LOWER = {name.lower(): item for name, item in TYPES.items()}

POSTINGS = Kind(
    "netsuite_posting", (Column("transaction", kind="INTEGER"), Column("account")), indexes=('"transaction"',)
)
APPLICATIONS = Kind(
    "netsuite_application",
    (Column("source", kind="INTEGER"), Column("invoice", kind="INTEGER")),
    indexes=("source", "invoice"),
)
