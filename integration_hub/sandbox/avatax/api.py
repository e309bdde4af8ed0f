"""AvaTax REST v2."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from .. import accounts
from ..amounts import decimal
from ..messages import Call, Event, Handler, Json, Misshapen, Refusal, Reply, mapping
from ..tokens import bearer
from ..vendor import Vendor
from .errors import errors, invalid, missing
from .transactions import KIND, Transactions

BASE = "/api/v2"
_ENCODED = {"_-ava2f-_": "/", "_-ava2b-_": "+", "_-ava3f-_": "?", "_-ava25-_": "%", "_-ava23-_": "#"}
_CONDITION = re.compile(r"(\w+)\s+(eq|ne|gt|ge|lt|le)\s+('[^']*'|[^\s]+)", re.IGNORECASE)
_SQL = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_COLUMNS = {"modifieddate": "modified", "status": "status", "code": "code", "type": "type", "date": "date", "id": "id"}
_VERSION = "26.10.0"
WHOLE = "Summary,Addresses"
"""What creating calls assume when nothing is asked for; other calls take the setting."""


class AvaTax(Vendor):
    """One account with several companies."""

    name = "avatax"

    def install(self) -> None:
        self.store.define([KIND])
        self.transactions = Transactions(self.store, self.setting)

    def seed(self) -> None:
        self.tokens.grant(f"{accounts.AVATAX_ACCOUNT_ID}:{accounts.AVATAX_LICENSE_KEY}", None)
        self.tokens.grant(accounts.AVATAX_BEARER_TOKEN, None)

    def table(self) -> list[tuple[str, str, Handler]]:
        one = f"{BASE}/companies/{{company}}/transactions/{{code}}"
        verbs: dict[str, Handler] = {
            "commit": self.commit,
            "void": self.void,
            "adjust": self.adjust,
            "refund": self.refund,
            "verify": self.verify,
            "settle": self.settle,
            "lock": self.lock,
            "uncommit": self.uncommit,
            "unvoid": self.unvoid,
            "changecode": self.change_code,
        }
        return [
            ("GET", f"{BASE}/utilities/ping", self.ping),
            ("POST", f"{BASE}/transactions/create", self.create),
            ("POST", f"{BASE}/transactions/createoradjust", self.create_or_adjust),
            ("GET", f"{BASE}/transactions/{{id}}", self.read_by_id),
            ("GET", f"{BASE}/companies/{{company}}/transactions", self.index),
            ("GET", one, self.read),
            ("GET", f"{one}/types/{{type}}", self.read),
            *(("POST", f"{one}/{verb}", handler) for verb, handler in verbs.items()),
            *(("POST", f"{one}/types/{{type}}/{verb}", handler) for verb, handler in verbs.items()),
        ]

    # -- account and words --------------------------------------------------------------------------------------

    def open_path(self, path: str) -> bool:
        return path.startswith(f"{BASE}/utilities/ping")

    @staticmethod
    def _credential(call: Call) -> str:
        header = call.headers.get("authorization", "")
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return bearer(header)
        try:
            return base64.b64decode(encoded).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(self._credential(call)):
            raise Refusal(errors(401, "AuthenticationException", "Authentication failed.", "HttpRequest"))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(self._credential(call))

    def failure(self, status: int, message: str = "") -> Reply:
        return errors(status, "ServerError", message or "An unexpected error occurred on the server.", "HttpRequest")

    def not_found(self, call: Call) -> Reply:
        return errors(404, "EntityNotFoundError", "The resource could not be found.", "HttpRequest")

    def throttled(self) -> Reply:
        return errors(429, "RateLimitExceededError", "The rate limit has been exceeded.", "HttpRequest")

    def over_quota(self) -> Reply:
        return errors(403, "RequestLimitExceeded", "The request limit of the account has been exceeded.", "HttpRequest")

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers["x-correlation-id"] = str(uuid.uuid4())

    def respond(self, call: Call) -> Reply:
        try:
            if "forcetimeout" in call.query.get("$include", "").lower():
                return self._forced_timeout(call)
            return super().respond(call)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise invalid("ModelStateInvalid", "The request body is not JSON.") from None
        except Misshapen as problem:
            raise invalid("ModelStateInvalid", f"The request is malformed: {problem}.") from None

    def _forced_timeout(self, call: Call) -> Reply:
        """`$include=ForceTimeout`: a long delay, then an error."""
        self.authorize(call)
        if self.setting("force_timeout_commits"):
            super().respond(call)
        reply = errors(504, "TimeoutError", "The request timed out.", "HttpRequest")
        reply.delay, reply.kept = float(self.setting("force_timeout_seconds")), True
        return reply

    # -- reading ------------------------------------------------------------------------------------------------

    def ping(self, call: Call) -> Reply:
        credential = self._credential(call)
        known = self.tokens.valid(credential)
        return Reply(
            200,
            {
                "version": _VERSION,
                "authenticated": known,
                "authenticationType": "AccountIdLicenseKey"
                if known and ":" in credential
                else "OpenIdBearerToken"
                if known
                else "None",
                "authenticatedUserName": accounts.AVATAX_ACCOUNT_ID if known else None,
                "authenticatedAccountId": int(accounts.AVATAX_ACCOUNT_ID) if known else None,
            },
        )

    def _found(self, call: Call) -> Json:
        company, code = (self._decoded(call.params[name]) for name in ("company", "code"))
        kind = call.params.get("type") or call.query.get("documentType") or "SalesInvoice"
        return self.transactions.get(self.transactions.company({"companyCode": company}), code, kind)

    @staticmethod
    def _decoded(text: str) -> str:
        for encoded, plain in _ENCODED.items():
            text = text.replace(encoded, plain)
        return text

    def _answered(self, call: Call, found: Json, status: int = 200, default: str | None = None) -> Reply:
        """The transaction with the parts `$include` asks for. Summary implies details, and details imply lines."""
        default = self.setting("read_default_include") if default is None else default
        asked = call.query.get("$include") or default
        wanted = {part.strip().lower() for part in asked.split(",") if part.strip()}
        answer: Json = dict(found["answer"])
        if not wanted & {"lines", "details", "summary", "linesonly"} or "summaryonly" in wanted:
            answer["lines"] = None
        elif "linesonly" in wanted:
            answer["lines"] = [line | {"details": None} for line in answer["lines"]]
        if not wanted & {"summary", "summaryonly"}:
            answer["summary"] = None
        if "addresses" not in wanted:
            answer["addresses"] = None
        return Reply(status, _without_nulls(answer))

    def read(self, call: Call) -> Reply:
        return self._answered(call, self._found(call))

    def read_by_id(self, call: Call) -> Reply:
        found = self.transactions.records.get(call.params["id"])
        if found is None:
            raise missing(f"Transaction {call.params['id']}")
        return self._answered(call, found)

    def index(self, call: Call) -> Reply:
        company = self.transactions.company({"companyCode": self._decoded(call.params["company"])})
        where, params = ["company = ?", "current = 1"], [company]
        for name, operator, value in _CONDITION.findall(call.query.get("$filter", "")):
            column = _COLUMNS.get(name.lower())
            if column is None:
                raise invalid("ModelStateInvalid", f"{name} cannot be filtered.", refers_to="$filter")
            where.append(f"{column} {_SQL[operator.lower()]} ?")
            params.append(value.strip("'"))
        try:
            top, skip = int(call.query.get("$top", 1000)), int(call.query.get("$skip", 0))
        except ValueError:
            raise invalid("ModelStateInvalid", "$top and $skip must be numbers.") from None
        name, _, way = call.query.get("$orderBy", call.query.get("$orderby", "id asc")).strip().partition(" ")
        order = f"{_COLUMNS.get(name.lower(), 'id')} {'DESC' if way.strip().lower() == 'desc' else 'ASC'}, id"
        sql = " AND ".join(where)
        top = min(top or 1000, 1000)
        found = self.transactions.records.page(sql, params, order=order, limit=top, offset=skip)
        rows, total = call.shape.page(*found)
        values = [self._answered(call, row.body).body for row in rows]
        answer: Json = {"@recordsetCount": total, "value": values}
        if skip + top < total:
            answer["@nextLink"] = f"{call.origin}{call.path}?$top={top}&$skip={skip + top}"
        return Reply(200, answer)

    # -- writing ------------------------------------------------------------------------------------------------

    def _sent(self, call: Call) -> Json:
        body = call.json() if call.body else {}
        if not isinstance(body, dict):
            raise invalid("ModelStateInvalid", "The request body must be a JSON object.")
        return body

    def _changed(self, call: Call, found: Json, verb: str, status: int = 200) -> Reply:
        answer = found["answer"]
        if answer["id"]:
            call.emit(Event(f"transaction.{verb}", "transaction", f"{found['company']}/{answer['code']}"))
        return self._answered(call, found, status, WHOLE if verb in {"created", "adjusted"} or status == 201 else None)

    def create(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.create(self._sent(call)), "created", 201)

    def create_or_adjust(self, call: Call) -> Reply:
        sent = self._sent(call)
        model = mapping(sent.get("createTransactionModel") or sent, "createTransactionModel")
        return self._changed(call, self.transactions.create_or_adjust(model), "updated", 201)

    def commit(self, call: Call) -> Reply:
        if self._sent(call).get("commit") is False:
            raise invalid("ModelStateInvalid", "commit must be true.", refers_to="commit")
        return self._changed(call, self.transactions.commit(self._found(call)), "committed")

    def uncommit(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.uncommit(self._found(call)), "updated")

    def void(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.void(self._found(call), self._sent(call)), "voided")

    def unvoid(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.unvoid(self._found(call)), "updated")

    def adjust(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.adjust(self._found(call), self._sent(call)), "adjusted")

    def refund(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.refund(self._found(call), self._sent(call)), "created", 201)

    def lock(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.lock(self._found(call), self._sent(call)), "locked")

    def change_code(self, call: Call) -> Reply:
        return self._changed(call, self.transactions.change_code(self._found(call), self._sent(call)), "updated")

    def verify(self, call: Call) -> Reply:
        found = self._found(call)
        self.transactions.verify(found, self._sent(call))
        return self._answered(call, found)

    def settle(self, call: Call) -> Reply:
        """Verify, change the code and commit in one call."""
        found, sent = self._found(call), self._sent(call)
        self.transactions.verify(found, mapping(sent.get("verify") or {}, "verify"))
        if sent.get("changeCode"):
            found = self.transactions.change_code(found, mapping(sent["changeCode"], "changeCode"))
        if mapping(sent.get("commit") or {}, "commit").get("commit"):
            found = self.transactions.commit(found)
        return self._changed(call, found, "committed")

    # -- control port -------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        if entity != "transactions":
            raise ValueError("AvaTax takes only transactions")
        return [str(self.transactions.create(model)["answer"]["id"]) for model in rows]

    def ledger(self) -> Json:
        """Totals per company, type and status, and every current transaction."""
        totals: dict[tuple[str, str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        documents = []
        for row in self.transactions.records.find("current = 1"):
            body = row.body
            answer: Any = body["answer"]
            key = (body["company"], answer["type"], answer["status"], answer["currencyCode"])
            amounts = (Decimal(1), decimal(answer["totalAmount"]), decimal(answer["totalTax"]))
            totals[key] = [left + right for left, right in zip(totals[key], amounts, strict=True)]
            names = ("id", "code", "type", "status", "date", "currencyCode", "customerCode", "locked", "version")
            documents.append(
                {"companyCode": body["company"]}
                | {name: answer[name] for name in names}
                | {name: f"{decimal(answer[name]):.2f}" for name in ("totalAmount", "totalTax")}
            )
        return {
            "vendor": self.name,
            "totals": [
                dict(zip(("companyCode", "type", "status", "currency"), key, strict=True))
                | {"count": int(sums[0]), "totalAmount": f"{sums[1]:.2f}", "totalTax": f"{sums[2]:.2f}"}
                for key, sums in sorted(totals.items())
            ],
            "documents": documents,
        }


def _without_nulls(answer: Json) -> Json:
    """Empty fields are not sent, neither in the document nor in its lines."""
    kept = {key: value for key, value in answer.items() if value is not None}
    if "lines" in kept:
        kept["lines"] = [{key: value for key, value in line.items() if value is not None} for line in kept["lines"]]
    return kept
