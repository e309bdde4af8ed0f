"""The REST API of the account, under /api/v1."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl

from .. import accounts
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply, mapping
from ..tokens import bearer
from ..vendor import Vendor
from .approvals import LINES, RESOLUTIONS, Approvals
from .changes import Changes
from .errors import bad, errors, missing
from .events import Events
from .invoices import Invoices
from .lists import Lists
from .schema import COLLECTIONS
from .shapes import Collection

_BULK = {
    "timesheet_approvals": ("timesheet_submissions", "approve"),
    "timesheet_rejections": ("timesheet_submissions", "reject"),
    "timesheet_cancellations": ("timesheet_submissions", "cancel"),
    "expense_report_approvals": ("expense_report_submissions", "approve"),
    "expense_report_rejections": ("expense_report_submissions", "reject"),
    "expense_report_cancellations": ("expense_report_submissions", "cancel"),
}
_FORM_KEY = re.compile(r"(\w+)\[(\w+)\](\[\])?")


class Kantata(Vendor):
    """One account."""

    name = "kantata"
    path_suffix = ".json"

    def install(self) -> None:
        self.store.define(collection.kind() for collection in COLLECTIONS.values())
        records = {name: self.store.records(collection.kind()) for name, collection in COLLECTIONS.items()}
        self.records = records
        self.events = Events(self.store, records["subscribed_events"], self.setting, accounts.KANTATA_USER_ID)
        self.lists = Lists(records, self.events, self.setting)
        self.changes = Changes(self.store, records, self.events, self.setting)
        self.approvals = Approvals(self.store, records, self.changes, self.setting)
        self.invoices = Invoices(self.changes)

    def seed(self) -> None:
        self.tokens.grant(accounts.KANTATA_TOKEN, None)
        if self.records["users"].count() == 0:
            values = {"full_name": "Integration User", "email_address": "integration@landscape.example"}
            key = self.changes.create(None, COLLECTIONS["users"], values)
            body = self.changes.body(COLLECTIONS["users"], key) | {"id": accounts.KANTATA_USER_ID}
            self.records["users"].remove(key)
            self.records["users"].put(accounts.KANTATA_USER_ID, body, self.store.clock.tick())

    def table(self) -> list[tuple[str, str, Handler]]:
        base = "/api/v1"
        return [
            ("GET", f"{base}/users/me", self.me),
            ("GET", f"{base}/subscribed_events/event_types", self.event_types),
            ("POST", f"{base}/external_references/create_or_update", self.create_or_update),
            ("PUT", f"{base}/invoices/{{id}}/cancel", self.cancel_invoice),
            ("PUT", f"{base}/{{collection}}/{{id}}/{{verb}}", self.resolve),
            ("GET", f"{base}/{{collection}}", self.index),
            ("POST", f"{base}/{{collection}}", self.create),
            ("GET", f"{base}/{{collection}}/{{id}}", self.show),
            ("PUT", f"{base}/{{collection}}/{{id}}", self.update),
            ("DELETE", f"{base}/{{collection}}/{{id}}", self.delete),
        ]

    # -- account and words --------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            raise Refusal(errors(401, "oauth", "Invalid OAuth 2 Request"))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        return errors(status, "system", message or "We're sorry, but something went wrong.")

    def not_found(self, call: Call) -> Reply:
        return missing().reply

    def throttled(self) -> Reply:
        return Reply(429)

    def over_quota(self) -> Reply:
        return errors(403, "system", "You do not have permission to perform this action.")

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers["x-request-id"] = str(uuid.uuid4())

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise bad(str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise bad("There was a problem in the JSON you submitted") from None

    # -- reading ------------------------------------------------------------------------------------------------

    def _collection(self, call: Call) -> Collection:
        found = COLLECTIONS.get(call.params["collection"])
        if found is None:
            raise missing()
        return found

    def index(self, call: Call) -> Reply:
        return self.lists.index(call, self._collection(call))

    def show(self, call: Call) -> Reply:
        of = self._collection(call)
        row = self.lists.show(call, of, call.params["id"])
        if row is None:
            raise missing()
        return self.lists.envelope(call, of, [row])

    def me(self, call: Call) -> Reply:
        of = COLLECTIONS["users"]
        return self.lists.envelope(call, of, [self.changes.row(of, accounts.KANTATA_USER_ID)])

    def event_types(self, call: Call) -> Reply:
        types = [
            {"event_type": f"{of.event}:{verb}", "subject_type": of.subject}
            for of in COLLECTIONS.values()
            if of.event
            for verb in ("created", "updated", "deleted")
        ]
        return Reply(200, {"count": len(types), "event_types": types})

    # -- writing ------------------------------------------------------------------------------------------------

    def _sent(self, call: Call) -> Json:
        """The body: JSON, or a form with Rails keys such as `time_entry[notes]`."""
        if "form" in call.headers.get("content-type", ""):
            return _rails(call.body.decode())
        body = call.json() if call.body else {}
        if not isinstance(body, dict):
            raise bad("There was a problem in the JSON you submitted")
        return body

    def create(self, call: Call) -> Reply:
        """One record under the singular key, or several in an array under the plural key."""
        if call.params["collection"] in _BULK:
            return self.resolve_many(call)
        of, sent = self._collection(call), self._sent(call)
        if isinstance(many := sent.get(of.name), list):
            rows = [self.changes.row(of, self._create(call, of, mapping(values, of.singular))) for values in many]
        elif isinstance(one := sent.get(of.singular), dict):
            rows = [self.changes.row(of, self._create(call, of, one))]
        else:
            raise bad(f"{of.singular} is missing")
        return self.lists.envelope(call, of, rows)

    def _create(self, call: Call | None, of: Collection, values: Json) -> str:
        if of.name in LINES:
            return self.approvals.submit(call, of, values)
        if of.name == "invoices":
            return self.invoices.create(call, values)
        if of.name == "external_references":
            return self.changes.refer(call, values)
        if of.name == "subscribed_events":
            raise missing()
        return self.changes.create(call, of, values)

    def update(self, call: Call) -> Reply:
        of, sent = self._collection(call), self._sent(call)
        values = sent.get(of.singular)
        if not isinstance(values, dict):
            raise bad(f"{of.singular} is missing")
        self.changes.update(call, of, call.params["id"], values)
        return self.lists.envelope(call, of, [self.changes.row(of, call.params["id"])])

    def delete(self, call: Call) -> Reply:
        self.changes.delete(call, self._collection(call), call.params["id"])
        return Reply(204)

    def create_or_update(self, call: Call) -> Reply:
        values = self._sent(call).get("external_reference")
        if not isinstance(values, dict):
            raise bad("external_reference is missing")
        of = COLLECTIONS["external_references"]
        return self.lists.envelope(call, of, [self.changes.row(of, self.changes.refer(call, values))])

    # -- approvals and invoices ---------------------------------------------------------------------------------

    def resolve(self, call: Call) -> Reply:
        of, verb = self._collection(call), call.params["verb"]
        if of.name not in LINES or verb not in RESOLUTIONS:
            raise missing()
        self.approvals.resolve(call, of, call.params["id"], verb)
        return self.lists.envelope(call, of, [self.changes.row(of, call.params["id"])])

    def resolve_many(self, call: Call) -> Reply:
        name, verb = _BULK[call.params["collection"]]
        resolution: Any = self._sent(call).get("resolution")
        if not isinstance(resolution, dict) or not isinstance(resolution.get("submission_ids"), list):
            raise bad("submission_ids is missing")
        of = COLLECTIONS[name]
        resolved = [self.approvals.resolve(call, of, str(key), verb) for key in resolution["submission_ids"]]
        return Reply(200, {"resolutions": [item | {"description": resolution.get("description")} for item in resolved]})

    def cancel_invoice(self, call: Call) -> Reply:
        of = COLLECTIONS["invoices"]
        self.invoices.cancel(call, call.params["id"])
        return self.lists.envelope(call, of, [self.changes.row(of, call.params["id"])])

    # -- control port -------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        of = COLLECTIONS.get(entity)
        if of is None:
            raise ValueError(f"Kantata has no collection {entity!r}")
        return [self._create(None, of, values) for values in rows]

    def ledger(self) -> Json:
        """Counts per collection, delivered time per project and state, and every reference to an outside record."""
        time = self.store.query(
            "SELECT workspace_id, currency, count(*), sum(time_in_minutes),"
            " sum(CASE WHEN approved THEN time_in_minutes ELSE 0 END),"
            " sum(CASE WHEN billable THEN time_in_minutes ELSE 0 END),"
            " sum(CASE WHEN is_invoiced THEN time_in_minutes ELSE 0 END)"
            " FROM kantata_time_entries GROUP BY 1, 2 ORDER BY 1, 2"
        )
        names = ("workspace_id", "currency", "entries", "minutes", "approved", "billable", "invoiced")
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.records.items()},
            "time": [dict(zip(names, (str(row[0]), *row[1:]), strict=True)) for row in time],
            "references": [row.body for row in self.records["external_references"].find()],
        }


def _rails(text: str) -> Json:
    """`a[b]=1&a[c][]=2&a[c][]=3` as nested objects."""
    body: Json = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = _FORM_KEY.fullmatch(key)
        if match is None:
            body[key] = value
            continue
        place = body.setdefault(match[1], {})
        if match[3]:
            place.setdefault(match[2], []).append(value)
        else:
            place[match[2]] = value
    return body
