"""Stripe's objects as feeds: first whole lists, then what events name, each object read again.

An object says when it was made and not when it changed; events say so, for thirty days. What was not read for longer
is read whole once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.billing import term_rows
from integration_hub.connectors.days import day_of, stamp, zone
from integration_hub.connectors.registry import Control, Page, RawRecord, Window
from integration_hub.connectors.stripe.client import Client, Row
from integration_hub.connectors.stripe.manifest import HORIZON
from integration_hub.connectors.versions import Listing, Reading, Walk, moved, stamp_of
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed

_MARGIN = 3600.0
"""Seconds before the end of the horizon that we do not rely on."""


@dataclass(frozen=True, slots=True)
class Objects:
    """One list, the events that tell of its changes, and what is made of an object."""

    path: str
    events: tuple[str, ...]
    finished: Callable[[Client, Row], Row]
    only: dict[str, str] = field(default_factory=dict)
    """What its list is narrowed to."""
    gone: Callable[[Row], bool] = lambda row: False
    """Objects that are there and count no more."""


def read(client: Client, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """Pages of a feed after the cursor."""
    if entity in LISTED:
        yield _listing(client, LISTED[entity], cursor)
    elif cursor.get("high") and not cursor.get("whole") and not cursor.get("onward"):
        yield from _changes(client, OBJECTS[entity], cursor, overlap)
    else:
        yield from _scan(client, OBJECTS[entity], cursor, overlap)


def control(client: Client, entity: str, window: Window) -> Control:
    """How many objects changed last in the window, the deleted ones too."""
    if entity in LISTED:
        return Control(len(LISTED[entity](client)), whole=True)
    return Control(len(_moved(client, OBJECTS[entity], window)), deleted_too=True)


def roll(client: Client, entity: str, window: Window) -> Iterator[str]:
    """Their ids."""
    if entity in LISTED:
        return (str(row["id"]) for row in LISTED[entity](client))
    return iter(_moved(client, OBJECTS[entity], window))


def _moved(client: Client, objects: Objects, window: Window) -> list[str]:
    """What events say; of a time they are forgotten of, what was made then."""
    since, until = (stamp_of(moment.isoformat()) for moment in (window.since, window.until))
    changes = _told(client, objects, since)
    if not _forgotten(client, since):
        return [change.key for change in changes if since <= change.stamp < until]
    made = {
        f"created[{name}]": ceil(moment.timestamp()) for name, moment in (("gte", window.since), ("lt", window.until))
    }
    return [str(row["id"]) for row in client.every(objects.path, {**objects.only, **made})]


def _forgotten(client: Client, since: str) -> bool:
    """Whether Stripe may have forgotten events from this stamp on."""
    return moved(client.answered_at, _MARGIN - HORIZON.total_seconds()) > since


def _listing(client: Client, rows: Callable[[Client], list[Row]], cursor: dict[str, Any]) -> Page:
    found = rows(client)
    listing = Listing(cursor, client.answered_at or stamp_of(now().isoformat()))
    records = [listing.record(str(row["id"]), row) for row in found]
    return Page(records, {"listed": listing.listed}, done=True, complete=True, whole=True)


def _account(client: Client) -> list[Row]:
    row = client.one("account") or {}
    name = (row.get("business_profile") or {}).get("name") or row.get("id")
    own = {field: row.get(field) for field in ("id", "country")}
    currency = str(row.get("default_currency") or "").upper()
    return [{**own, "name": name, "currency": currency, "legal_entity": client.setting("legal_entity")}]


def _terms(client: Client) -> list[Row]:
    return term_rows(client.connection)


LISTED = {"legal_entity": _account, "payment_term": _terms}
"""What is short, and read whole each time."""


# -- the whole list ---------------------------------------------------------------------------------------------------


def _scan(client: Client, objects: Objects, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    """The list from the newest on. Once something was read before, its records are stamped with the beginning of this
    reading: what changed unheard must be the later version."""
    walk, again = Walk(cursor, overlap), bool(cursor.get("high"))
    began, after = str(cursor.get("began") or ""), walk.onward
    while True:
        page, after = _page(client, objects, after)
        began = began or client.answered_at
        walk.answered(began)
        records = []
        for row in page.data:
            made = stamp(row["created"])
            raw = walk.record(str(row["id"]), max(began, made) if again else made, objects.finished(client, row))
            records.append(replace(raw, moved_at=made, deleted=objects.gone(row)))
        if not page.has_more or not page.data:
            # Events are asked for from here on: a list that was read, however old, was read now.
            read_now = {"high": began} if records or after else {}
            yield walk.over(records, **read_now)
            return
        after = str(page.data[-1]["id"])
        yield walk.page(records, after)


def _page(client: Client, objects: Objects, after: str) -> tuple[Any, str]:
    """A page after an object; from the beginning where the object is not there any more."""
    try:
        return client.page(objects.path, objects.only, after=after), after
    except Failed as failure:
        if not after or failure.field != "starting_after":
            raise
        return client.page(objects.path, objects.only), ""


# -- changes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    """The newest event of an object."""

    stamp: str
    key: str
    deleted: bool


def _changes(client: Client, objects: Objects, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
    reading = Reading(cursor, overlap)
    changes = _told(client, objects, reading.since)
    if _forgotten(client, reading.since):
        yield from _scan(client, objects, {**cursor, "whole": True}, overlap)
        return
    for start in range(0, len(changes) or 1, client.page_size):
        page = changes[start : start + client.page_size]
        found = [_read_again(client, objects, reading, change) for change in page]
        yield reading.page(found, done=start + client.page_size >= len(changes))


def _told(client: Client, objects: Objects, since: str) -> list[_Change]:
    """What events of the time name, oldest change first; of several events of an object, the newest."""
    types = {f"types[{number}]": name for number, name in enumerate(objects.events)}
    after = int(datetime.fromisoformat(since).timestamp())
    found: dict[str, _Change] = {}
    for event in client.every("events", {"created[gte]": after, **types}):
        row = event["data"]["object"]
        deleted = str(event["type"]).endswith(".deleted")
        change = _Change(stamp(event["created"]), str(row["id"]), deleted)
        found.setdefault(change.key, change)
    return sorted(found.values(), key=lambda change: (change.stamp, change.key))


def _read_again(client: Client, objects: Objects, reading: Reading, change: _Change) -> RawRecord:
    """The object as it is: an event holds what was, in the shapes of the account's version."""
    row = None if change.deleted else client.one(f"{objects.path}/{change.key}")
    payload = {"id": change.key} if row is None else objects.finished(client, row)
    deleted = row is None or objects.gone(row)
    return reading.record(change.key, change.stamp, payload, deleted=deleted)


# -- what is made of an object ----------------------------------------------------------------------------------------


def _customer(client: Client, row: Row) -> Row:
    return {**row, "currency": str(row.get("currency") or "").upper() or None, "account": client.setting("account")}


def _amounts(client: Client, row: Row, **amounts: Any) -> Row:
    """Currency and amounts as the canonical language has them: a code in capitals, decimals."""
    currency = str(row["currency"]).upper()
    exact = {name: wire.from_subunits(value, currency) for name, value in amounts.items()}
    return {**row, "currency": currency, "account": client.setting("account"), **exact}


def _document(client: Client, row: Row, **amounts: Any) -> Row:
    tax = sum(item["amount"] for item in row.get("total_taxes") or [])
    issued = row.get("effective_at") or (row.get("status_transitions") or {}).get("finalized_at") or row["created"]
    made = _amounts(client, row, net=row["total"] - tax, tax=tax, gross=row["total"], **amounts)
    made.pop("lines", None)
    return {**made, "issued_on": day_of(issued, zone(client.connection))}


def _invoice(client: Client, row: Row) -> Row:
    """What an invoice still asks for says what it got; credit notes are read as such."""
    settled = row["status"] in {"open", "paid", "uncollectible"}
    credited = row.get("pre_payment_credit_notes_amount") or 0
    paid = row["total"] - row["amount_remaining"] - credited if settled else 0
    return {**_document(client, row, paid=paid), "due_on": day_of(row.get("due_date"), zone(client.connection))}


def _credit_note(client: Client, row: Row) -> Row:
    """What it took off what was still to be paid; the rest is on the customer's balance, or went back."""
    made = _document(client, row, applied=row["pre_payment_amount"])
    applied = made.pop("applied")
    applications = [{"invoice_id": row["invoice"], "amount": applied}] if wire.amount(applied) else []
    return {**made, "applications": applications}


def _payment(client: Client, row: Row) -> Row:
    made = _amounts(client, row, amount=row["amount_paid"])
    paid_at = (row.get("status_transitions") or {}).get("paid_at") or row["created"]
    return {
        **made,
        "number": (row["payment"] or {}).get(row["payment"]["type"]) or row["id"],
        "received_on": day_of(paid_at, zone(client.connection)),
        "applications": [{"invoice_id": row["invoice"], "amount": made["amount"]}],
    }


_INVOICE_EVENTS = (
    "created", "updated", "finalized", "sent", "paid", "payment_succeeded", "voided", "marked_uncollectible", "deleted",
)  # fmt: skip
OBJECTS = {
    "customer_account": Objects("customers", ("customer.created", "customer.updated", "customer.deleted"), _customer),
    "invoice": Objects("invoices", tuple(f"invoice.{name}" for name in _INVOICE_EVENTS), _invoice),
    "payment": Objects("invoice_payments", ("invoice_payment.paid",), _payment, {"status": "paid"}),
    "credit_memo": Objects(
        "credit_notes",
        ("credit_note.created", "credit_note.updated", "credit_note.voided"),
        _credit_note,
        gone=lambda row: row["status"] == "void",
    ),
}
