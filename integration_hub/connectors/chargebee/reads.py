"""Chargebee's lists as feeds: what changed since, in the order of its change, with what was deleted.

`updated_at` is in seconds and orders the lists; `resource_version` rises with each change and is the version.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.billing import term_rows
from integration_hub.connectors.chargebee.client import Client, Row
from integration_hub.connectors.days import day_of, stamp, zone
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.versions import Listing, Reading, batches, stamp_of
from integration_hub.kernel.clock import now


@dataclass(frozen=True, slots=True)
class Objects:
    """One list and what is made of its objects."""

    path: str
    kind: str
    finished: Callable[[Client, Row], Row]
    only: dict[str, str] = field(default_factory=dict)
    """What its list is narrowed to."""
    gone: Callable[[Row], bool] = lambda row: False
    """Objects that are there and count no more."""

    def params(self, client: Client, **more: Any) -> Row:
        """What its list is asked for."""
        deleted = {} if client.setting("include_deleted", "yes") == "no" else {"include_deleted": "true"}
        return {"sort_by[asc]": "updated_at", **deleted, **self.only, **more}


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in LISTED:
        yield _listing(LISTED[entity](client), cursor)
    else:
        yield from _changes(client, OBJECTS[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many objects changed last in the window, the deleted ones too."""
    if entity in LISTED:
        return Control(len(LISTED[entity](client)), whole=True)
    return Control(sum(1 for _ in roll(client, entity, window)), deleted_too=True)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    if entity in LISTED:
        return (str(row["id"]) for row in LISTED[entity](client))
    since, until = (ceil(moment.timestamp()) for moment in (window.since, window.until))
    within = {"updated_at[after]": since - 1, "updated_at[before]": until}
    objects = OBJECTS[entity]
    return (str(row["id"]) for row in client.every(objects.path, objects.kind, objects.params(client, **within)))


def _listing(rows: list[Row], cursor: dict[str, Any]) -> Page:
    listing = Listing(cursor, stamp_of(now().isoformat()))
    records = [listing.record(str(row["id"]), row) for row in rows]
    return Page(records, {"listed": listing.listed}, done=True, complete=True, whole=True)


def _changes(client: Client, objects: Objects, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    reading, onward = Reading(cursor, overlap), ""

    def page(since: str, skip: int) -> tuple[list[Row], bool]:
        """Offsets are Chargebee's own: the one it gave with the page before, as long as that began at this stamp."""
        nonlocal onward
        after = {"updated_at[after]": int(datetime.fromisoformat(since).timestamp()) - 1} if since else {}
        offset = onward if skip else ""
        rows, onward = client.page(objects.path, objects.kind, objects.params(client, **after), offset=offset)
        return rows, bool(onward)

    def mark(row: Row) -> tuple[str, str]:
        return str(row["id"]), stamp(row["updated_at"])

    for rows, last in batches(page, reading.since, mark=mark):
        yield reading.page([_record(client, objects, reading, row) for row in rows], done=last)


def _record(client: Client, objects: Objects, reading: Reading, row: Row) -> RawRecord:
    changed = stamp(row["updated_at"])
    version = row.get("resource_version")
    deleted = bool(row.get("deleted")) or objects.gone(row)
    made = objects.finished(client, row)
    return reading.record(
        str(row["id"]), stamp(version / 1000) if version else changed, made, deleted=deleted, moved_at=changed
    )


# -- what is made of an object ----------------------------------------------------------------------------------------


def _entity(client: Client) -> list[Row]:
    named = {name: client.setting(name) for name in ("legal_entity", "currency", "country")}
    return [{"id": client.setting("site"), "name": client.setting("site"), **named}]


def _terms(client: Client) -> list[Row]:
    return term_rows(client.connection)


LISTED = {"legal_entity": _entity, "payment_term": _terms}
"""What the connection says of itself: Chargebee has no list of it."""


def _customer(client: Client, row: Row) -> Row:
    name = " ".join(filter(None, (row.get("first_name"), row.get("last_name"))))
    code = row.get(client.setting("customer_field", "id")) or row["id"]
    own = {"code": code, "full_name": name, "currency": row.get("preferred_currency_code")}
    return {**row, **own, "account": client.setting("site")}


def _amounts(client: Client, row: Row, **amounts: Any) -> Row:
    currency = row["currency_code"]
    exact = {name: wire.from_subunits(value, currency) for name, value in amounts.items()}
    return {**row, "currency": currency, "account": client.setting("site"), **exact}


def _document(client: Client, row: Row, **amounts: Any) -> Row:
    tax = sum(item["tax_amount"] for item in row.get("line_item_taxes") or [])
    made = _amounts(client, row, net=row["total"] - tax, tax=tax, gross=row["total"], **amounts)
    made.pop("line_items", None)
    return {**made, "issued_on": day_of(row["date"], zone(client.connection))}


def _invoice(client: Client, row: Row) -> Row:
    """What was paid of it; credit notes are read as such."""
    made = _document(client, row, paid=row.get("amount_paid") or 0)
    return {**made, "due_on": day_of(row.get("due_date"), zone(client.connection))}


def _applied(row: Row, parts: list[Row], amount: str) -> list[Row]:
    return [
        {"invoice_id": part["invoice_id"], "amount": wire.from_subunits(part[amount], row["currency_code"])}
        for part in parts
    ]


def _credit_note(client: Client, row: Row) -> Row:
    """What it took off invoices; the rest is credit that waits."""
    return {
        **_document(client, row),
        "applications": _applied(row, row.get("allocations") or [], "allocated_amount"),
    }


def _payment(client: Client, row: Row) -> Row:
    return {
        **_amounts(client, row, amount=row["amount"]),
        "number": row.get("reference_number") or row["id"],
        "received_on": day_of(row["date"], zone(client.connection)),
        "applications": _applied(row, row.get("linked_invoices") or [], "applied_amount"),
    }


OBJECTS = {
    "customer_account": Objects("customers", "customer", _customer),
    "invoice": Objects("invoices", "invoice", _invoice),
    "payment": Objects(
        "transactions", "transaction", _payment, {"type[is]": "payment"}, gone=lambda row: row["status"] != "success"
    ),
    "credit_memo": Objects("credit_notes", "credit_note", _credit_note, gone=lambda row: row["status"] == "voided"),
}
