"""Ironclad's public API v1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .. import accounts, stamps
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply, mapping
from ..recent import Recent
from ..tokens import bearer
from ..vendor import Vendor
from . import schema, signing
from .book import Book
from .wording import error, refused

BASE = "/public/api/v1"
LARGEST_PAGE = 100
_EQUALS = re.compile(r"Equals\(\[(\w+)\],\s*'((?:[^'\\]|\\.)*)'\)")
_FAMILIES = {"records": "records", "entities": "records", "workflows": "workflows"}
_ORDERS = {
    "agreementDate": "json_extract(body, '$.properties.agreementDate.value')",
    "name": "name",
    "lastUpdated": "changed_ms",
}


class Ironclad(Vendor):
    """One company."""

    name = "ironclad"

    def install(self) -> None:
        self.book = Book(self.store, self.setting)
        self._recent = {name: Recent(60.0) for name in ("records", "workflows", "writes")}

    def seed(self) -> None:
        """Nothing: a new company is empty."""

    def clear(self) -> None:
        super().clear()
        for recent in self._recent.values():
            recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        book = self.book
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/records/metadata", self.metadata),
            ("GET", "/workflow-schemas", self.templates),
            ("GET", "/webhooks/verification-key", self.verification_key),
            ("GET", "/workflows/async/{id}", lambda call: Reply(200, book.get("jobs", call.params["id"]))),
            ("POST", "/workflows/async", self.launch),
            ("PATCH", "/workflows/{id}/attributes", self.attributes),
            ("POST", "/webhooks", self.subscribe),
            ("DELETE", "/webhooks/{id}", lambda call: self.delete(call, "webhooks")),
            ("POST", "/records", lambda call: Reply(200, book.record(call, _body(call)))),
            ("PATCH", "/records/{id}", lambda call: Reply(200, book.change(call, call.params["id"], _body(call)))),
            ("DELETE", "/records/{id}", lambda call: self.delete(call, "records")),
            ("POST", "/entities", lambda call: Reply(201, book.entity(_body(call)))),
            ("PATCH", "/entities/{id}", self.entity),
            ("GET", "/{collection}", self.index),
            ("GET", "/{collection}/{id}", self.show),
        ]
        return [("POST", "/oauth/token", self.token), *((method, BASE + path, act) for method, path, act in routes)]

    @staticmethod
    def signed(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
        """The relay's `secret` is a private key in PEM, or empty for the company's own."""
        return signing.headers(secret or accounts.rsa_private_key(), key, body)

    # -- account and words ------------------------------------------------------------------------------------------

    def signs_in(self, path: str) -> bool:
        return path == "/oauth/token"

    def token(self, call: Call) -> Reply:
        """Client credentials, as JSON."""
        asked = _body(call)
        if asked.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        known = (accounts.IRONCLAD_CLIENT_ID, accounts.IRONCLAD_CLIENT_SECRET)
        if (asked.get("client_id"), asked.get("client_secret")) != known:
            return Reply(401, {"error": "invalid_client", "error_description": "client authentication failed"})
        made = self.tokens.issue("ic_", self.setting("token_seconds"))
        scope = str(asked.get("scope") or "")
        return Reply(200, {"token_type": "Bearer", "access_token": made, "expires_in": self.setting("token_seconds"),
                           "scope": scope})  # fmt: skip

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            raise refused("token has expired", code="UNAUTHORIZED", status=401)
        person = call.headers.get("x-as-user-email") or call.headers.get("x-as-user-id")
        if not person:
            raise refused("x-as-user-email or x-as-user-id is required", "x-as-user-email", code="MISSING_PARAM")
        if person not in {accounts.IRONCLAD_USER_EMAIL, accounts.IRONCLAD_USER_ID}:
            raise refused("access forbidden", code="FORBIDDEN", status=403)

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        code = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}.get(status, "INTERNAL_ERROR")
        return error(status, code, message or "something went wrong")

    def not_found(self, call: Call) -> Reply:
        return error(404, "NOT_FOUND", "not found")

    def throttled(self) -> Reply:
        """Whether Ironclad names a wait is not known: it names none here."""
        return error(429, "RATE_LIMITED", "rate limit exceeded")

    def over_quota(self) -> Reply:
        return self.throttled()

    def crowded(self, call: Call) -> Reply | None:
        """Buckets of a minute for the company: reading records, reading workflows, writing workflows."""
        collection = call.path.removeprefix(BASE).strip("/").partition("/")[0]
        family = _FAMILIES.get(collection)
        if family == "workflows" and call.method != "GET":
            family = "writes"
        if family is None or self._recent[family].another() <= self.setting(f"{family}_per_minute"):
            return None
        return self.throttled()

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused(str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused("the body is not JSON") from None

    # -- reading ----------------------------------------------------------------------------------------------------

    def metadata(self, call: Call) -> Reply:
        renamed, retyped = self.setting("renamed"), self.setting("retyped")
        told = {
            renamed.get(name, name): {"displayName": name, "type": retyped.get(name, kind), "visible": True}
            for name, kind in schema.PROPERTIES.items()
        }
        types = {name: {"displayName": title} for name, title in schema.TYPES.items()}
        return Reply(200, {"recordTypes": types, "properties": told, "attachments": {}, "links": {}})

    def verification_key(self, call: Call) -> Reply:
        return Reply(200, accounts.ironclad_public_key(), {"Content-Type": "text/plain"})

    def templates(self, call: Call) -> Reply:
        listed = [{"id": key, "name": name, "schema": {}} for key, name in schema.TEMPLATES.items()]
        return Reply(200, {"list": listed})

    def show(self, call: Call) -> Reply:
        kind = call.params["collection"]
        if kind not in {"records", "entities", "workflows", "webhooks"}:
            raise Refusal(self.not_found(call))
        return Reply(200, self.book.shown(self.book.get(kind, call.params["id"])))

    def index(self, call: Call) -> Reply:
        """A page; the first one has the number 0."""
        kind = call.params["collection"]
        if kind not in {"records", "entities", "workflows", "webhooks"}:
            raise Refusal(self.not_found(call))
        number, size = _number(call, "page", 0, 0, 10**8), _number(call, "pageSize", 20, 1, LARGEST_PAGE)
        where, params = self._conditions(call, kind)
        rows, total = self.book.kept[kind].page(
            " AND ".join(where), params, order=self._order(call, kind), limit=size, offset=number * size
        )
        found, total = call.shape.page([self.book.shown(row.body) for row in rows], total)
        # The contract of the API caps the count of counterparties at the size of a page.
        count = len(found) if kind == "entities" else total
        return Reply(200, {"page": number, "pageSize": size, "count": count, "list": found})

    def _conditions(self, call: Call, kind: str) -> tuple[list[str], list[Any]]:
        where, params = list[str](), list[Any]()
        if kind == "workflows":
            states = call.query.get("status", "active").split(",")  # others are in flight no more
            where.append(f"status IN ({','.join('?' * len(states))})")
            params += states
        if kind == "records" and call.query.get("types"):
            types = call.query["types"].split(",")
            where.append(f"type IN ({','.join('?' * len(types))})")
            params += types
        if kind != "entities" and call.query.get("lastUpdated"):
            try:
                params.append(stamps.parse(call.query["lastUpdated"]))
            except ValueError:
                raise refused("lastUpdated is not a date", "lastUpdated") from None
            where.append("changed_ms >= ?")
        if formula := call.query.get("filter"):
            told = _EQUALS.fullmatch(formula.strip())
            if told is None:
                raise refused("the formula cannot be read", "filter")
            where.append("json_extract(body, ?) = ?")
            params += [f"$.properties.{told[1]}.value", re.sub(r"\\(.)", r"\1", told[2])]
        return where, params

    @staticmethod
    def _order(call: Call, kind: str) -> str:
        if kind in {"workflows", "webhooks"}:
            return "id"
        field = call.query.get("sortField", "agreementDate" if kind == "records" else "name")
        way = call.query.get("sortDirection", "DESC")
        if field not in _ORDERS or way not in {"ASC", "DESC"}:
            raise refused("cannot sort by this", "sortField")
        return f"{_ORDERS[field]} {way}, id {way}"

    # -- writing ----------------------------------------------------------------------------------------------------

    def entity(self, call: Call) -> Reply:
        return Reply(200, self.book.entity(_body(call), self.book.get("entities", call.params["id"])))

    def delete(self, call: Call, kind: str) -> Reply:
        found = self.book.get(kind, call.params["id"])
        self.book.kept[kind].remove(found["id"])
        return Reply(204)

    def launch(self, call: Call) -> Reply:
        """A workflow is made later; the job says how far it is."""
        made = self.book.launch(call, _body(call))
        job = self.book.key()
        self.book.kept["jobs"].put(job, {"id": job, "status": "succeeded", "workflowId": made["id"]}, 0)
        address = f"{call.origin}{BASE}/workflows/async/{job}"
        return Reply(202, {"asyncJobId": job, "asyncJobStatusUrl": address})

    def attributes(self, call: Call) -> Reply:
        """Only while a workflow is under review."""
        body = self.book.get("workflows", call.params["id"])
        if body["step"] != "Review" or body["status"] != "active":
            raise refused("workflow is not in the Review step", code="INVALID_STATE")
        changes = {str(one["path"]): one.get("value") for one in _body(call).get("updates", []) if one.get("path")}
        body["attributes"] |= changes
        self.book.save("workflows", body)
        call.emit(Event("workflow_attribute_updated", "workflow", body["id"]))
        return Reply(200, body)

    def subscribe(self, call: Call) -> Reply:
        """One registration for each address."""
        asked = _body(call)
        target, events = str(asked.get("targetURL") or ""), asked.get("events") or []
        if not target.startswith(("http://", "https://")):
            raise refused("targetURL must be an address", "targetURL", code="MISSING_PARAM")
        if unknown := set(events) - {*schema.EVENTS, "*"}:
            raise refused(f"unknown event {sorted(unknown)[0]}", "events")
        if self.book.kept["webhooks"].first("targetURL = ?", (target,)):
            raise refused("a webhook for this targetURL exists", "targetURL")
        made = {"id": self.book.key(), "targetURL": target, "events": events, "status": asked.get("status", "enabled"),
                "consecutiveFailureCount": 0, "disabledBySystem": False}  # fmt: skip
        return Reply(200, self.book.save("webhooks", made))

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Records, counterparties and workflows; `workflow_moves`: what people do in the browser."""
        book = self.book
        makers: dict[str, Callable[[Json], Json]] = {
            "records": lambda values: book.record(None, values),
            "entities": book.entity,
            "workflows": lambda values: book.launch(None, values),
            "workflow_moves": lambda values: book.move(None, str(values["id"]), values),
        }
        if entity not in makers:
            raise ValueError(f"Ironclad takes {', '.join(makers)}")
        return [str(makers[entity](values)["id"]) for values in rows]

    def ledger(self) -> Json:
        """Counts, and records by type and status."""
        names = ("type", "status", "records")
        rows = self.store.query(
            "SELECT type, json_extract(body, '$.contractStatus.status'), count(*) FROM ironclad_records"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {
            "vendor": self.name,
            "counts": {name: kept.count() for name, kept in self.book.kept.items()},
            "records": [dict(zip(names, row, strict=True)) for row in rows],
        }


def _body(call: Call) -> Json:
    return mapping(call.json(), "the body")


def _number(call: Call, name: str, default: int, least: int, most: int) -> int:
    text = call.query.get(name) or str(default)
    if not text.isdigit() or not least <= int(text) <= most:
        raise refused(f"{name} must be between {least} and {most}", name)
    return int(text)
