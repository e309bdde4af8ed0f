"""OData v4 of F&O under `/data`: data entities over companies, change sets, posting, and the limits around them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply
from ..tokens import bearer
from ..vendor import Vendor
from . import batch, ledger, metadata, naming, seed
from .errors import bad, infolog, missing, problem
from .posting import Posting
from .query import Filter, order
from .rows import ETAG, Rows
from .schema import COMPANY, SETS, EntitySet
from .signin import PATH, SignIn

DATA = "/data"
POST = "Microsoft.Dynamics.DataEntities.post"
_PRIORITIES = ("Low", "Medium", "High")
_JOBS = "dynamics:jobs"


class Dynamics(Vendor):
    """One environment, and the tenant that signs its integrations in."""

    name = "dynamics"

    def install(self) -> None:
        self.store.define(one.kind() for one in SETS.values())
        self.rows = Rows(self.store)
        self.posting = Posting(self.rows, self.setting)
        self.sign_in = SignIn(self.tokens, self.setting)

    def seed(self) -> None:
        if self.rows.of["LegalEntities"].count():
            return
        for name, values in seed.records():
            self.rows.save(SETS[name], self.rows.fresh(SETS[name], dict(values)))

    def clear(self) -> None:
        self.store.forget(_JOBS)
        super().clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", f"/{{tenant}}{PATH}", self.sign_in.token),
            ("POST", rf"{DATA}/\$batch", self.batch),
            *self._sets(),
        ]

    def _sets(self) -> list[tuple[str, str, Handler]]:
        """What a batch may ask for as well."""
        return [
            ("GET", rf"{DATA}/\$metadata", self.metadata),
            ("GET", rf"{DATA}/{{entity}}/\$count", self.count),
            ("GET", f"{DATA}/{{entity}}", self.read),
            ("POST", f"{DATA}/{{entity}}", self.create),
            ("PATCH", f"{DATA}/{{entity}}", self.update),
            ("DELETE", f"{DATA}/{{entity}}", self.delete),
            ("POST", f"{DATA}/{{entity}}/{{action}}", self.act),
        ]

    # -- environment and words ----------------------------------------------------------------------------------

    def signs_in(self, path: str) -> bool:
        return path.endswith(PATH)

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))) or not self.setting("mapped"):
            # A token that is in order is refused in the same way while no user is mapped to its client id.
            raise Refusal(problem(401, "Unauthorized"))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def crowded(self, call: Call) -> Reply | None:
        """Short of resources, the environment refuses whoever has the lower priorities."""
        refused = _PRIORITIES[: self.setting("pressure")]
        return self.throttled() if self.setting("priority") in refused and not self.signs_in(call.path) else None

    def failure(self, status: int, message: str = "") -> Reply:
        return problem(status, "An error has occurred.", message or "An unexpected error occurred in the environment.")

    def not_found(self, call: Call) -> Reply:
        if self.routes.knows(call.path):
            return problem(405, "The requested resource does not support this method.")
        return problem(404, f"No HTTP resource was found that matches the request URI '{call.path}'.")

    def throttled(self) -> Reply:
        reply = problem(429, "Number of requests exceeded the limit of available resources of the environment.")
        reply.headers["Retry-After"] = str(self.setting("retry_after"))
        return reply

    def over_quota(self) -> Reply:
        return self.throttled()

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers.setdefault("OData-Version", "4.0")
        if self.setting("names") and isinstance(reply.body, dict | list):
            reply.body = naming.outward(reply.body, self.setting("names"))

    def respond(self, call: Call) -> Reply:
        if names := self.setting("names"):
            call.path = naming.inward(call.path, names)
            call.query = {naming.inward(name, names): naming.inward(value, names) for name, value in call.query.items()}
            call.body = naming.inward(call.body.decode(errors="replace"), names).encode()
        self._run_jobs()
        try:
            return super().respond(call)
        except (json.JSONDecodeError, UnicodeDecodeError, Misshapen) as wrong:
            raise bad(f"The request is not understood: {wrong}") from None

    def _set(self, call: Call) -> tuple[EntitySet, Json | None]:
        """The set a path names, and the key if it names one row."""
        name, _, key = call.params["entity"].partition("(")
        of = SETS.get(name)
        if of is None:
            raise missing(f"the segment '{name}'")
        return of, self.rows.parsed(of, key.rstrip(")")) if key else None

    def _company(self, call: Call) -> str:
        """The one company a call sees, or none: without `cross-company` only the user's own."""
        return "" if call.flag("cross-company") else str(self.setting("default_company"))

    # -- reading ------------------------------------------------------------------------------------------------

    def metadata(self, call: Call) -> Reply:
        document = metadata.document(stamped=self.setting("modified"))
        return Reply(200, document, {"Content-Type": "application/xml"})

    def _where(self, call: Call, of: EntitySet) -> tuple[str, list[Any]]:
        conditions: list[str] = []
        params: list[Any] = []
        if text := call.query.get("$filter", ""):
            found = Filter(of, text, stamped=self.setting("modified"))
            conditions, params = [f"({found.sql})"], found.params
        if of.per_company and (company := self._company(call)):
            conditions.append(f'"{COMPANY}" = ?')
            params.append(company)
        return " AND ".join(conditions), params

    def count(self, call: Call) -> Reply:
        of, _ = self._set(call)
        where, params = self._where(call, of)
        return Reply(200, str(self.rows.of[of.name].count(where, params)), {"Content-Type": "text/plain"})

    def read(self, call: Call) -> Reply:
        """One row, or a page of a list."""
        of, key = self._set(call)
        if key is not None:
            body = self.rows.get(of, key, self._company(call))
            return Reply(200, {"@odata.context": self._context(call, of)} | self._told(call, of, body))
        where, params = self._where(call, of)
        top, skip, size = self._number(call, "$top"), self._number(call, "$skip") or 0, self.setting("page_size")
        limit = size if top is None else min(top, size)
        by = order(of, call.query.get("$orderby", ""), stamped=self.setting("modified"))
        rows, total = self.rows.of[of.name].page(where, params, order=by, limit=limit, offset=skip)
        found, total = call.shape.page(rows, total)
        told: Json = {"@odata.context": self._context(call, of)}
        if call.flag("$count"):
            told["@odata.count"] = total
        told["value"] = [self._told(call, of, row.body) for row in found]
        if skip + limit < total and (top is None or top > limit):
            told["@odata.nextLink"] = self._next(call, skip + limit, None if top is None else top - limit)
        return Reply(200, told)

    def _told(self, call: Call, of: EntitySet, body: Json) -> Json:
        names = call.query["$select"].split(",") if call.query.get("$select") else None
        stamped = self.setting("modified")
        shown = self.rows.told(of, body, stamped=stamped, names=names)
        if expand := call.query.get("$expand"):
            if expand != of.lines:
                raise bad(f"Could not find a property named '{expand}' to expand on '{of.type}'.")
            held = SETS[of.lines]
            shown[of.lines] = [self.rows.told(held, line, stamped=stamped) for line in self.rows.lines(of, body)]
        return shown

    @staticmethod
    def _context(call: Call, of: EntitySet) -> str:
        return f"{call.origin}{DATA}/$metadata#{of.name}"

    @staticmethod
    def _next(call: Call, skip: int, top: int | None) -> str:
        query = {**call.query, "$skip": str(skip)} | ({} if top is None else {"$top": str(top)})
        return f"{call.origin}{call.path}?{urlencode(query)}"

    @staticmethod
    def _number(call: Call, name: str) -> int | None:
        text = call.query.get(name)
        if text is None:
            return None
        if not text.isdigit() or len(text) > 9:
            raise bad(f"The value of {name} must be a number that is not negative.")
        return int(text)

    # -- writing ------------------------------------------------------------------------------------------------

    def batch(self, call: Call) -> Reply:
        return batch.answered(call, self.store, self._part)

    def _part(self, call: Call) -> Reply:
        """The answer to one request of a batch. Raises Refusal."""
        for method, handler in (
            ("GET", self.read),
            ("POST", self.create),
            ("PATCH", self.update),
            ("DELETE", self.delete),
        ):
            segments = call.path.removeprefix(f"{DATA}/").split("/")
            if call.method == method and len(segments) == 1:
                call.params = {"entity": segments[0]}
                return handler(call)
        raise missing(call.path)

    def create(self, call: Call) -> Reply:
        of, key = self._set(call)
        if key is not None:
            raise Refusal(problem(405, "A row that exists is changed by PATCH."))
        body = self._insert(of, self.rows.accept(of, call.json()))
        call.emit(Event(f"{of.name}.created", of.name, self.rows.key(of, body)))
        return Reply(201, {"@odata.context": self._context(call, of)} | self._told(call, of, body))

    def _insert(self, of: EntitySet, given: Json) -> Json:
        self._check_writable(of)
        if of.per_company:
            given.setdefault(COMPANY, self.setting("default_company"))
        body = self.rows.fresh(of, given)
        known = SETS["LegalEntities"]
        if of.per_company and self.rows.of[known.name].get(body[COMPANY]) is None:
            raise infolog(of.type, f"The company {body[COMPANY]} does not exist.")
        self.posting.check(of, body)
        self.rows.save(of, body)
        return body

    def _addressed(self, call: Call) -> tuple[EntitySet, Json]:
        """The row a change is for, unless somebody changed it since it was read."""
        of, key = self._set(call)
        if key is None:
            raise Refusal(problem(405, "The requested resource does not support this method."))
        body = self.rows.get(of, key, self._company(call))
        wanted = call.headers.get("if-match", "*")
        if wanted not in {"*", body[ETAG]}:
            raise Refusal(problem(412, "The row has been changed by another user (the ETag does not match)."))
        return of, body

    def update(self, call: Call) -> Reply:
        """A change of a row that exists: PATCH makes none."""
        of, body = self._addressed(call)
        self._check_writable(of, body)
        given = self.rows.accept(of, call.json())
        changed = body | {name: value for name, value in given.items() if name not in of.keys}
        self.posting.check(of, changed)
        self.rows.save(of, changed)
        call.emit(Event(f"{of.name}.updated", of.name, self.rows.key(of, body)))
        return Reply(204)

    def delete(self, call: Call) -> Reply:
        of, body = self._addressed(call)
        self._check_writable(of, body)
        self.rows.remove(of, body)
        return Reply(204)

    @staticmethod
    def _check_writable(of: EntitySet, body: Json | None = None) -> None:
        if of.read_only:
            raise infolog(of.type, f"{of.name} is read-only.")
        if (body or {}).get("IsPosted") == "Yes":
            raise infolog(of.type, "The record is posted and cannot be changed or deleted.")

    def act(self, call: Call) -> Reply:
        """Posting: at once, or handed to a batch job whose failure shows nowhere but in its log."""
        of, key = self._set(call)
        if call.params["action"] != POST or key is None or not of.lines:
            raise missing(f"the action {call.params['action']}")
        header = self.rows.get(of, key, self._company(call))
        if self.setting("posting") == "batch":
            name, due = f"{of.name}/{self.rows.key(of, header)}", self.store.clock.now() + self.setting("posting_ms")
            if self.store.fact(_JOBS, name) is None:  # one job for a journal, however often it is asked for
                self.store.remember(_JOBS, name, due)
        else:
            self.posting.post(of, header)
        return Reply(204)

    def _run_jobs(self) -> None:
        for name, due in self.store.facts(_JOBS).items():
            if due > self.store.clock.now():
                continue
            self.store.forget(_JOBS, name)
            self._run(*name.split("/", 1))

    def _run(self, set_name: str, key: str) -> None:
        header = self.rows.of[set_name].get(key)
        if header is None:
            return
        try:
            with self.store.attempt("job"):
                self.posting.post(SETS[set_name], header)
        except Refusal:
            return

    # -- control port -------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Rows of a set; or what people do in the client: `periods` (close, open), `payments` (enter and post)."""
        match entity:
            case "periods":
                return [self._move_period(row) for row in rows]
            case "payments":
                return [self._pay(row) for row in rows]
        if entity not in SETS:
            raise ValueError(f"Dynamics has no data entity {entity!r}")
        of = SETS[entity]
        return [self.rows.key(of, self._insert(of, self.rows.accept(of, row))) for row in rows]

    def _move_period(self, row: Json) -> str:
        """`{"company", "month": "2026-05", "status"?, "module"?, "access"?}`"""
        year, month = str(row["month"]).split("-")
        key = {COMPANY: str(row["company"]).lower(), "Calendar": seed.CALENDAR, "FiscalYear": year}
        key["PeriodName"] = seed.period_name(int(month))
        statuses, access = SETS["LedgerPeriodStatuses"], SETS["LedgerPeriodModuleAccess"]
        if "status" in row:
            found = self.rows.get(statuses, key, "")
            self.rows.save(statuses, found | {"PeriodStatus": row["status"]})
        if "module" in row:
            self.rows.save(access, {**key, "Module": row["module"], "AccessLevel": row["access"]})
        return self.rows.key(statuses, key)

    def _pay(self, row: Json) -> str:
        """`{"company", "customer", "invoice"?, "amount", "currency", "date"}`"""
        headers, lines = SETS["CustomerPaymentJournalHeaders"], SETS["CustomerPaymentJournalLines"]
        company = {COMPANY: str(row["company"]).lower()}
        header = self._insert(headers, {**company, "JournalName": "CustPay"})
        line = {
            **company,
            "JournalBatchNumber": header["JournalBatchNumber"],
            "TransactionDate": row["date"],
            "AccountType": "Cust",
            "AccountDisplayValue": str(row["customer"]).replace("-", "\\-"),
            "OffsetAccountType": "Ledger",
            "OffsetAccountDisplayValue": seed.BANK,
            "CreditAmount": row["amount"],
            "CurrencyCode": row["currency"],
            "MarkedInvoice": row.get("invoice", ""),
        }
        made = self._insert(lines, self.rows.accept(lines, line))
        self.posting.post(headers, header)
        return self.rows.key(lines, made)

    def ledger(self) -> Json:
        return ledger.books(self.rows)
