"""Sets as feeds: company codes are read whole, the rest by last change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.odata import Row, literal
from integration_hub.connectors.registry import Control, Page, Window
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.naming import BILLING, COMPANIES, ETAG, JOURNAL, PARTNERS, day_and_time, moment
from integration_hub.connectors.versions import Listing, Reading, batches, stamp_of
from integration_hub.kernel.failures import Failed, FailureClass

STAMP, DAY, TIME = "LastChangeDateTime", "LastChangeDate", "LastChangeTime"
DAY_SECONDS = 86_400.0
Finish = Callable[[Client, Row], Row]


@dataclass(frozen=True, slots=True)
class Table:
    """One feed of rows that say when they changed. `dated`: day and time apart, and in the zone of the tenant."""

    service: str
    entity: str
    key: tuple[str, ...]
    finish: Finish
    where: Callable[[Client], str] = lambda _: ""
    expand: str = ""
    dated: bool = False

    def id_of(self, row: Row) -> str:
        """The source id. Raises Failed where the answer lacks a part of it."""
        parts = [row.get(name) for name in self.key]
        if any(part in (None, "") for part in parts):
            raise Failed(
                FailureClass.TRANSIENT, f"SAP answered in an unexpected shape: {self.entity} without {self.key}"
            )
        return "|".join(str(part) for part in parts)

    def stamp(self, row: Row) -> str:
        """When it changed last."""
        return stamp_of(f"{row[DAY]}T{row.get(TIME) or '00:00:00'}Z" if self.dated else row[STAMP])

    def since(self, at: datetime) -> str:
        """The condition for what changed at a moment or later."""
        if not self.dated:
            return f"{STAMP} ge {moment(at)}"
        day, time = day_and_time(at)
        return f"({DAY} gt {day} or ({DAY} eq {day} and {TIME} ge {time}))"

    def until(self, at: datetime) -> str:
        """The condition for what changed before a moment."""
        if not self.dated:
            return f"{STAMP} lt {moment(at)}"
        day, time = day_and_time(at)
        return f"({DAY} lt {day} or ({DAY} eq {day} and {TIME} lt {time}))"

    @property
    def order(self) -> str:
        return ",".join((*((DAY, TIME) if self.dated else (STAMP,)), *self.key))


# -- rows -------------------------------------------------------------------------------------------------------------


def companies(client: Client) -> list[str]:
    """The company codes the connection is for; empty for all."""
    return [code.strip() for code in client.setting("companies").split(",") if code.strip()]


def _customer(client: Client, row: Row) -> Row:
    """A partner with the company code it has there, if it is one, its terms, and the currency of its sales area."""
    there = row.get("to_Customer") or {}
    wanted = companies(client)
    held = [one for one in there.get("to_CustomerCompany") or [] if not wanted or one["CompanyCode"] in wanted]
    areas = there.get("to_CustomerSalesArea") or []
    terms = [one["PaymentTerms"] for one in held] + [one["CustomerPaymentTerms"] for one in areas]
    kept = {name: value for name, value in row.items() if name != "to_Customer"}
    return {
        **kept,
        "CompanyCode": held[0]["CompanyCode"] if len(held) == 1 else None,
        "CompanyCodes": sorted(one["CompanyCode"] for one in held),
        "PaymentTerms": next((term for term in terms if term), None),
        "Currency": next((one["Currency"] for one in areas if one.get("Currency")), None),
    }


def _document(client: Client, row: Row) -> Row:
    """A billing document; cash that covers a part of it is told by the payments."""
    net, tax = wire.amount(row["TotalNetAmount"]), wire.amount(row["TotalTaxAmount"])
    gross = net + tax
    return {
        **row,
        "net": wire.text(net),
        "tax": wire.text(tax),
        "gross": wire.text(gross),
        "paid": wire.text(gross if row.get("InvoiceClearingStatus") == "C" else 0),
        "applications": _applied(row, wire.text(gross)),
    }


def _payment(client: Client, row: Row) -> Row:
    amount = wire.text(-wire.amount(row["AmountInTransactionCurrency"]))
    return {**row, "amount": amount, "applications": _applied(row, amount)}


def _applied(row: Row, amount: str) -> list[Row]:
    """What a customer line names as its invoice: the entry of that in the books."""
    number, year = row.get("InvoiceReference"), row.get("InvoiceReferenceFiscalYear")
    return [{"invoice_id": f"{row['CompanyCode']}|{year}|{number}", "amount": amount}] if number and year else []


def _payments(client: Client) -> str:
    kinds = [kind.strip() for kind in client.setting("payment_types", "DZ").split(",")]
    either = " or ".join(f"AccountingDocumentType eq {literal(kind)}" for kind in kinds)
    return f"FinancialAccountType eq 'D' and ({either}) and AmountInTransactionCurrency lt 0"


_ENTRY = ("CompanyCode", "FiscalYear", "AccountingDocument")
_POSTED = "AccountingTransferStatus eq 'C'"
CHANGED = {
    "customer_account": Table(
        PARTNERS,
        "A_BusinessPartner",
        ("BusinessPartner",),
        _customer,
        lambda _: "Customer ne ''",
        "to_Customer/to_CustomerCompany,to_Customer/to_CustomerSalesArea",
        dated=True,
    ),
    "invoice": Table(
        BILLING, "A_BillingDocument", _ENTRY, _document, lambda _: f"SDDocumentCategory eq 'M' and {_POSTED}"
    ),
    "credit_memo": Table(
        BILLING, "A_BillingDocument", _ENTRY, _document, lambda _: f"SDDocumentCategory eq 'O' and {_POSTED}"
    ),
    "payment": Table(JOURNAL, "A_JournalEntryItemBasic", (*_ENTRY, "LedgerGLLineItem"), _payment, _payments),
}


# -- reading ----------------------------------------------------------------------------------------------------------


def legal_entities(client: Client) -> dict[str, Row]:
    """Company codes by their code."""
    return {str(row["CompanyCode"]): _plain(row) for row in client.rows(COMPANIES, "A_CompanyCode")}


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity == "legal_entity":
        yield _listing(client, cursor)
    else:
        yield from _changes(client, CHANGED[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many rows a feed has: of the list all, of the others those changed in the window."""
    if entity == "legal_entity":
        return Control(len(legal_entities(client)), whole=True)
    table = CHANGED[entity]
    return Control(client.count(table.service, table.entity, _within(client, table, window)))


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    if entity == "legal_entity":
        return iter(legal_entities(client))
    table = CHANGED[entity]
    rows = client.rows(table.service, table.entity, _within(client, table, window))
    return (table.id_of(row) for row in rows)


def _within(client: Client, table: Table, window: Window) -> str:
    parts = (table.where(client), table.since(window.since), table.until(window.until))
    return " and ".join(filter(None, parts))


def _listing(client: Client, cursor: dict[str, Any]) -> Page:
    found = legal_entities(client)
    listing = Listing(cursor, client.answered_at)
    records = [listing.record(code, row) for code, row in found.items()]
    # No rows at all are rather a lost permission than a firm without companies: what was known stays known.
    return Page(records, {"listed": listing.listed} if records else cursor, done=True, complete=True, whole=True)


def _changes(client: Client, table: Table, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    # A day that is kept in the tenant's zone may lie a day off ours.
    reading = Reading(cursor, max(overlap, DAY_SECONDS) if table.dated else overlap)

    def page(since: str, skip: int) -> tuple[list[Row], bool]:
        after = table.since(datetime.fromisoformat(since).astimezone(UTC)) if since else ""
        where = " and ".join(filter(None, (table.where(client), after)))
        return client.page(table.service, table.entity, where, table.order, skip=skip, expand=table.expand)

    def mark(row: Row) -> tuple[str, str]:
        return table.id_of(row), table.stamp(row)

    for rows, last in batches(page, reading.since, mark=mark):
        records = [reading.record(*mark(row), _plain(table.finish(client, row))) for row in rows]
        yield reading.page(records, done=last)


def _plain(row: Row) -> Row:
    """A row without its ETag, which is no content."""
    return {name: value for name, value in row.items() if name != ETAG}
