"""Harvest's REST API v2."""

from __future__ import annotations

import base64
import json
import math
from urllib.parse import urlencode

from .. import accounts, stamps
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply, mapping
from ..recent import Recent
from ..tokens import bearer
from ..vendor import Vendor
from .changes import Changes, refused
from .schema import COLLECTIONS, Collection

LARGEST_PAGE = 2000
WINDOW = 15.0
"""Seconds the limit of calls is counted over."""


class Harvest(Vendor):
    """One account."""

    name = "harvest"

    def install(self) -> None:
        self.store.define(collection.kind() for collection in COLLECTIONS.values())
        self.records = {name: self.store.records(found.kind()) for name, found in COLLECTIONS.items()}
        self.changes = Changes(self.store, self.records, self.setting)
        self._recent = Recent(WINDOW)

    def seed(self) -> None:
        self.tokens.grant(accounts.HARVEST_TOKEN, None)
        if self.records["users"].get(accounts.HARVEST_USER_ID) is None:
            values = {"first_name": "Integration", "last_name": "User", "email": "integration@landscape.example"}
            made = self.changes.create(None, COLLECTIONS["users"], values)
            self.records["users"].remove(made["id"])
            self.records["users"].put(
                accounts.HARVEST_USER_ID, made | {"id": accounts.HARVEST_USER_ID}, self.store.clock.tick()
            )

    def clear(self) -> None:
        super().clear()
        self._recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/v2/company", self.company),
            ("GET", "/v2/users/me", self.me),
            ("GET", "/v2/projects/{project}/task_assignments", self.assigned),
            ("POST", "/v2/projects/{project}/task_assignments", self.assign),
            ("GET", "/v2/{collection}", self.index),
            ("POST", "/v2/{collection}", self.create),
            ("GET", "/v2/{collection}/{id}", self.show),
            ("PATCH", "/v2/{collection}/{id}", self.update),
            ("DELETE", "/v2/{collection}/{id}", self.delete),
        ]

    # -- account and words ------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        if not call.headers.get("user-agent", "").strip():
            raise refused(400, "Please set a User-Agent header with the name and contact of your application.")
        valid = self.tokens.valid(bearer(call.headers.get("authorization", "")))
        if not valid or call.headers.get("harvest-account-id", "") != accounts.HARVEST_ACCOUNT_ID:
            reason = "The access token provided is expired, revoked, malformed or invalid for other reasons."
            raise Refusal(Reply(401, {"error": "invalid_token", "error_description": reason}))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        return Reply(status, {"message": message or "Something went wrong."})

    def not_found(self, call: Call) -> Reply:
        return Reply(404, {"status": 404, "error": "Not Found"})

    def throttled(self) -> Reply:
        return Reply(429, {"message": "Too many requests."}, {"Retry-After": str(math.ceil(WINDOW))})

    def over_quota(self) -> Reply:
        return Reply(403, {"message": "You are not allowed to do this."})

    def crowded(self, call: Call) -> Reply | None:
        """The limit of calls: those of the last 15 seconds are counted, refused ones too."""
        if self._recent.another() <= self.setting("calls_per_window"):
            return None
        reply = self.throttled()
        reply.headers["Retry-After"] = str(max(1, math.ceil(self._recent.wait)))
        return reply

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused(422, str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused(400, "The body is not JSON.") from None

    # -- reading ----------------------------------------------------------------------------------------------------

    def _collection(self, call: Call) -> Collection:
        found = COLLECTIONS.get(call.params["collection"])
        if found is None:
            raise Refusal(self.not_found(call))
        return found

    def company(self, call: Call) -> Reply:
        return Reply(200, {"name": "Landscape", "is_active": True, "wants_timestamp_timers": False, "clock": "24h"})

    def me(self, call: Call) -> Reply:
        return Reply(200, self.changes.body(COLLECTIONS["users"], accounts.HARVEST_USER_ID))

    def show(self, call: Call) -> Reply:
        return Reply(200, self.changes.body(self._collection(call), call.params["id"]))

    def assigned(self, call: Call) -> Reply:
        return self._list(call, COLLECTIONS["task_assignments"], [("project_id = ?", call.params["project"])])

    def index(self, call: Call) -> Reply:
        return self._list(call, self._collection(call), [])

    def _list(self, call: Call, of: Collection, conditions: list[tuple[str, object]]) -> Reply:
        conditions = [*conditions, *self._conditions(call, of)]
        size, page = self._number(call, "per_page", LARGEST_PAGE), self._number(call, "page", 1)
        if size > LARGEST_PAGE:
            raise refused(422, f"per_page must be less than or equal to {LARGEST_PAGE}")
        where, params = " AND ".join(clause for clause, _ in conditions), [value for _, value in conditions]
        total = self.records[of.name].count(where, params)
        by_cursor = of.name == "time_entries" and self.setting("cursor_paging")
        offset = (page - 1) * size
        if by_cursor and "cursor" in call.query:
            spent, key, offset = _opened(call.query["cursor"])
            where = " AND ".join(filter(None, [where, "(spent_date, id) < (?, ?)"]))
            params += [spent, key]
        start = 0 if by_cursor else offset
        rows = [row.body for row in self.records[of.name].find(where, params, order=of.order, limit=size, offset=start)]
        rows, total = call.shape.page(rows, total)
        more = offset + size < total
        following: Json = {}
        if more and by_cursor:
            following = {"cursor": _sealed(rows[-1]["spent_date"], rows[-1]["id"], offset + size)}
        elif more:
            following = {"page": page + 1}
        numbers = {"page": page, "next_page": page + 1 if more else None, "previous_page": page - 1 or None}
        if by_cursor and (more or offset):
            numbers = {"page": None, "next_page": None, "previous_page": None}
        address = f"{call.origin}{call.path}"
        kept = {name: value for name, value in call.query.items() if name not in {"page", "cursor"}} | {
            "per_page": size
        }
        onward = f"{address}?{urlencode(kept | following)}" if following else None
        links = {"first": f"{address}?{urlencode(kept)}", "next": onward, "previous": None, "last": None}
        counts = {"per_page": size, "total_pages": max(1, -(-total // size)), "total_entries": total}
        return Reply(200, {of.name: rows, **counts, **numbers, "links": links})

    @staticmethod
    def _number(call: Call, name: str, default: int) -> int:
        text = call.query.get(name) or str(default)
        if not text.isdigit() or not int(text):
            raise refused(422, f"{name} must be greater than 0")
        return int(text)

    def _conditions(self, call: Call, of: Collection) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = []
        if since := call.query.get("updated_since"):
            try:
                found.append(("changed_ms >= ?", stamps.parse(since) // 1000 * 1000))
            except ValueError:
                raise refused(422, "updated_since is not a valid datetime") from None
        for name, clause in of.filters.items():
            if name in call.query:
                value = call.query[name]
                found.append((clause, int(value == "true") if name.startswith("is_") else value))
        return found

    # -- writing ----------------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Reply:
        return Reply(201, self.changes.create(call, self._collection(call), mapping(call.json(), "the body")))

    def assign(self, call: Call) -> Reply:
        values = mapping(call.json(), "the body") | {"project_id": call.params["project"]}
        return Reply(201, self.changes.create(call, COLLECTIONS["task_assignments"], values))

    def update(self, call: Call) -> Reply:
        values = mapping(call.json(), "the body")
        return Reply(200, self.changes.update(call, self._collection(call), call.params["id"], values))

    def delete(self, call: Call) -> Reply:
        self.changes.delete(call, self._collection(call), call.params["id"])
        return Reply(200)

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Records of a collection, or `approvals`: what managers do in the browser, for the API cannot."""
        if entity == "approvals":
            return [key for values in rows for key in self.changes.approve(values)]
        if entity not in COLLECTIONS:
            raise ValueError(f"Harvest has no collection {entity!r}")
        return [str(self.changes.create(None, COLLECTIONS[entity], values)["id"]) for values in rows]

    def ledger(self) -> Json:
        """Counts per collection, and hours per project and state of approval."""
        names = ("project_id", "approval_status", "entries", "hours")
        time_spent = self.store.query(
            "SELECT project_id, json_extract(body, '$.approval_status'), count(*),"
            " round(sum(json_extract(body, '$.rounded_hours')), 2)"
            " FROM harvest_time_entries GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.records.items()},
            "time": [dict(zip(names, row, strict=True)) for row in time_spent],
        }


def _sealed(spent: str, key: int, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([spent, key, offset]).encode()).decode()


def _opened(cursor: str) -> tuple[str, int, int]:
    try:
        spent, key, offset = json.loads(base64.urlsafe_b64decode(cursor))
        return str(spent), int(key), int(offset)
    except (ValueError, TypeError):
        raise refused(422, "cursor is invalid") from None
