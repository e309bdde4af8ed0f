"""The objects of an account: read within a mode, listed from the newest on, saved with an event for each change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from ..messages import Call, Event, Json
from ..store import Records, Store
from .schema import COLLECTIONS, VERSION
from .wording import integer, missing, refused

LARGEST_PAGE = 100
_CREATED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_CLAUSE = re.compile(
    r"""^(?:metadata\[["'](?P<key>[^"']+)["']\]|(?P<field>\w+)):["'](?P<value>(?:[^"'\\]|\\.)*)["']$"""
)


class Book:
    """One account, in test data or in live data."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self.store = store
        self.setting = setting
        store.define(found.kind() for found in COLLECTIONS.values())
        self.records: dict[str, Records] = {name: store.records(found.kind()) for name, found in COLLECTIONS.items()}
        self.live = False
        """The data of the call that is being worked on."""

    def now(self) -> int:
        """The account's time in seconds."""
        return self.store.clock.now() // 1000

    def number(self, prefix: str) -> str:
        """The id of a new object."""
        count = self.store.next("stripe:id")
        return f"{prefix}_{hashlib.sha256(f'{prefix}{count}'.encode()).hexdigest()[:24]}"

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, collection: str, key: object, param: str = "id") -> Json:
        """An object of this mode. Raises the vendor's 404."""
        of = COLLECTIONS[collection]
        found = self.records[collection].get(str(key))
        if found is None:
            raise missing(of.singular, key, param)
        if bool(found["livemode"]) != self.live and not found.get("deleted"):
            here, there = ("live", "test") if self.live else ("test", "live")
            note = f"; a similar object exists in {there} mode, but a {here} mode key was used to make this request."
            raise refused(f"No such {of.singular}: '{key}'{note}", code="resource_missing", param=param, status=404)
        return found

    def listed(self, call: Call, collection: str, fixed: Json | None = None, *, oldest_first: bool = False) -> Json:
        """A page of a list, from the newest on."""
        of, query = COLLECTIONS[collection], call.query
        where, params = ["livemode = ?", "json_extract(body, '$.deleted') IS NULL"], list[Any]([int(self.live)])
        for name in of.filters:
            if value := (fixed or {}).get(name) or query.get(name):
                where.append(f'"{name}" = ?')
                params.append(value)
        self._created(query, where, params)
        if collection == "events":
            self._events(query, where, params)
        limit = integer(query.get("limit", 10), "limit")
        if not 1 <= limit <= LARGEST_PAGE:
            raise refused(f"Invalid integer: limit must be between 1 and {LARGEST_PAGE}.", param="limit")
        order = "ASC" if oldest_first else "DESC"
        for name, sign in (
            ("starting_after", ">" if oldest_first else "<"),
            ("ending_before", "<" if oldest_first else ">"),
        ):
            if key := query.get(name):
                self.get(collection, key, name)
                where.append(f'created_ms {sign} (SELECT created_ms FROM "stripe_{collection}" WHERE id = ?)')  # noqa: S608
                params.append(key)
        backwards = "ending_before" in query
        order = {"ASC": "DESC", "DESC": "ASC"}[order] if backwards else order
        found = self.records[collection].find(" AND ".join(where), params, order=f"created_ms {order}", limit=limit + 1)
        rows = [row.body for row in found[:limit]]
        if backwards:
            rows.reverse()
        rows, _ = call.shape.page(rows, len(rows))
        more = len(found) > limit and not call.shape.empty
        return {"object": "list", "url": call.path, "has_more": more, "data": rows}

    def _created(self, query: dict[str, str], where: list[str], params: list[Any]) -> None:
        if "created" in query:
            where.append("created = ?")
            params.append(integer(query["created"], "created"))
        for name, sign in _CREATED.items():
            if f"created[{name}]" in query:
                where.append(f"created {sign} ?")
                params.append(integer(query[f"created[{name}]"], f"created[{name}]"))

    def _events(self, query: dict[str, str], where: list[str], params: list[Any]) -> None:
        """Events are kept for thirty days, and listed by types."""
        where.append("created >= ?")
        params.append(self.now() - 86_400 * int(self.setting("event_retention_days")))
        types = [value for name, value in query.items() if name.startswith("types[")]
        if types:
            where.append(f"type IN ({','.join('?' * len(types))})")
            params.extend(types)

    def searched(self, call: Call, collection: str) -> Json:
        """What the index of a search has: an object gets there some time after it changed."""
        known = self.store.clock.now() - int(self.setting("search_delay_ms"))
        where = ["livemode = ?", "json_extract(body, '$.deleted') IS NULL", "changed_ms <= ?"]
        params: list[Any] = [int(self.live), known]
        for clause in re.split(r"\s+AND\s+", call.query.get("query", "").strip()):
            told = _CLAUSE.fullmatch(clause)
            if told is None:
                raise refused(f"We were unable to parse your search query: {clause}", param="query")
            path = f'$.metadata."{told["key"]}"' if told["key"] else f"$.{told['field']}"
            where.append("json_extract(body, ?) = ?")
            params += [path, re.sub(r"\\(.)", r"\1", told["value"])]
        found = self.records[collection].find(" AND ".join(where), params, order="created_ms DESC", limit=LARGEST_PAGE)
        rows, _ = call.shape.page([row.body for row in found], len(found))
        return {"object": "search_result", "url": call.path, "has_more": False, "next_page": None, "data": rows}

    # -- writing ------------------------------------------------------------------------------------------------------

    def make(self, collection: str, values: Json) -> Json:
        """A new object, not yet saved."""
        of = COLLECTIONS[collection]
        return {
            "id": self.number(of.prefix),
            "object": of.singular,
            "created": self.now(),
            "livemode": self.live,
            **values,
        }

    def save(self, collection: str, body: Json, call: Call | None, *told: str) -> Json:
        """Keep it, and tell of it by events of these types."""
        self.records[collection].put(body["id"], body, self.store.clock.tick())
        for name in told:
            self.tell(name, body, call)
        return body

    def tell(self, name: str, body: Json, call: Call | None) -> None:
        """An event with the object as it is now."""
        key = call.headers.get("idempotency-key") if call else None
        event = self.make("events", {
            "created": body["created"] if name.endswith(".created") else self.now(),
            "type": name,
            "api_version": VERSION,
            "data": {"object": body},
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": key},
        })  # fmt: skip
        self.records["events"].put(event["id"], event, self.store.clock.tick())
        if call is not None:
            call.emit(Event(name, body["object"], body["id"], event))
