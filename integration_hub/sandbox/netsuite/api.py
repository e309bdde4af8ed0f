"""SuiteTalk REST: records, SuiteQL, and the limits around them."""

from __future__ import annotations

import json
from typing import Any

from .. import accounts
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply
from ..tokens import bearer
from ..vendor import Vendor
from . import filters, ledger, seed, views
from .errors import errors, invalid, missing, user_error
from .periods import Periods
from .records import Book, type_named
from .schema import APPLICATIONS, POSTINGS, TYPES, RecordType
from .signin import SignIn
from .suiteql import LARGEST_PAGE, SuiteQL
from .transactions import Transactions

REST = "/services/rest"
RECORD = f"{REST}/record/v1"


class NetSuite(Vendor):
    """One account."""

    name = "netsuite"

    def install(self) -> None:
        self.store.define([*(item.kind() for item in TYPES.values()), POSTINGS, APPLICATIONS])
        self.store.connection.executescript(views.ddl())
        self.book = Book(self.store)
        self.periods = Periods(self.store, self.book.records["accountingPeriod"], self.book.records["subsidiary"])
        self.transactions = Transactions(self.book, self.periods, self.setting)
        self.suiteql = SuiteQL(self.store)
        self.sign_in = SignIn(self.store, self.tokens, self.setting)

    def seed(self) -> None:
        for key, pem in accounts.netsuite_certificates().items():
            self.store.remember("certificates:netsuite", key, pem)
        if self.book.records["currency"].count():
            return
        for name, record_id, values in seed.records():
            of = TYPES[name]
            self.book.claim(of, record_id)
            self.book.save(of, {"id": record_id} | self.book.accept(of, values, strict_names=True), new=True)

    def clear(self) -> None:
        self.store.forget("netsuite:locks")
        self.store.forget("netsuite:document-numbers")
        super().clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", f"{REST}/auth/oauth2/v1/token", self.sign_in.token),
            ("POST", f"{REST}/query/v1/suiteql", self.query),
            ("GET", f"{REST}/system/v1/governanceLimits", self.governance),
            ("GET", f"{RECORD}/{{type}}", self.index),
            ("POST", f"{RECORD}/{{type}}", self.create),
            ("GET", f"{RECORD}/{{type}}/{{id}}", self.read),
            ("PATCH", f"{RECORD}/{{type}}/{{id}}", self.update),
            ("PUT", f"{RECORD}/{{type}}/{{id}}", self.upsert),
            ("DELETE", f"{RECORD}/{{type}}/{{id}}", self.delete),
            ("GET", f"{RECORD}/{{type}}/{{id}}/{{sublist}}", self.sublist),
        ]

    # -- account and words --------------------------------------------------------------------------------------

    def signs_in(self, path: str) -> bool:
        return path.startswith(f"{REST}/auth/")

    def writes(self, call: Call) -> bool:
        return super().writes(call) and not call.path.startswith(f"{REST}/query/")

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            reply = errors(401, "INVALID_LOGIN", "Invalid login attempt.")
            reply.headers["WWW-Authenticate"] = 'Bearer realm="landscape", error="invalid_token"'
            raise Refusal(reply)

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def crowded(self, call: Call) -> Reply | None:
        return self.throttled() if self.in_flight > self.setting("concurrency") else None

    def failure(self, status: int, message: str = "") -> Reply:
        return errors(status, "UNEXPECTED_ERROR", message or "An unexpected error occurred. Error ID: landscape")

    def not_found(self, call: Call) -> Reply:
        if self.routes.knows(call.path):
            return errors(405, "INVALID_METHOD", f"The method {call.method} is not allowed.")
        return errors(404, "NONEXISTENT_ID", "The requested resource does not exist.")

    def throttled(self) -> Reply:
        return errors(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")

    def over_quota(self) -> Reply:
        return errors(403, "INSUFFICIENT_PERMISSION", "The integration has used up what it is allowed.")

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except (json.JSONDecodeError, UnicodeDecodeError, Misshapen) as problem:
            raise invalid(f"Invalid JSON: {problem}") from None

    # -- reading ------------------------------------------------------------------------------------------------

    def _type(self, call: Call) -> RecordType:
        found = type_named(call.params["type"])
        if found is None:
            detail = f"Record type '{call.params['type']}' does not exist."
            raise Refusal(errors(404, "NONEXISTENT_ID", detail, url="type"))
        return found

    def index(self, call: Call) -> Reply:
        """Ids and links, unless `expandRecords` asks for whole records."""
        of = self._type(call)
        limit, offset = self._window(call)
        where, params = filters.condition(self.book, of, call.query.get("q", ""))
        rows, total = call.shape.page(*self.book.records[of.name].page(where, params, limit=limit, offset=offset))
        whole = call.flag("expandRecords")
        items = [
            self._rendered(call, of, row.body)
            if whole
            else {"links": [_link("self", self._address(call, of, str(row.id)))], "id": str(row.id)}
            for row in rows
        ]
        return Reply(200, self._page(call, items, total, limit, offset))

    def _window(self, call: Call) -> tuple[int, int]:
        try:
            limit, offset = int(call.query.get("limit", LARGEST_PAGE)), int(call.query.get("offset", 0))
        except ValueError:
            limit, offset = 0, 0
        if not 1 <= limit <= LARGEST_PAGE:
            detail = f"Invalid value for the query parameter 'limit'. Provide a number from 1 to {LARGEST_PAGE}."
            raise Refusal(errors(400, "INVALID_PARAMETER", detail, query="limit"))
        if offset < 0 or (self.setting("offset_multiple_of_limit") and offset % limit):
            detail = "Invalid value for the query parameter 'offset'. Provide a multiple of the limit."
            raise Refusal(errors(400, "INVALID_PARAMETER", detail, query="offset"))
        return limit, offset

    @staticmethod
    def _page(call: Call, items: list[Any], total: int, limit: int, offset: int) -> Json:
        here = f"{call.origin}{call.path}"
        links = [_link("self", f"{here}?limit={limit}&offset={offset}")]
        more = offset + limit < total
        if more:
            links.append(_link("next", f"{here}?limit={limit}&offset={offset + limit}"))
        return {
            "links": links,
            "count": len(items),
            "hasMore": more,
            "items": items,
            "offset": offset,
            "totalResults": total,
        }

    def read(self, call: Call) -> Reply:
        of = self._type(call)
        return Reply(200, self._rendered(call, of, self.book.get(of, call.params["id"])))

    def sublist(self, call: Call) -> Reply:
        of, name = self._type(call), call.params["sublist"]
        body = self.book.get(of, call.params["id"])
        if name not in of.sublists:
            raise missing()
        return Reply(200, self._sublist(body.get(name) or []))

    @staticmethod
    def _sublist(lines: list[Json]) -> Json:
        return {
            "links": [],
            "count": len(lines),
            "hasMore": False,
            "items": lines,
            "offset": 0,
            "totalResults": len(lines),
        }

    def _address(self, call: Call, of: RecordType, record_id: str) -> str:
        return f"{call.origin}{RECORD}/{of.name}/{record_id}"

    def _rendered(self, call: Call, of: RecordType, body: Json) -> Json:
        """A record on the wire: links first, sublists as links unless they are expanded, empty fields left out."""
        here = self._address(call, of, body["id"])
        rendered: Json = {"links": [_link("self", here)]}
        for name, value in body.items():
            if value is None or name in of.sublists:
                continue
            field = of.by_name.get(name)
            if field is not None and field.type == "ref" and field.refers:
                target = f"{call.origin}{RECORD}/{field.refers[0]}/{value['id']}"
                value = {"links": [_link("self", target)]} | value
            rendered[name] = value
        for name in of.sublists:
            whole = call.flag("expandSubResources")
            rendered[name] = (
                self._sublist(body.get(name) or []) if whole else {"links": [_link("self", f"{here}/{name}")]}
            )
        return rendered

    def query(self, call: Call) -> Reply:
        if "transient" not in call.headers.get("prefer", ""):
            detail = "Invalid value for the header 'Prefer'. Provide 'transient'."
            raise Refusal(errors(400, "INVALID_HEADER", detail, header="Prefer"))
        limit, offset = self._window(call)
        body = call.json()
        if not isinstance(body, dict) or not isinstance(body.get("q"), str):
            raise invalid("The request body must contain the query in 'q'.", "q")
        as_text = self.setting("suiteql_values") == "text"
        cap = self.setting("suiteql_cap")
        rows, total = self.suiteql.run(body["q"], limit=limit, offset=offset, cap=cap, as_text=as_text)
        rows, total = call.shape.page(rows, total)
        return Reply(200, self._page(call, rows, total, limit, offset))

    def governance(self, call: Call) -> Reply:
        limit = self.setting("concurrency")
        return Reply(
            200,
            {
                "accountConcurrencyLimit": limit,
                "accountUnallocatedConcurrencyLimit": limit,
                "concurrencyLimitType": "accountSpecific",
            },
        )

    # -- writing ------------------------------------------------------------------------------------------------

    def _sent(self, call: Call, of: RecordType) -> Json:
        body = call.json()
        if not isinstance(body, dict):
            raise invalid("The request body must be a JSON object.")
        strict = call.headers.get("x-netsuite-propertynamevalidation", "Warning").lower() == "error"
        return self.book.accept(of, body, strict_names=strict)

    def create(self, call: Call) -> Reply:
        of = self._type(call)
        return self._created(call, of, self._insert(of, self._sent(call, of)), "created")

    def update(self, call: Call) -> Reply:
        of = self._type(call)
        before = self.book.get(of, call.params["id"])
        return self._changed(call, of, before, self._sent(call, of))

    def upsert(self, call: Call) -> Reply:
        """PUT works with an external id only."""
        of, key = self._type(call), call.params["id"]
        if not key.startswith("eid:"):
            raise invalid("PUT requires an external id: use eid:<external id>.")
        given = self._sent(call, of) | {"externalId": key[4:]}
        before = self.book.find(of, key)
        if before is None:
            return self._created(call, of, self._insert(of, given), "created")
        return self._changed(call, of, before, given)

    def delete(self, call: Call) -> Reply:
        of = self._type(call)
        body = self.book.get(of, call.params["id"])
        self._check_writable(of)
        if of.transaction:
            self.transactions.remove(of, body)
        else:
            self.book.records[of.name].remove(int(body["id"]))
        call.emit(Event(f"{of.name}.deleted", of.name, body["id"]))
        return Reply(204)

    def _insert(self, of: RecordType, given: Json) -> str:
        self._check_writable(of)
        self.book.check_required(of, given)
        body = {"id": self.book.number(of)} | given
        if external_id := body.get("externalId"):
            self.book.check_external_id(of, external_id, None)
        self._store(of, body, None)
        return str(body["id"])

    def _changed(self, call: Call, of: RecordType, before: Json, given: Json) -> Reply:
        self._check_writable(of)
        replace = frozenset(call.query.get("replace", "").split(","))
        after = self.book.merge(of, before, given, replace)
        self._store(of, after, before)
        return self._created(call, of, after["id"], "updated")

    def _store(self, of: RecordType, body: Json, before: Json | None) -> None:
        if of.name == "job":
            body |= {key: value for key, value in self._inherited(body).items() if not body.get(key)}
        if of.transaction:
            self.transactions.write(of, body, before)
        else:
            self.book.save(of, body, new=before is None)

    def _inherited(self, job: Json) -> Json:
        """A project belongs to its customer's subsidiary and currency unless it says otherwise."""
        parent = self.book.find(TYPES["customer"], (job.get("parent") or {"id": ""})["id"]) or {}
        return {key: parent[key] for key in ("subsidiary", "currency") if parent.get(key)}

    def _created(self, call: Call, of: RecordType, record_id: str, verb: str) -> Reply:
        call.emit(Event(f"{of.name}.{verb}", of.name, record_id))
        return Reply(204, None, {"Location": self._address(call, of, record_id)})

    @staticmethod
    def _check_writable(of: RecordType) -> None:
        if of.read_only:
            raise user_error(f"You do not have permission to change records of type {of.name}.")

    # -- control port -------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        of = type_named(entity)
        if of is None:
            raise ValueError(f"NetSuite has no record type {entity!r}")
        return [self._insert(of, self.book.accept(of, values, strict_names=True)) for values in rows]

    def ledger(self) -> Json:
        return ledger.books(self.book, self.store.records(POSTINGS))


def _link(rel: str, href: str) -> Json:
    return {"rel": rel, "href": href}
