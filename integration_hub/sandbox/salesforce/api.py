"""The REST API of the org."""

from __future__ import annotations

import json
import time

from .. import accounts, stamps
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply
from ..tokens import bearer
from ..vendor import Vendor
from . import describe
from .collections import Collections
from .errors import RowError, errors, no_resource
from .fields import SObject
from .queries import Queries, attributes
from .records import Objects
from .schema import OBJECTS, known
from .signin import SignIn

NEWEST, OLDEST = 68, 40


class Salesforce(Vendor):
    """One org."""

    name = "salesforce"

    # -- account ------------------------------------------------------------------------------------------------

    def install(self) -> None:
        self.store.define(item.kind() for item in OBJECTS.values())
        self.objects = Objects(self.store, self.setting)
        self.collections = Collections(self.store, self.objects, self.setting)
        self.queries = Queries(self.store, self.setting)
        self.sign_in = SignIn(self.store, self.tokens, self.setting)

    def seed(self) -> None:
        for key, pem in accounts.salesforce_certificates().items():
            self.store.remember("certificates:salesforce", key, pem)
        organization = accounts.SALESFORCE_ORGANIZATION_ID
        if self.objects.of(OBJECTS["Organization"]).get(organization) is None:
            at = self.store.clock.tick()
            stamp = stamps.compact(at)
            body: Json = {"Id": organization, "Name": "Landscape", "IsSandbox": True, "InstanceName": "LND1"}
            body |= {"IsDeleted": False, "CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp}
            self.objects.of(OBJECTS["Organization"]).put(organization, body, at)

    def clear(self) -> None:
        self.store.restart("salesforce:calls:")
        super().clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        data = "/services/data/v{version}"
        return [
            ("POST", "/services/oauth2/token", self.sign_in.token),
            ("GET", "/services/data", self.versions),
            ("GET", data, self.resources),
            ("GET", f"{data}/limits", self.limits),
            ("GET", f"{data}/query", self.versioned(self.queries.first_page)),
            ("GET", f"{data}/queryAll", self.versioned(self.queries.first_page)),
            ("GET", f"{data}/query/{{locator}}", self.versioned(self.queries.next_page)),
            ("GET", f"{data}/queryAll/{{locator}}", self.versioned(self.queries.next_page)),
            ("GET", f"{data}/sobjects", self.describe_all),
            ("POST", f"{data}/composite/sobjects", self.collections.create),
            ("PATCH", f"{data}/composite/sobjects", self.collections.update),
            ("DELETE", f"{data}/composite/sobjects", self.collections.delete),
            ("PATCH", f"{data}/composite/sobjects/{{object}}/{{field}}", self.collections.upsert),
            ("GET", f"{data}/sobjects/{{object}}", self.basic),
            ("POST", f"{data}/sobjects/{{object}}", self.create),
            ("GET", f"{data}/sobjects/{{object}}/describe", self.describe),
            ("GET", f"{data}/sobjects/{{object}}/updated", self.updated),
            ("GET", f"{data}/sobjects/{{object}}/deleted", self.deleted),
            ("GET", f"{data}/sobjects/{{object}}/{{id}}", self.read),
            ("PATCH", f"{data}/sobjects/{{object}}/{{id}}", self.update),
            ("DELETE", f"{data}/sobjects/{{object}}/{{id}}", self.delete),
            ("GET", f"{data}/sobjects/{{object}}/{{field}}/{{value}}", self.read_by_key),
            ("PATCH", f"{data}/sobjects/{{object}}/{{field}}/{{value}}", self.upsert),
            ("DELETE", f"{data}/sobjects/{{object}}/{{field}}/{{value}}", self.delete_by_key),
        ]

    def signs_in(self, path: str) -> bool:
        return path.startswith("/services/oauth2/")

    def open_path(self, path: str) -> bool:
        return self.signs_in(path) or path.rstrip("/") == "/services/data"

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            raise Refusal(errors(401, "INVALID_SESSION_ID", "Session expired or invalid"))
        self.store.next(f"salesforce:calls:{self._hour()}")
        if self._used() > self.setting("daily_limit"):
            raise Refusal(self.over_quota())

    def _hour(self) -> int:
        return int(time.time() // 3600)

    def _used(self) -> int:
        hour = self._hour()
        return sum(self.store.reached(f"salesforce:calls:{hour - n}") for n in range(24))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    # -- the org's words for no ---------------------------------------------------------------------------------

    def failure(self, status: int, message: str = "") -> Reply:
        code = {503: "SERVER_UNAVAILABLE", 404: "NOT_FOUND", 401: "INVALID_SESSION_ID"}.get(status, "UNKNOWN_EXCEPTION")
        return errors(
            status, code, message or "An unexpected error occurred. Please include this ErrorId if you contact support"
        )

    def not_found(self, call: Call) -> Reply:
        if self.routes.knows(call.path):
            return errors(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")
        return errors(404, "NOT_FOUND", "The requested resource does not exist")

    def throttled(self) -> Reply:
        return errors(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")

    def over_quota(self) -> Reply:
        return errors(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def finish(self, call: Call, reply: Reply) -> None:
        if not self.signs_in(call.path):
            reply.headers["Sforce-Limit-Info"] = f"api-usage={self._used()}/{self.setting('daily_limit')}"

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except RowError as problem:
            raise problem.refusal() from None
        except (json.JSONDecodeError, UnicodeDecodeError, Misshapen) as problem:
            raise Refusal(errors(400, "JSON_PARSER_ERROR", f"{problem}")) from None

    # -- the org itself -----------------------------------------------------------------------------------------

    def versions(self, call: Call) -> Reply:
        return Reply(
            200,
            [
                {"label": f"Release {n}", "url": f"/services/data/v{n}.0", "version": f"{n}.0"}
                for n in range(OLDEST, NEWEST + 1)
            ],
        )

    def resources(self, call: Call) -> Reply:
        base = f"/services/data/v{self._version(call)}"
        names = ("query", "queryAll", "sobjects", "limits", "composite")
        return Reply(200, {name: f"{base}/{name}" for name in names})

    def limits(self, call: Call) -> Reply:
        self._version(call)
        maximum = self.setting("daily_limit")
        return Reply(200, {"DailyApiRequests": {"Max": maximum, "Remaining": max(0, maximum - self._used())}})

    def _version(self, call: Call) -> str:
        version = call.params["version"]
        number, _, minor = version.partition(".")
        if not (number.isdigit() and OLDEST <= int(number) <= NEWEST and minor in {"", "0"}):
            raise no_resource()
        return version

    def versioned(self, handler: Handler) -> Handler:
        """The handler, for API versions that exist."""

        def checked(call: Call) -> Reply:
            self._version(call)
            return handler(call)

        return checked

    def _object(self, call: Call) -> SObject:
        self._version(call)
        found = known(call.params["object"], packages=self.setting("psa_installed"))
        if found is None:
            raise no_resource()
        return found

    def describe_all(self, call: Call) -> Reply:
        version = self._version(call)
        there = [item for name, item in OBJECTS.items() if known(name, packages=self.setting("psa_installed"))]
        listed = [describe.summary(item, version) for item in there]
        return Reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})

    def describe(self, call: Call) -> Reply:
        return Reply(200, describe.full(self._object(call), call.params["version"]))

    def basic(self, call: Call) -> Reply:
        summary = describe.summary(self._object(call), call.params["version"])
        return Reply(200, {"objectDescribe": summary, "recentItems": []})

    # -- single records -----------------------------------------------------------------------------------------

    def read(self, call: Call) -> Reply:
        return self._answer(call, self.objects.get(self._object(call), call.params["id"]))

    def read_by_key(self, call: Call) -> Reply:
        return self._answer(call, self._single(call)[0])

    def _answer(self, call: Call, body: Json) -> Reply:
        target = self._object(call)
        names = [name for name in call.query.get("fields", "").split(",") if name]
        unknown = [name for name in names if name.lower() not in target.by_lower]
        if unknown:
            raise RowError("INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{target.name}'")
        chosen = {target.by_lower[name.lower()].name for name in names} or target.fields.keys()
        record = attributes(target, body["Id"], call.params["version"])
        record |= {name: body.get(name) for name in target.fields if name in chosen}
        headers = {"ETag": f'"{body["SystemModstamp"]}"'} if target.name == "Account" else {}
        return Reply(200, record, headers)

    def create(self, call: Call) -> Reply:
        target = self._object(call)
        record_id, event = self.objects.create(target, self._values(call))
        call.emit(event)
        return Reply(201, {"id": record_id, "success": True, "errors": []})

    def update(self, call: Call) -> Reply:
        target, values = self._object(call), self._values(call)
        self._check_match(call, target)
        call.emit(self.objects.update(target, call.params["id"], values))
        return Reply(204)

    def _check_match(self, call: Call, target: SObject) -> None:
        """Conditional writes work for accounts and nothing else."""
        wanted = call.headers.get("if-match")
        if wanted and target.name == "Account":
            body = self.objects.get(target, call.params["id"])
            if wanted.strip('"') != body["SystemModstamp"]:
                raise Refusal(errors(412, "PRECONDITION_FAILED", "Precondition failed"))

    def delete(self, call: Call) -> Reply:
        call.emit(self.objects.delete(self._object(call), call.params["id"]))
        return Reply(204)

    def delete_by_key(self, call: Call) -> Reply:
        target, (body,) = self._object(call), self._single(call)
        call.emit(self.objects.delete(target, body["Id"]))
        return Reply(204)

    def upsert(self, call: Call) -> Reply:
        """Create or update by external id: 201, 200, or 300 when the key fits several records."""
        target, values, field = self._object(call), self._values(call), call.params["field"]
        if any(name.lower() == field.lower() for name in values):
            raise RowError("INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
        found = self.objects.matching(target, field, call.params["value"])
        if len(found) > 1:
            return self._choices(call, target, found)
        if found:
            call.emit(self.objects.update(target, found[0]["Id"], values))
            return Reply(200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False})
        if call.flag("updateOnly"):
            raise no_resource()
        record_id, event = self.objects.create(target, values | {field: call.params["value"]})
        call.emit(event)
        return Reply(201, {"id": record_id, "success": True, "errors": [], "created": True})

    def _single(self, call: Call) -> list[Json]:
        target = self._object(call)
        found = self.objects.matching(target, call.params["field"], call.params["value"])
        if not found:
            raise no_resource()
        if len(found) > 1:
            raise Refusal(self._choices(call, target, found))
        return found

    @staticmethod
    def _choices(call: Call, target: SObject, found: list[Json]) -> Reply:
        base = f"/services/data/v{call.params['version']}/sobjects/{target.name}"
        return Reply(300, [f"{base}/{body['Id']}" for body in found])

    def _values(self, call: Call) -> Json:
        values = call.json()
        if not isinstance(values, dict):
            raise RowError("JSON_PARSER_ERROR", "a JSON object is expected")
        if call.method == "PATCH" and "Id" in values:
            raise RowError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        return values

    # -- replication --------------------------------------------------------------------------------------------

    def updated(self, call: Call) -> Reply:
        found, until = self._changed(call, "0")
        return Reply(200, {"ids": [body["Id"] for body in found], "latestDateCovered": until})

    def deleted(self, call: Call) -> Reply:
        found, until = self._changed(call, "1")
        gone = [{"id": body["Id"], "deletedDate": body["SystemModstamp"]} for body in found]
        earliest = stamps.compact(self.store.clock.now() - 30 * 86_400_000)
        return Reply(200, {"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": until})

    def _changed(self, call: Call, deleted: str) -> tuple[list[Json], str]:
        target = self._object(call)
        try:
            start, end = (stamps.compact(stamps.parse(call.query[key])) for key in ("start", "end"))
        except (KeyError, ValueError):
            raise RowError("INVALID_REPLICATION_DATE", "start and end must be dates") from None
        rows = self.objects.of(target).find(
            f'"SystemModstamp" >= ? AND "SystemModstamp" < ? AND "IsDeleted" = {deleted}', (start, end)
        )
        return [row.body for row in rows], min(end, stamps.compact(self.store.clock.now()))

    # -- control port -------------------------------------------------------------------------------------------

    def merge_accounts(self, master: str, merged: str) -> Json:
        """Merge two accounts as a user does in the browser."""
        try:
            events = self.objects.merge(OBJECTS["Account"], master, merged)
        except RowError as problem:
            raise problem.refusal() from None
        return {"master": master, "merged": merged, "changed": len(events)}

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        target = known(entity)
        if target is None:
            raise ValueError(f"Salesforce has no object {entity!r}")
        try:
            return [self.objects.create(target, values)[0] for values in rows]
        except RowError as problem:
            raise problem.refusal() from None

    def ledger(self) -> Json:
        """Every live record with its hub key and status, per object."""
        books: Json = {}
        for name, target in OBJECTS.items():
            if not target.writable:
                continue
            rows = [row.body for row in self.objects.of(target).find()]
            books[name] = {
                "live": sum(not body["IsDeleted"] for body in rows),
                "deleted": sum(body["IsDeleted"] for body in rows),
                "records": [
                    {"id": body["Id"], "hub_key": body.get("Hub_Key__c"), "name": body.get("Name")}
                    for body in rows
                    if not body["IsDeleted"]
                ],
            }
        return {"vendor": self.name, "objects": books}
