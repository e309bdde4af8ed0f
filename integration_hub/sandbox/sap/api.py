"""OData v2 under `/sap/opu/odata/sap`, SOAP under `/sap/bc/srt`: communication user, CSRF, ETags, pages, and limits."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any
from urllib.parse import urlencode

from .. import accounts
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply
from ..vendor import Vendor
from . import metadata, seed
from .csrf import Sessions
from .errors import bad, business, in_header, missing, problem
from .posting import PERIODS, Posting
from .query import Filter, order
from .rows import ETAG, ROOT, Rows
from .schema import PROJECTS, SETS, EntitySet
from .soap import SERVICES, Messages

_SAML = "<html><head><title>Sign in</title></head><body><form method='post' action='/saml2'></form></body></html>"
_STATUSES = ("00", "10", "20", "30", "40", "50")


class Sap(Vendor):
    """One tenant."""

    name = "sap"

    def install(self) -> None:
        self.store.define(one.kind() for one in SETS.values())
        self.rows = Rows(self.store)
        self.posting = Posting(self.rows, self.setting)
        self.messages = Messages(self.rows, self.posting, self.setting)
        self.sessions = Sessions(self.store, self.setting)

    def seed(self) -> None:
        if self.rows.of["A_CompanyCode"].count():
            return
        for values in seed.companies():
            self.rows.insert(SETS["A_CompanyCode"], values)

    def clear(self) -> None:
        self.messages.clear()
        for space in (PERIODS, "sap:unbilled"):
            self.store.forget(space)
        super().clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", f"{SERVICES}/journalentrycreaterequestconfi", self.messages.journal),
            ("POST", f"{SERVICES}/journalentrybulkcreationreques", self.messages.journal_later),
            ("POST", f"{SERVICES}/billingdocumentrequest_in", self.messages.request),
            ("GET", f"{ROOT}/{{service}}", self.service),
            ("GET", rf"{ROOT}/{{service}}/\$metadata", self.metadata),
            ("POST", f"{ROOT}/{PROJECTS}/SetProcessingStatus", self.set_status),
            ("GET", rf"{ROOT}/{{service}}/{{entity}}/\$count", self.count),
            ("GET", f"{ROOT}/{{service}}/{{entity}}", self.read),
            ("POST", f"{ROOT}/{{service}}/{{entity}}", self.create),
            ("PATCH", f"{ROOT}/{{service}}/{{entity}}", self.update),
        ]

    # -- words --------------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        pair = f"{accounts.SAP_USER}:{accounts.SAP_PASSWORD}".encode()
        if self.setting("dialog_user"):
            # Whoever is no communication user is sent to sign in, with a page and a success.
            raise Refusal(Reply(200, _SAML, {"Content-Type": "text/html"}))
        if call.headers.get("authorization", "") != f"Basic {base64.b64encode(pair).decode()}":
            raise Refusal(problem(401, "00/152", "Logon failed"))

    def expire(self, call: Call) -> None:
        """There is no token that could: a password is valid until somebody changes it."""

    def failure(self, status: int, message: str = "") -> Reply:
        return problem(status, "SY/530", message or "An exception was raised.")

    def not_found(self, call: Call) -> Reply:
        if self.routes.knows(call.path):
            return problem(405, "/IWFND/CM_CONSUMER/101", "Method not allowed")
        return problem(404, "/IWFND/MED/170", f"No service found for {call.path}")

    def throttled(self) -> Reply:
        return problem(429, "/IWFND/CM_LIMIT/001", "Too many requests")

    def over_quota(self) -> Reply:
        return self.throttled()

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers.setdefault("DataServiceVersion", "2.0")

    def respond(self, call: Call) -> Reply:
        self.messages.work()
        try:
            if call.method != "GET" and call.path.startswith(ROOT):
                self.authorize(call)
                self.sessions.check(call)
            reply = super().respond(call)
        except (json.JSONDecodeError, UnicodeDecodeError, Misshapen) as wrong:
            raise bad(f"Error while parsing the request: {wrong}") from None
        except Refusal as refusal:
            if self.setting("errors_in_header") and refusal.reply.status == 400 and call.method != "GET":
                return in_header(refusal.reply)
            raise
        if call.method == "GET":
            self.sessions.offer(call, reply)
        return reply

    def _set(self, call: Call) -> tuple[EntitySet, Json | None]:
        """The set a path names, and the key if it names one row."""
        name, _, key = call.params["entity"].partition("(")
        of = SETS.get(name)
        if of is None or of.service != call.params["service"]:
            raise missing(f"the segment '{name}'")
        return of, self.rows.parsed(of, key.rstrip(")")) if key else None

    # -- reading ------------------------------------------------------------------------------------------------

    def service(self, call: Call) -> Reply:
        own = [name for name, one in SETS.items() if one.service == call.params["service"]]
        if not own:
            raise Refusal(problem(404, "/IWFND/MED/170", f"No service found for {call.path}"))
        return Reply(200, {"d": {"EntitySets": own}})

    def metadata(self, call: Call) -> Reply:
        return Reply(200, metadata.document(call.params["service"]), {"Content-Type": "application/xml"})

    def _where(self, call: Call, of: EntitySet) -> tuple[str, list[Any]]:
        text = call.query.get("$filter", "")
        found = Filter(of, text) if text else None
        return (found.sql, found.params) if found else ("", [])

    def count(self, call: Call) -> Reply:
        of, _ = self._set(call)
        where, params = self._where(call, of)
        return Reply(200, str(self.rows.of[of.name].count(where, params)), {"Content-Type": "text/plain"})

    def read(self, call: Call) -> Reply:
        """One row, or a page of a list."""
        of, key = self._set(call)
        expand = [path for path in call.query.get("$expand", "").split(",") if path]
        names = call.query["$select"].split(",") if call.query.get("$select") else None
        if unknown := [path for path in expand if path.split("/")[0] not in of.ways]:
            raise bad(f"Invalid $expand: {unknown[0]}")
        if key is not None:
            body = self.rows.get(of, key)
            told = self.rows.told(call.origin, of, body, expand, names)
            return Reply(200, {"d": told}, {"etag": body[ETAG]})
        where, params = self._where(call, of)
        top, skip, size = self._number(call, "$top"), self._number(call, "$skip") or 0, self.setting("page_size")
        limit = size if top is None else min(top, size)
        by = order(of, call.query.get("$orderby", ""))
        rows, total = self.rows.of[of.name].page(where, params, order=by, limit=limit, offset=skip)
        found, total = call.shape.page(rows, total)
        answer: Json = {"results": [self.rows.told(call.origin, of, row.body, expand, names) for row in found]}
        if call.query.get("$inlinecount") == "allpages":
            answer = {"__count": str(total), **answer}
        if skip + limit < total and (top is None or top > limit):
            query = {**call.query, "$skip": str(skip + limit)} | ({} if top is None else {"$top": str(top - limit)})
            answer["__next"] = f"{call.origin}{call.path}?{urlencode(query)}"
        return Reply(200, {"d": answer})

    @staticmethod
    def _number(call: Call, name: str) -> int | None:
        text = call.query.get(name)
        if text is None:
            return None
        if not text.isdigit() or len(text) > 9:
            raise bad(f"Invalid value for {name}.")
        return int(text)

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Reply:
        of, key = self._set(call)
        if key is not None or not of.writable:
            raise Refusal(problem(405, "/IWFND/CM_CONSUMER/101", f"{of.name} cannot be created."))
        body = self._insert(of, call.json())
        call.emit(Event(f"{of.name}.created", of.name, self.rows.key(of, body)))
        return Reply(201, {"d": self.rows.told(call.origin, of, body, [])}, {"etag": body[ETAG]})

    def _insert(self, of: EntitySet, sent: Any) -> Json:
        given, deeper = self.rows.accept(of, sent)
        if of.name == "A_EnterpriseProject":
            self._project(given)
        if of.name == "A_BusinessPartner" and "to_Customer" in deeper:
            given["Customer"] = given.get("BusinessPartner", "")
        body = self.rows.insert(of, given)
        for name, rows in deeper.items():
            self._insert_below(SETS[of.ways[name].to], body, rows)
        return body

    def _insert_below(self, of: EntitySet, owner: Json, rows: list[Any]) -> None:
        """What is made with a row, down to the areas of its customer."""
        for sent in rows:
            given, deeper = self.rows.accept(of, sent)
            given["Customer"] = owner.get("BusinessPartner") or owner["Customer"]
            if "Currency" in given and given["Currency"] not in seed.CURRENCIES:
                raise business("F5/121", f"Currency key {given['Currency']} is not defined")
            if "CompanyCode" in given and self.rows.of["A_CompanyCode"].get(given["CompanyCode"]) is None:
                raise business("F2/165", f"Company code {given['CompanyCode']} does not exist")
            body = self.rows.insert(of, given)
            for name, lower in deeper.items():
                self._insert_below(SETS[of.ways[name].to], body, lower)

    def _project(self, given: Json) -> None:
        if self.rows.of["A_CompanyCode"].get(given.get("CompanyCode", "")) is None:
            raise business("CJ/017", f"Company code {given.get('CompanyCode', '')} does not exist")
        if self.rows.of["A_EnterpriseProject"].first('"Project" = ?', (given.get("Project", ""),)):
            raise business("CJ/021", f"Project {given['Project']} already exists")
        number = self.store.next("sap:project")
        given["ProjectUUID"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"project/{number}"))
        given |= {"ProjectInternalID": f"{number:08d}", "ProcessingStatus": "00"}

    def _addressed(self, call: Call, of: EntitySet, key: Json) -> Json:
        """The row a change is for, unless somebody changed it since it was read."""
        body = self.rows.get(of, key)
        wanted = call.headers.get("if-match")
        if wanted is None:
            raise Refusal(problem(428, "/IWBEP/CM_MGW_RT/161", "Precondition required: If-Match is missing."))
        if wanted not in {"*", body[ETAG]}:
            raise Refusal(problem(412, "/IWBEP/CM_MGW_RT/160", "Precondition failed: the entity was changed."))
        return body

    def update(self, call: Call) -> Reply:
        of, key = self._set(call)
        if key is None or not of.writable:
            raise Refusal(problem(405, "/IWFND/CM_CONSUMER/101", f"{of.name} cannot be changed."))
        body = self._addressed(call, of, key)
        given, _ = self.rows.accept(of, call.json())
        if "ProcessingStatus" in given:
            raise business("CJ/303", "ProcessingStatus is changed by SetProcessingStatus only.")
        self.rows.save(of, body | {name: value for name, value in given.items() if name not in of.keys})
        call.emit(Event(f"{of.name}.updated", of.name, self.rows.key(of, body)))
        return Reply(204)

    def set_status(self, call: Call) -> Reply:
        """The function import that alone moves the status of a project."""
        of = SETS["A_EnterpriseProject"]
        key = self.rows.parsed(of, call.query.get("ProjectUUID", ""))
        status = call.query.get("ProcessingStatus", "").strip("'")
        if status not in _STATUSES:
            raise business("CJ/304", f"Processing status {status} is not defined.")
        body = self._addressed(call, of, key)
        self.rows.save(of, body | {"ProcessingStatus": status})
        return Reply(200, {"d": {"SetProcessingStatus": {"ProcessingStatus": status}}})

    # -- control port -------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Rows of a set; or what people do: move `periods`, enter `payments`, run `billing`, end all `sessions`."""
        match entity:
            case "periods":
                return [self._move_period(row) for row in rows]
            case "payments":
                return [self.posting.pay(row) for row in rows]
            case "billing":
                return self.messages.bill()
            case "sessions":
                self.sessions.end()
                return []
        if entity not in SETS:
            raise ValueError(f"SAP has no set {entity!r}")
        of = SETS[entity]
        return [self.rows.key(of, self._insert(of, row)) for row in rows]

    def _move_period(self, row: Json) -> str:
        """`{"company", "month": "2026-05", "open": bool, "account_type"?}`; type `+` for all, D, K or S."""
        name = f"{row['company']}|{row['month']}|{row.get('account_type', '+')}"
        if row["open"]:
            self.store.forget(PERIODS, name)
        else:
            self.store.remember(PERIODS, name, "closed")
        return name

    def ledger(self) -> Json:
        return self.posting.books()
