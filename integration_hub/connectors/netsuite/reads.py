"""NetSuite's tables as feeds: short lists are read whole, the rest by last change, through SuiteQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integration_hub.connectors import wire
from integration_hub.connectors.netsuite.client import Client, Row
from integration_hub.connectors.registry import Control, Page, Window
from integration_hub.connectors.versions import Listing, Reading, batches, stamp_of

_PICTURE = "YYYY-MM-DD HH24:MI:SS"


@dataclass(frozen=True, slots=True)
class Table:
    """A query of one feed: columns and sources; the changed ones have the alias `t`."""

    columns: str
    source: str
    where: str = ""
    applied: str = ""
    """Record type whose `apply` sublist is read besides."""


LISTED = {
    "legal_entity": Table(
        "t.id, t.externalid, t.name, t.legalname, t.country, t.isinactive, c.symbol",
        "subsidiary t LEFT JOIN currency c ON c.id = t.currency",
    ),
    "payment_term": Table("t.id, t.name, t.daysuntilnetdue", "term t"),
    "accounting_period": Table(
        "t.id, t.periodname, t.startdate, t.enddate, t.closed, t.arlocked, t.alllocked",
        "accountingperiod t",
        "t.isposting = 'T' AND t.isquarter = 'F' AND t.isyear = 'F'",
    ),
}
_DOCUMENT = (
    "t.id, t.externalid, t.tranid, t.trandate, t.duedate, t.entity, t.subsidiary, c.symbol, t.status,"
    " t.foreigntotal, t.taxtotal, t.foreignamountpaid, t.postingperiod, t.memo"
)
_DOCUMENTS = "transaction t LEFT JOIN currency c ON c.id = t.currency"
CHANGED = {
    "customer_account": Table(
        "t.id, t.externalid, t.entityid, t.companyname, t.subsidiary, t.isinactive, c.symbol, p.name AS terms_name",
        "customer t LEFT JOIN currency c ON c.id = t.currency LEFT JOIN term p ON p.id = t.terms",
    ),
    "invoice": Table(_DOCUMENT, _DOCUMENTS, "t.type = 'CustInvc'"),
    "payment": Table(_DOCUMENT, _DOCUMENTS, "t.type = 'CustPymt'", applied="customerPayment"),
    # One row a journal: ours have one line that is owed to somebody.
    "payable": Table(
        "t.id, t.externalid, t.tranid, t.trandate, l.credit, l.amountunpaid",
        "transaction t JOIN transactionaccountingline l ON l.transaction = t.id JOIN account a ON a.id = l.account",
        "t.type = 'Journal' AND t.externalid LIKE '%-EXP-%' AND a.accttype = 'AcctPay' AND l.credit > 0",
    ),
    "credit_memo": Table(_DOCUMENT, _DOCUMENTS, "t.type = 'CustCred'", applied="creditMemo"),
}


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in LISTED:
        yield _listing(client, LISTED[entity], cursor)
    else:
        yield from _changes(client, CHANGED[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many rows the query of a feed has: of a list all, of the others those changed in the window."""
    (row,) = client.rows(f"SELECT COUNT(*) AS n FROM {_counted(client, entity, window)}")  # noqa: S608 - constants
    return Control(int(row["n"]), whole=entity in LISTED)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    query = f"SELECT t.id FROM {_counted(client, entity, window)} ORDER BY t.id"  # noqa: S608 - constants
    return (str(row["id"]) for row in client.rows(query))


def _counted(client: Client, entity: str, window: Window) -> str:
    table = LISTED.get(entity) or CHANGED[entity]
    conditions = [table.where] if table.where else []
    if entity in CHANGED:
        zone = _zone(client)
        conditions.append(f"t.lastmodifieddate >= {_moment(window.since, zone)}")
        conditions.append(f"t.lastmodifieddate < {_moment(window.until, zone)}")
    return f"{table.source} WHERE {' AND '.join(conditions)}" if conditions else table.source


def _zone(client: Client) -> ZoneInfo:
    return ZoneInfo(str(client.connection.settings.get("time_zone") or "UTC"))


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"TO_DATE('{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}', '{_PICTURE}')"


def _listing(client: Client, table: Table, cursor: dict[str, Any]) -> Page:
    where = f" WHERE {table.where}" if table.where else ""
    rows = client.rows(f"SELECT {table.columns} FROM {table.source}{where} ORDER BY t.id")  # noqa: S608 - constants
    listing = Listing(cursor, client.answered_at)
    records = [listing.record(str(row["id"]), row) for row in rows]
    # No rows at all are rather a lost permission than a firm without companies: what was known stays known.
    return Page(records, {"listed": listing.listed} if rows else cursor, done=True, complete=True, whole=True)


def _changes(client: Client, table: Table, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    zone, reading = _zone(client), Reading(cursor, overlap)

    def page(since: str, offset: int) -> tuple[list[Row], bool]:
        # A query is capped at 100,000 rows: another reason to begin again at the last stamp.
        found = client.page(_query(table, since, zone), offset)
        return [
            {name: value for name, value in item.items() if name != "links"} for item in found.items
        ], found.has_more

    def mark(row: Row) -> tuple[str, str]:
        return str(row["id"]), _instant(row["stamp"], zone)

    for rows, last in batches(page, reading.since, size=client.page_size, mark=mark):
        records = []
        for row in rows:
            stamp = _instant(row.pop("stamp"), zone)
            records.append(reading.record(str(row["id"]), stamp, _finished(client, table, row)))
        yield reading.page(records, done=last)


def _query(table: Table, since: str, zone: ZoneInfo) -> str:
    conditions = [table.where] if table.where else []
    if since:
        conditions.append(f"t.lastmodifieddate >= {_moment(datetime.fromisoformat(since), zone)}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    stamp = f"TO_CHAR(t.lastmodifieddate, '{_PICTURE}') AS stamp"
    return f"SELECT {table.columns}, {stamp} FROM {table.source}{where} ORDER BY t.lastmodifieddate, t.id"  # noqa: S608


def _instant(text: str, zone: ZoneInfo) -> str:
    return stamp_of(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).isoformat())


def _finished(client: Client, table: Table, row: Row) -> Row:
    """Amounts as positive decimals, and what a payment or credit was applied to."""
    if "foreigntotal" in row:
        gross, tax = abs(wire.amount(row["foreigntotal"])), abs(wire.amount(row.get("taxtotal")))
        row |= {"net": wire.text(gross - tax), "tax": wire.text(tax), "gross": wire.text(gross)}
        row["status"] = str(row.get("status") or "").rpartition(":")[2]
    if "amountunpaid" in row:
        amount, left = wire.amount(row["credit"]), wire.amount(row["amountunpaid"])
        row |= {"amount": wire.text(amount), "paid": wire.text(amount - left)}
    if table.applied:
        row["applications"] = _applications(client.record(table.applied, str(row["id"]), whole=True) or {})
    return row


def _applications(record: Row) -> list[dict[str, str]]:
    lines = (record.get("apply") or {}).get("items") or []
    return [
        {"invoice_id": str(line["doc"]["id"]), "amount": wire.text(wire.amount(line.get("amount")))}
        for line in lines
        if line.get("apply", True) and wire.amount(line.get("amount")) > 0
    ]
