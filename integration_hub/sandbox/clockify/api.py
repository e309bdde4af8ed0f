"""Clockify's REST API v1."""

from __future__ import annotations

import json

from .. import accounts, stamps
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply, mapping, scalar, sequence
from ..recent import Recent
from ..vendor import Vendor
from .book import Book, refused

LARGEST_PAGE = 5000
_WORKSPACE = "/api/v1/workspaces/{workspace}"


class Clockify(Vendor):
    """One workspace."""

    name = "clockify"

    def install(self) -> None:
        self.book = Book(self.store)
        self._recent = Recent(1)

    def seed(self) -> None:
        self.tokens.grant(accounts.CLOCKIFY_KEY, None)
        if self.book.records["users"].get(accounts.CLOCKIFY_USER_ID) is None:
            values = {"name": "Integration User", "email": "integration@landscape.example"}
            self.book.user(values, key=accounts.CLOCKIFY_USER_ID)

    def clear(self) -> None:
        super().clear()
        self._recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/api/v1/user", self.me),
            ("GET", f"{_WORKSPACE}/users", self.users),
            ("GET", f"{_WORKSPACE}/clients", self.clients),
            ("POST", f"{_WORKSPACE}/clients", self.create_client),
            ("GET", f"{_WORKSPACE}/projects", self.projects),
            ("POST", f"{_WORKSPACE}/projects", self.create_project),
            ("GET", f"{_WORKSPACE}/projects/{{id}}", self.project),
            ("PUT", f"{_WORKSPACE}/projects/{{id}}", self.replace_project),
            ("POST", f"{_WORKSPACE}/user/{{user}}/time-entries", self.create_entry),
            ("POST", f"{_WORKSPACE}/time-entries/batch", self.entries),
            ("PUT", f"{_WORKSPACE}/time-entries/{{id}}", self.replace_entry),
            ("DELETE", f"{_WORKSPACE}/time-entries/{{id}}", self.delete_entry),
            ("GET", f"{_WORKSPACE}/entities/{{what}}", self.changes),
            ("GET", f"{_WORKSPACE}/approval-requests", self.requests),
            ("POST", f"{_WORKSPACE}/approval-requests/users/{{user}}/{{type}}", self.submit),
            ("PATCH", f"{_WORKSPACE}/approval-requests/{{id}}", self.decide),
        ]

    # -- account and words ------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(call.headers.get("x-api-key", "")):
            raise refused("Full authentication is required to access this resource", code=1000, status=401)

    def expire(self, call: Call) -> None:
        self.tokens.revoke(call.headers.get("x-api-key", ""))

    def writes(self, call: Call) -> bool:
        return super().writes(call) and not call.path.endswith("/time-entries/batch")

    def failure(self, status: int, message: str = "") -> Reply:
        return Reply(status, {"message": message or "Something went wrong.", "code": 0})

    def not_found(self, call: Call) -> Reply:
        return Reply(404, {"message": f"No static resource {call.path}.", "code": 3000})

    def throttled(self) -> Reply:
        return Reply(429, {"message": "Too many requests", "code": 429})

    def over_quota(self) -> Reply:
        return self.throttled()

    def crowded(self, call: Call) -> Reply | None:
        """The limit of calls: those of the last second are counted."""
        return self.throttled() if self._recent.another() > self.setting("calls_per_second") else None

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused(str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused("Request body is not readable") from None

    @staticmethod
    def _inside(call: Call) -> None:
        if call.params["workspace"] != accounts.CLOCKIFY_WORKSPACE_ID:
            raise Refusal(Reply(403, {"message": "Access Denied", "code": 403}))

    # -- reading ----------------------------------------------------------------------------------------------------

    def me(self, call: Call) -> Reply:
        return Reply(200, self.book.body("users", accounts.CLOCKIFY_USER_ID))

    def users(self, call: Call) -> Reply:
        if "include-roles" not in call.query:
            raise refused("include-roles is required")
        return self._list(call, "users")

    def clients(self, call: Call) -> Reply:
        return self._list(call, "clients")

    def projects(self, call: Call) -> Reply:
        return self._list(call, "projects")

    def requests(self, call: Call) -> Reply:
        if call.query.get("sort-column", "ID") not in {"ID", "UPDATED_AT"}:
            raise refused("sort-column is not supported here")
        column = "changed_ms" if call.query.get("sort-column") == "UPDATED_AT" else "id"
        descending = call.query.get("sort-order") == "DESCENDING"
        return self._list(call, "approval_requests", order=f"{column} {'DESC' if descending else 'ASC'}", hidden="id")

    def project(self, call: Call) -> Reply:
        self._inside(call)
        return Reply(200, self.book.body("projects", call.params["id"]))

    def _list(self, call: Call, collection: str, *, order: str = "id", hidden: str = "") -> Reply:
        """A page and, in a header, whether it is the last."""
        self._inside(call)
        number, size = self._number(call, "page", 1, 1), self._number(call, "page-size", 50, 1)
        named = "name" in call.query
        where, params = "instr(lower(name), lower(?)) > 0" if named else "", (call.query["name"],) if named else ()
        found, total = self.book.records[collection].page(
            where, params, order=order, limit=size, offset=(number - 1) * size
        )
        rows, total = call.shape.page([row.body for row in found], total)
        shown = [{name: value for name, value in row.items() if name != hidden} for row in rows]
        return Reply(200, shown, {"Last-Page": "true" if number * size >= total else "false"})

    def changes(self, call: Call) -> Reply:
        """What was created, updated or deleted: ids and stamps, in no order of change."""
        self._inside(call)
        if call.params["what"] not in {"created", "updated", "deleted"}:
            raise Refusal(self.not_found(call))
        number, size = self._number(call, "page", 0, 0), self._number(call, "limit", 50, 1)
        try:
            since = stamps.parse(call.query["start"]) if call.query.get("start") else 0
        except ValueError:
            raise refused("start is not an instant") from None
        where = "what = ? AND documentCode = ? AND changed_ms >= ?"
        params = (call.params["what"], call.query.get("type", ""), since)
        found, total = self.book.records["changes"].page(
            where, params, order="id DESC", limit=size, offset=number * size
        )
        rows, _ = call.shape.page([row.body for row in found], total)
        return Reply(200, [{name: value for name, value in row.items() if name != "what"} for row in rows])

    def entries(self, call: Call) -> Reply:
        self._inside(call)
        ids = sequence(mapping(call.json(), "the body").get("timeEntryIds"), "timeEntryIds")
        found = (self.book.records["time_entries"].get(scalar(key, "an id")) for key in ids)
        return Reply(200, [row for row in found if row is not None])

    @staticmethod
    def _number(call: Call, name: str, default: int, least: int) -> int:
        text = call.query.get(name) or str(default)
        if not text.isdigit() or not least <= int(text) <= LARGEST_PAGE:
            raise refused(f"{name} is out of range")
        return int(text)

    # -- writing ----------------------------------------------------------------------------------------------------

    def create_client(self, call: Call) -> Reply:
        self._inside(call)
        return self._made(call, "client.created", self.book.client(mapping(call.json(), "the body")), 201)

    def create_project(self, call: Call) -> Reply:
        self._inside(call)
        return self._made(call, "project.created", self.book.project(mapping(call.json(), "the body")), 201)

    def replace_project(self, call: Call) -> Reply:
        self._inside(call)
        old = self.book.body("projects", call.params["id"])
        return self._made(call, "project.updated", self.book.project(mapping(call.json(), "the body"), old=old), 200)

    def create_entry(self, call: Call) -> Reply:
        self._inside(call)
        made = self.book.entry(call.params["user"], mapping(call.json(), "the body"))
        return self._made(call, "time_entry.created", made, 201)

    def replace_entry(self, call: Call) -> Reply:
        self._inside(call)
        old = self.book.body("time_entries", call.params["id"])
        made = self.book.entry(old["userId"], mapping(call.json(), "the body"), old=old)
        return self._made(call, "time_entry.updated", made, 200)

    def delete_entry(self, call: Call) -> Reply:
        self._inside(call)
        self.book.remove_entry(call.params["id"])
        call.emit(Event("time_entry.deleted", "time_entries", call.params["id"]))
        return Reply(204)

    def submit(self, call: Call) -> Reply:
        self._inside(call)
        values, touches = mapping(call.json(), "the body"), bool(self.setting("approval_touches_entries"))
        made = self.book.submit(call.params["user"], call.params["type"], values, touches=touches)
        return self._made(call, "approval_request.created", made, 201)

    def decide(self, call: Call) -> Reply:
        self._inside(call)
        state = scalar(mapping(call.json(), "the body").get("state"), "state")
        touches = bool(self.setting("approval_touches_entries"))
        made = self.book.decide(call.params["id"], state, touches=touches)
        return self._made(call, "approval_request.updated", made, 200)

    @staticmethod
    def _made(call: Call, event: str, body: Json, status: int) -> Reply:
        call.emit(Event(event, f"{event.partition('.')[0]}s".replace("entrys", "entries"), str(body["id"])))
        return Reply(status, body)

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """`users`, `clients`, `projects`, or `time_entries` with their `userId`."""
        match entity:
            case "users":
                made = [self.book.user(values) for values in rows]
            case "clients":
                made = [self.book.client(values) for values in rows]
            case "projects":
                made = [self.book.project(values) for values in rows]
            case "time_entries":
                made = [self.book.entry(scalar(values.get("userId"), "userId"), values) for values in rows]
            case _:
                raise ValueError(f"Clockify has no collection {entity!r}")
        return [str(body["id"]) for body in made]

    def ledger(self) -> Json:
        """Counts per collection, and entries per project and lock."""
        names = ("projectId", "isLocked", "entries")
        booked = self.store.query(
            "SELECT json_extract(body, '$.projectId'), json_extract(body, '$.isLocked'), count(*)"
            " FROM clockify_time_entries GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.book.records.items()},
            "time": [dict(zip(names, row, strict=True)) for row in booked],
        }
