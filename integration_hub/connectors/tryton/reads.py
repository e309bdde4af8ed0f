"""Tryton's records as feeds: short lists are read whole, the rest by last change."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.registry import Control, Page, Window
from integration_hub.connectors.tryton.client import Client, Domain, Row
from integration_hub.connectors.versions import Listing, Reading, stamp_of

_STAMPS: tuple[tuple[str, Domain], ...] = (
    ("write_date", [["write_date", "!=", None]]),
    ("create_date", [["write_date", "=", None]]),
)
"""A record says when it was last written; until then, only when it was made."""


@dataclass(frozen=True, slots=True)
class Records:
    """What a feed reads: a model, which records of it, their fields, and what is made of a record."""

    model: str
    fields: list[str]
    domain: Callable[[int], Domain]
    """Of the company's internal id."""
    finished: Callable[[Client, Row], Row]


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in LISTED:
        yield _listing(client, LISTED[entity], cursor)
    else:
        yield from _changes(client, CHANGED[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many records a feed has: of a list all, of the others those changed in the window."""
    records = LISTED.get(entity) or CHANGED[entity]
    return Control(client.count(records.model, _counted(client, entity, window)), whole=entity in LISTED)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    records = LISTED.get(entity) or CHANGED[entity]
    return (str(key) for key in client.ids(records.model, _counted(client, entity, window)))


def _counted(client: Client, entity: str, window: Window) -> Domain:
    if entity in LISTED:
        return LISTED[entity].domain(client.company)
    within = [[*which, [stamp, ">=", window.since], [stamp, "<", window.until]] for stamp, which in _STAMPS]
    return [*CHANGED[entity].domain(client.company), ["OR", *within]]


def _listing(client: Client, records: Records, cursor: dict[str, Any]) -> Page:
    rows = client.rows(records.model, records.domain(client.company), records.fields, [["id", "ASC"]])
    listing = Listing(cursor, client.answered_at)
    found = [listing.record(str(row["id"]), records.finished(client, row)) for row in rows]
    # No rows at all are rather a lost right than a firm without periods: what was known stays known.
    return Page(found, {"listed": listing.listed} if rows else cursor, done=True, complete=True, whole=True)


def _changes(client: Client, records: Records, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    reading = Reading(cursor, overlap)
    streams = [_stream(client, records, stamp, unwritten, reading.since) for stamp, unwritten in _STAMPS]
    rows = heapq.merge(*streams, key=lambda row: (row["stamp"], row["id"]))
    while True:
        page = list(islice(rows, client.page_size))
        found = []
        for row in page:
            stamp = stamp_of(row.pop("stamp"))
            for name, _ in _STAMPS:
                row.pop(name, None)
            found.append(reading.record(str(row["id"]), stamp, records.finished(client, row)))
        last = len(page) < client.page_size
        yield reading.page(found, done=last)
        if last:
            return


def _stream(client: Client, records: Records, stamp: str, which: Domain, since: str) -> Iterator[Row]:
    """Rows by one of the two stamps, each with it as `stamp`; every page starts again after the last row."""
    base = [*records.domain(client.company), *which]
    after: Domain = [[stamp, ">=", datetime.fromisoformat(since)]] if since else []
    while True:
        fields, order = [*records.fields, stamp], [[stamp, "ASC"], ["id", "ASC"]]
        rows = client.rows(records.model, [*base, *after], fields, order, client.page_size)
        yield from ({**row, "stamp": row[stamp]} for row in rows)
        if len(rows) < client.page_size:
            return
        at, key = datetime.fromisoformat(rows[-1][stamp]), rows[-1]["id"]
        after = [["OR", [stamp, ">", at], [[stamp, "=", at], ["id", ">", key]]]]


# -- what is made of a record -----------------------------------------------------------------------------------------


def _as_it_is(client: Client, row: Row) -> Row:
    return row


def _of_the_company(client: Client, row: Row) -> Row:
    return {**row, "company": client.company}


def _term(client: Client, row: Row) -> Row:
    """Days until the last part is due; months count thirty."""
    spans = [delta for line in row.pop("lines") or [] for delta in line.get("relativedeltas") or []]
    days = [(span.get("days") or 0) + 7 * (span.get("weeks") or 0) + 30 * (span.get("months") or 0) for span in spans]
    return {**row, "days": max(days, default=0)}


def _document(row: Row) -> Row:
    amounts = (("net", "untaxed_amount"), ("tax", "tax_amount"), ("gross", "total_amount"))
    return {**row, **{ours: wire.text(abs(wire.amount(row.pop(theirs)))) for ours, theirs in amounts}}


def _invoice(client: Client, row: Row) -> Row:
    open_, lines = wire.amount(row.pop("amount_to_pay")), row.pop("lines_to_pay") or []
    made = _document(row)
    paid = wire.amount(made["gross"]) - open_ if row["state"] in {"posted", "paid"} else Decimal(0)
    due = min((line["maturity_date"] for line in lines if line.get("maturity_date")), default=None)
    return {**made, "paid": wire.text(paid), "due_on": due}


def _credit_note(client: Client, row: Row) -> Row:
    lines = [line for line in row.pop("lines_to_pay") or [] if line.get("invoice_payment")]
    return {**_document(row), "applications": [_applied(line["invoice_payment"], _amount(line)[0]) for line in lines]}


def _payment(client: Client, row: Row) -> Row:
    amount, foreign = _amount(row)
    against = (row.pop("reconciliation") or {}).get("lines") or []
    move = row["move"]
    undone = any(line["move"].get("origin") == f"account.move,{move['id']}" for line in against)
    return {
        "id": row["id"],
        "move": {"id": move["id"], "number": move["number"]},
        "date": row["date"],
        "party": row["party"],
        "company": client.company,
        "amount": wire.text(amount),
        "currency": foreign or move["company"]["currency"]["code"],
        "reversed": undone,
        "applications": [] if undone else [_applied(row["invoice_payment"], amount)],
    }


def _payable(client: Client, row: Row) -> Row:
    """Tryton settles a line as a whole: when it is reconciled with whatever paid it."""
    move, settled = row["move"], row.pop("reconciliation") or {}
    amount = wire.text(wire.amount(row["credit"]))
    return {
        "id": row["id"],
        "move": {"number": move["number"], "description": move["description"]},
        "amount": amount,
        "paid": amount if settled else "0",
        "paid_on": settled.get("date"),
    }


def _applied(invoice: int, amount: Decimal) -> dict[str, str]:
    return {"invoice_id": str(invoice), "amount": wire.text(amount)}


def _amount(line: Row) -> tuple[Decimal, str]:
    """What a line takes off a receivable, and its currency where that is not the company's."""
    currency = (line.get("second_currency") or {}).get("code") or ""
    if currency:
        return -wire.amount(line["amount_second_currency"]), currency
    return wire.amount(line["credit"]) - wire.amount(line["debit"]), ""


_NUMBERS = ["number", "reference", "state", "invoice_date", "currency.code", "party", "company"]
_AMOUNTS = ["untaxed_amount", "tax_amount", "total_amount"]
_LINE = ["debit", "credit", "amount_second_currency", "second_currency.code", "invoice_payment"]


def _sold(kind: str) -> Callable[[int], Domain]:
    return lambda company: [
        ["company", "=", company],
        ["type", "=", "out"],
        ["number", "!=", None],
        ["sequence_type_cache", "=", kind],
    ]


LISTED = {
    "legal_entity": Records(
        "company.company",
        ["party.code", "party.name", "party.addresses.country.code", "currency.code"],
        lambda company: [["id", "=", company]],
        _as_it_is,
    ),
    "payment_term": Records(
        "account.invoice.payment_term",
        ["name", *(f"lines.relativedeltas.{unit}" for unit in ("days", "weeks", "months"))],
        lambda company: [],
        _term,
    ),
    "accounting_period": Records(
        "account.period",
        ["name", "start_date", "end_date", "state", "company"],
        lambda company: [["company", "=", company], ["type", "=", "standard"]],
        _as_it_is,
    ),
}
CHANGED = {
    "customer_account": Records(
        "party.party",
        ["code", "name", "active", "customer_payment_term.name"],
        # Inactive parties are named, or Tryton leaves them out.
        lambda company: [["code", "!=", None], ["active", "in", [True, False]]],
        _of_the_company,
    ),
    "invoice": Records(
        "account.invoice",
        [*_NUMBERS, *_AMOUNTS, "amount_to_pay", "lines_to_pay.maturity_date"],
        _sold("invoice"),
        _invoice,
    ),
    "payment": Records(
        "account.move.line",
        ["date", "party", "move.number", "move.company.currency.code", "reconciliation.lines.move.origin", *_LINE],
        # Credit notes pay invoices too, but are booked where invoices are.
        lambda company: [
            ["company", "=", company],
            ["invoice_payment.type", "=", "out"],
            ["journal.type", "!=", "revenue"],
        ],
        _payment,
    ),
    "payable": Records(
        "account.move.line",
        ["credit", "move.number", "move.description", "reconciliation.date"],
        lambda company: [
            ["company", "=", company],
            ["account.type.payable", "=", True],
            ["credit", ">", 0],
            ["move.state", "=", "posted"],
            ["move.description", "like", "%-EXP-%"],
        ],
        _payable,
    ),
    "credit_memo": Records(
        "account.invoice",
        [*_NUMBERS, *_AMOUNTS, *(f"lines_to_pay.{field}" for field in _LINE)],
        _sold("credit_note"),
        _credit_note,
    ),
}
