"""The objects of a site: kept with a version that rises, listed by filters, each change told by an event."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..messages import Call, Event, Json, Misshapen
from ..store import Column, Kind, Records, Store
from .wording import integer, missing, wrong

LARGEST_PAGE = 100
_FILTER = re.compile(r"(?P<field>\w+)\[(?P<operator>\w+)\]")
_SIGNS = {"after": ">", "before": "<", "on": "=", "gt": ">", "lt": "<", "is": "=", "is_not": "<>"}


@dataclass(frozen=True, slots=True)
class Collection:
    """One list of the API, what it may be filtered by and what it may be sorted by."""

    name: str
    singular: str
    filters: tuple[str, ...]
    sorts: tuple[str, ...] = ("date", "updated_at")

    def kind(self) -> Kind:
        columns = (Column("updated_at", kind="INTEGER"), Column("customer_id"), Column("status"))
        return Kind(f"chargebee_{self.name}", columns, key="TEXT", indexes=("updated_at, id",))


_OF_DOCUMENTS = ("id", "customer_id", "status", "date", "total", "updated_at")
COLLECTIONS = {
    found.name: found
    for found in (
        Collection("customers", "customer", ("id", "email", "company", "created_at", "updated_at"),
                   ("created_at", "updated_at")),
        Collection("invoices", "invoice", (*_OF_DOCUMENTS, "amount_due")),
        Collection("credit_notes", "credit_note", (*_OF_DOCUMENTS, "reference_invoice_id", "type")),
        Collection("transactions", "transaction",
                   ("id", "customer_id", "status", "type", "date", "updated_at", "reference_number")),
        Collection("events", "event", ("id", "event_type", "occurred_at"), ("occurred_at",)),
    )
}  # fmt: skip


class Book:
    """One site."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self.store = store
        self.setting = setting
        store.define(found.kind() for found in COLLECTIONS.values())
        self.records: dict[str, Records] = {name: store.records(found.kind()) for name, found in COLLECTIONS.items()}

    def now(self) -> int:
        """The site's time in seconds."""
        return self.store.clock.now() // 1000

    def number(self, prefix: str = "") -> str:
        """The id of an object that was given none."""
        return f"{prefix}{self.store.next('chargebee:id'):08d}"

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, collection: str, key: object) -> Json:
        """An object that is not deleted. Raises the vendor's 404."""
        found = self.records[collection].get(str(key))
        if found is None or found["deleted"]:
            raise missing(COLLECTIONS[collection].singular, key)
        return found

    def listed(self, call: Call, name: str) -> Json:
        """A page of a list, from the newest on unless it is sorted."""
        of, query = COLLECTIONS[name], call.query
        where, params = self._where(of, query)
        limit = integer(query.get("limit", 10), "limit", 1)
        if limit > LARGEST_PAGE:
            raise wrong("limit", f"should be at most {LARGEST_PAGE}")
        start = _position(query["offset"]) if "offset" in query else 0
        found = self.records[name].find(where, params, order=self._order(of, query), limit=limit + 1, offset=start)
        rows, _ = call.shape.page([{of.singular: row.body} for row in found[:limit]], len(found))
        page: Json = {"list": rows}
        if len(found) > limit and not call.shape.empty:
            page["next_offset"] = base64.urlsafe_b64encode(json.dumps([start + limit]).encode()).decode()
        return page

    def _where(self, of: Collection, query: dict[str, str]) -> tuple[str, list[Any]]:
        where, params = list[str](), list[Any]()
        if query.get("include_deleted") != "true" or not self.setting("tells_deleted"):
            where.append("json_extract(body, '$.deleted') = 0")
        for name, value in query.items():
            if name in {"limit", "offset", "include_deleted"} or name.startswith("sort_by["):
                continue
            told = _FILTER.fullmatch(name)
            if told is None or told["operator"] not in _SIGNS:
                raise wrong(name, "unknown parameter")
            field = told["field"]
            if field not in of.filters and not field.startswith("cf_"):
                raise wrong(field, "is not something to filter by")
            timed = told["operator"] in {"after", "before", "on", "gt", "lt"}
            path = '"updated_at"' if field == "updated_at" else f"json_extract(body, '$.{field}')"
            where.append(f"{path} {_SIGNS[told['operator']]} ?")
            params.append(integer(value, name) if timed else value)
        return " AND ".join(where), params

    def _order(self, of: Collection, query: dict[str, str]) -> str:
        for name, field in query.items():
            if name in {"sort_by[asc]", "sort_by[desc]"}:
                if field not in of.sorts or not self.setting("sorts"):
                    raise wrong("sort_by", f"{field} is not something to sort by")
                way = name[8:-1].upper()
                return f"json_extract(body, '$.{field}') {way}, changed_ms {way}, id"
        return "created_ms DESC, id"

    # -- writing ------------------------------------------------------------------------------------------------------

    def free(self, collection: str, key: str) -> str:
        """An id that nobody has, and nobody had."""
        if self.records[collection].get(key) is not None:
            raise wrong("id", f"The value {key} is already present.", code="duplicate_entry")
        return key

    def save(self, collection: str, body: Json, call: Call | None, told: str) -> Json:
        """Keep it as its next version, and tell of it."""
        at = self.store.clock.tick()
        kind = COLLECTIONS[collection].singular
        body |= {"object": kind, "resource_version": at, "updated_at": at // 1000}
        body.setdefault("deleted", False)
        self.records[collection].put(body["id"], body, at)
        event = {
            "id": self.number("ev_"), "occurred_at": at // 1000, "source": "api", "object": "event",
            "api_version": "v2", "event_type": told, "webhook_status": "scheduled", "deleted": False,
            "content": {kind: body},
        }  # fmt: skip
        self.records["events"].put(event["id"], event, at)
        if call is not None:
            call.emit(Event(told, kind, body["id"], event))
        return body


def _position(offset: str) -> int:
    """Where a page begins, as only we can read it."""
    try:
        (found,) = json.loads(base64.urlsafe_b64decode(offset))
        return int(found)
    except (ValueError, TypeError, RecursionError):
        raise wrong("offset", "should be the next_offset of the page before") from None


def document_lines(lines: list[Json], total: int, taxes: list[Json]) -> Json:
    """Sums of a document from its lines, which must make up its total. Raises the vendor's 400."""
    names = {tax.get("name") for tax in taxes}
    made, taxed = [], list[Json]()
    for number, given in enumerate(lines, 1):
        amount = integer(given.get("amount", given.get("unit_amount", "")), f"line_items[amount][{number - 1}]")
        tax = integer(given.get("tax1_amount") or 0, f"line_items[tax1_amount][{number - 1}]")
        if tax and given.get("tax1_name") not in names:
            raise wrong("line_items[tax1_name]", "is none of taxes[name]")
        key = given.get("id") or f"li_{number}"
        if len(key) > 40:
            raise wrong(f"line_items[id][{number - 1}]", "cannot be longer than 40 characters")
        if not given.get("description") or len(given["description"]) > 250:
            raise wrong(f"line_items[description][{number - 1}]", "should have 1 to 250 characters")
        made.append({"id": key, "object": "line_item", "description": given["description"], "unit_amount": amount,
                     "quantity": 1, "amount": amount, "tax_amount": tax, "is_taxed": bool(tax),
                     "entity_type": given.get("entity_type", "adhoc"),
                     "reference_line_item_id": given.get("reference_line_item_id")})  # fmt: skip
        if tax:
            taxed.append({"line_item_id": key, "tax_name": given["tax1_name"], "tax_amount": tax,
                          "taxable_amount": amount})  # fmt: skip
    net, tax = sum(line["amount"] for line in made), sum(item["tax_amount"] for item in taxed)
    if sum(integer(found.get("amount") or 0, "taxes[amount]") for found in taxes) != tax:
        raise wrong("taxes[amount]", "does not add up to the tax of the lines")
    if net + tax != total:
        raise wrong("total", f"should be {net + tax}, the sum of lines and taxes")
    if not made:
        raise Misshapen("line_items cannot be blank")
    return {"line_items": made, "line_item_taxes": taxed, "sub_total": net, "tax": tax, "total": total}
