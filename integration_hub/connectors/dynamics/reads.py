"""Data entities as feeds: short lists are read whole, the rest by last change where the environment tells it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.documents import tax_of
from integration_hub.connectors.dynamics.naming import YES, first_segment, member
from integration_hub.connectors.odata import LACKING, Row
from integration_hub.connectors.registry import Control, Page, Window
from integration_hub.connectors.versions import Listing, Reading, batches, stamp_of
from integration_hub.kernel.failures import Failed, FailureClass

Finish = Callable[[Client, Row], Row]
POSTED = f"IsPosted eq {YES}"


@dataclass(frozen=True, slots=True)
class Table:
    """One feed of rows that say when they changed. `key`: what tells a row apart within its company."""

    entity: str
    key: tuple[str, ...]
    finish: Finish
    where: str = ""
    expand: str = ""

    def id_of(self, row: Row) -> str:
        """The source id: company and key, or the key alone. Raises Failed where the answer lacks them."""
        parts = [row.get(name) for name in self.key]
        if any(part in (None, "") for part in parts):
            raise Failed(
                FailureClass.TRANSIENT, f"Dynamics answered in an unexpected shape: {self.entity} without {self.key}"
            )
        return "|".join(str(part) for part in parts)


# -- short lists ------------------------------------------------------------------------------------------------------


def _legal_entities(client: Client) -> list[Row]:
    """Companies with the currency and the calendar of their ledgers."""
    ledgers = {str(row["LegalEntityId"]).upper(): row for row in client.rows("Ledgers")}
    return [
        {**ledgers.get(code, {}), **row, "LegalEntityId": code}
        for row in client.rows("LegalEntities")
        if (code := str(row.get("LegalEntityId") or "").upper())
    ]


def periods(client: Client) -> list[Row]:
    """The status of each period in each company, with its days and the modules that have no access to it."""
    period = ("Calendar", "FiscalYear", "PeriodName")
    days = {tuple(row[name] for name in period): row for row in client.rows("FiscalPeriods")}
    barred: dict[tuple[Any, ...], list[str]] = {}
    access = f"AccessLevel eq {member('LedgerModuleAccess', 'None')}"
    for row in client.rows("LedgerPeriodModuleAccess", access):
        barred.setdefault((row["dataAreaId"], *(row[name] for name in period)), []).append(row["Module"])
    found = []
    for row in client.rows("LedgerPeriodStatuses"):
        key = tuple(row[name] for name in period)
        modules = sorted(barred.get((row["dataAreaId"], *key), []))
        if key in days and days[key]["Type"] == "Operating":
            dates = {name: days[key][name] for name in ("StartDate", "EndDate")}
            found.append({**_of_company(row), **dates, "BarredModules": modules})
    return found


def companies(client: Client) -> list[str]:
    """The legal entities the connection is for; empty for all."""
    return [code.strip().upper() for code in client.setting("companies").split(",") if code.strip()]


LISTED: dict[str, tuple[tuple[str, ...], Callable[[Client], list[Row]]]] = {
    "legal_entity": (("LegalEntityId",), _legal_entities),
    "payment_term": (("dataAreaId", "Name"), lambda client: client.rows("PaymentTerms")),
    "accounting_period": (("dataAreaId", "Calendar", "FiscalYear", "PeriodName"), periods),
}


# -- what changes -----------------------------------------------------------------------------------------------------


def _of_company(row: Row) -> Row:
    return {**row, "LegalEntityId": str(row["dataAreaId"]).upper()}


def _customer(client: Client, row: Row) -> Row:
    return _of_company(row)


def _document(client: Client, row: Row) -> Row:
    """Amounts as positive decimals; the tax is Dynamics' own and the lines on the account of quoted tax."""
    gross = wire.amount(row["InvoiceAmount"])
    sign, tax = (-1 if gross < 0 else 1), tax_of(client, row)
    company = row["dataAreaId"]
    settled = abs(wire.amount(row.get("SettledAmount")))
    corrected = row.get("CorrectedInvoiceNumber")
    applied = [{"invoice_id": f"{company}|{corrected}", "amount": wire.text(settled)}] if corrected and settled else []
    return {
        **_of_company(row),
        "customer_id": f"{company}|{row['CustomerAccount']}",
        "gross": wire.text(sign * gross),
        "tax": wire.text(sign * tax),
        "net": wire.text(sign * (gross - tax)),
        "paid": wire.text(settled),
        "applications": applied,
    }


def _payment(client: Client, row: Row) -> Row:
    company, invoice = row["dataAreaId"], row.get("MarkedInvoice")
    amount = wire.amount(row["CreditAmount"]) - wire.amount(row.get("DebitAmount"))
    settled = wire.amount(row.get("SettledAmount") or (amount if "SettledAmount" not in row else 0))
    applied = [{"invoice_id": f"{company}|{invoice}", "amount": wire.text(settled)}] if invoice and settled > 0 else []
    customer = f"{company}|{first_segment(row['AccountDisplayValue'])}"
    return {**_of_company(row), "customer_id": customer, "amount": wire.text(amount), "applications": applied}


_INVOICES = ("dataAreaId", "InvoiceNumber")
CHANGED = {
    "customer_account": Table("CustomersV3", ("dataAreaId", "CustomerAccount"), _customer),
    "invoice": Table(
        "FreeTextInvoiceHeaders", _INVOICES, _document, f"{POSTED} and InvoiceAmount ge 0", "FreeTextInvoiceLines"
    ),
    "credit_memo": Table(
        "FreeTextInvoiceHeaders", _INVOICES, _document, f"{POSTED} and InvoiceAmount lt 0", "FreeTextInvoiceLines"
    ),
    "payment": Table(
        "CustomerPaymentJournalLines",
        ("dataAreaId", "JournalBatchNumber", "LineNumber"),
        _payment,
        f"{POSTED} and AccountType eq {member('LedgerJournalACType', 'Cust')} and CreditAmount gt 0",
    ),
}


# -- reading ----------------------------------------------------------------------------------------------------------


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in LISTED or not _stamp(client):
        yield _listing(client, entity, cursor)
    else:
        yield from _changes(client, CHANGED[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many rows a feed has: of a list all, of the others those changed in the window."""
    if entity in LISTED or not _stamp(client):
        return Control(len(list(_whole(client, entity))), whole=True)
    table = CHANGED[entity]
    return Control(client.count(table.entity, _within(client, table, window)))


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    if entity in LISTED or not _stamp(client):
        return (key for key, _ in _whole(client, entity))
    table = CHANGED[entity]
    return (table.id_of(row) for row in client.rows(table.entity, _within(client, table, window)))


def _stamp(client: Client) -> str:
    """The field that says when a row changed, or nothing."""
    name = client.setting("modified_field", "ModifiedDateTime")
    return "" if name == LACKING else name


def _within(client: Client, table: Table, window: Window) -> str:
    stamp = _stamp(client)
    times = (f"{stamp} ge {_moment(window.since)}", f"{stamp} lt {_moment(window.until)}")
    return " and ".join(filter(None, (table.where, *times)))


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _whole(client: Client, entity: str) -> Iterator[tuple[str, Row]]:
    """Id and row of all that a feed has."""
    if entity in LISTED:
        key, ask = LISTED[entity]
        named = Table(entity, key, _customer)
        yield from ((named.id_of(row), row) for row in ask(client))
        return
    table = CHANGED[entity]
    for row in client.rows(table.entity, table.where, expand=table.expand):
        yield table.id_of(row), table.finish(client, row)


def _listing(client: Client, entity: str, cursor: dict[str, Any]) -> Page:
    rows = list(_whole(client, entity))
    listing = Listing(cursor, client.answered_at)
    records = [listing.record(key, _plain(row)) for key, row in rows]
    # No rows at all are rather a lost permission than a firm without companies: what was known stays known.
    return Page(records, {"listed": listing.listed} if rows else cursor, done=True, complete=True, whole=True)


def _changes(client: Client, table: Table, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    stamp, reading = _stamp(client), Reading(cursor, overlap)
    order = ",".join((stamp, *table.key))

    def page(since: str, skip: int) -> tuple[list[Row], bool]:
        after = f"{stamp} ge {_moment(datetime.fromisoformat(since))}" if since else ""
        where = " and ".join(filter(None, (table.where, after)))
        return client.page(table.entity, where, order, skip=skip, expand=table.expand)

    def mark(row: Row) -> tuple[str, str]:
        return table.id_of(row), stamp_of(row[stamp])

    for rows, last in batches(page, reading.since, mark=mark):
        records = [reading.record(*mark(row), _plain(table.finish(client, row))) for row in rows]
        yield reading.page(records, done=last)


def _plain(row: Row) -> Row:
    """A row without what OData says of it: an ETag is no content."""
    return {name: value for name, value in row.items() if not name.startswith("@odata.")}
