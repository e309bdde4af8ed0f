"""Docusign's eSignature API v2.1, with its account server."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from .. import accounts, assertions
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply, mapping
from ..recent import Recent
from ..tokens import bearer
from ..vendor import Vendor
from . import signing
from .envelopes import Envelopes, refused, stamp

BASE = f"/restapi/v2.1/accounts/{accounts.DOCUSIGN_ACCOUNT_ID}"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = {"signature", "impersonation"}
LARGEST_PAGE = 1000
BURST_SECONDS = 30.0
_ORDERS = {"last_modified": "changed_ms", "status_changed": "status_ms", "created": "created_ms"}
_INCLUDED = {"custom_fields": "customFields", "recipients": "recipients"}


class Docusign(Vendor):
    """One account."""

    name = "docusign"

    def install(self) -> None:
        self.envelopes = Envelopes(self.store, self.setting)
        self._burst = Recent(BURST_SECONDS)
        self._hour: Counter[int] = Counter()
        self._polls: Counter[tuple[int, str]] = Counter()

    def seed(self) -> None:
        self.store.remember("certificates:docusign", accounts.DOCUSIGN_INTEGRATION_KEY, accounts.docusign_public_key())

    def clear(self) -> None:
        super().clear()
        self._burst.clear()
        self._hour.clear()
        self._polls.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        one = f"{BASE}/envelopes/{{id}}"
        return [
            ("POST", "/oauth/token", self.token),
            ("GET", "/oauth/userinfo", self.userinfo),
            ("GET", BASE, lambda call: Reply(200, {"accountId": accounts.DOCUSIGN_ACCOUNT_ID, "accountName": "Land"})),
            ("GET", f"{BASE}/envelopes", self.index),
            ("POST", f"{BASE}/envelopes", self.create),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("GET", f"{one}/custom_fields", self.fields),
            ("POST", f"{one}/custom_fields", lambda call: self.write_fields(call, fresh=True)),
            ("PUT", f"{one}/custom_fields", lambda call: self.write_fields(call, fresh=False)),
            ("GET", f"{one}/recipients", self.recipients),
            ("GET", f"{BASE}/connect/failures", lambda call: Reply(200, {"failures": [], "totalRecords": "0"})),
            ("PUT", f"{BASE}/connect/envelopes/retry_queue", self.retry),
        ]

    @staticmethod
    def signed(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
        return signing.headers(secret, body)

    # -- signing in ---------------------------------------------------------------------------------------------------

    def signs_in(self, path: str) -> bool:
        return path == "/oauth/token"

    def token(self, call: Call) -> Reply:
        """The JWT grant: an assertion of the integration that speaks for a user who agreed."""
        form = call.form()
        if form.get("grant_type") != JWT_GRANT:
            return Reply(400, {"error": "unsupported_grant_type"})
        try:
            key = self.store.fact("certificates:docusign", accounts.DOCUSIGN_INTEGRATION_KEY)
            claims = assertions.verified(form.get("assertion", ""), str(key), frozenset({"RS256"}))
        except assertions.Untrusted as problem:
            return Reply(400, {"error": "invalid_grant", "error_description": str(problem)})
        if claims.get("iss") != accounts.DOCUSIGN_INTEGRATION_KEY:
            return Reply(400, {"error": "invalid_grant", "error_description": "issuer_not_found"})
        if claims.get("aud") not in {"account-d.docusign.com", urlsplit(call.origin).netloc}:
            return Reply(400, {"error": "invalid_grant", "error_description": "the audience is a host, no address"})
        if claims.get("sub") != accounts.DOCUSIGN_USER_ID:
            return Reply(400, {"error": "invalid_grant", "error_description": "user_not_found"})
        if not self.setting("consented") or not set(str(claims.get("scope", "")).split()) >= SCOPES:
            return Reply(400, {"error": "consent_required"})
        made = self.tokens.issue("ey.", self.setting("token_seconds"))
        return Reply(200, {"access_token": made, "token_type": "Bearer", "expires_in": self.setting("token_seconds")})

    def userinfo(self, call: Call) -> Reply:
        """Which accounts the user has, and where each is kept."""
        account = {
            "account_id": accounts.DOCUSIGN_ACCOUNT_ID,
            "is_default": True,
            "account_name": "Landscape",
            "base_uri": call.origin,
        }
        return Reply(200, {"sub": accounts.DOCUSIGN_USER_ID, "name": "Integration User", "accounts": [account]})

    # -- account and words --------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        if not self.tokens.valid(bearer(call.headers.get("authorization", ""))):
            message = "The access token provided is expired, revoked or malformed."
            raise refused("AUTHORIZATION_INVALID_TOKEN", message, 401)

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        code = {403: "USER_LACKS_PERMISSIONS", 404: "RESOURCE_NOT_FOUND"}.get(status, "UNSPECIFIED_ERROR")
        return Reply(status, {"errorCode": code, "message": message or "An error occurred."})

    def not_found(self, call: Call) -> Reply:
        return Reply(404, {"errorCode": "RESOURCE_NOT_FOUND", "message": "The URL provided does not resolve."})

    def throttled(self) -> Reply:
        return self._limited("BURST_APIINVOCATION_LIMIT_EXCEEDED", "burst")

    def over_quota(self) -> Reply:
        return self._limited("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "hourly")

    def _limited(self, code: str, which: str) -> Reply:
        message = f"The maximum number of {which} API invocations has been exceeded."
        return Reply(self.setting("limit_status"), {"errorCode": code, "message": message})

    def crowded(self, call: Call) -> Reply | None:
        """Calls of the account: since the full hour, and in a burst."""
        if not call.path.startswith(BASE):
            return None
        self._hour[self._now() // 3600] += 1
        if self._hour[self._now() // 3600] > self.setting("calls_per_hour"):
            return self.over_quota()
        return self.throttled() if self._burst.another() > self.setting("burst_calls") else None

    def finish(self, call: Call, reply: Reply) -> None:
        """Every answer of the API says how much is left."""
        if call.path.startswith(BASE):
            most, hour = self.setting("calls_per_hour"), self._now() // 3600
            reply.headers |= {
                "X-RateLimit-Limit": str(most),
                "X-RateLimit-Remaining": str(max(0, most - self._hour[hour])),
                "X-RateLimit-Reset": str((hour + 1) * 3600),
                "X-BurstLimit-Limit": str(self.setting("burst_calls")),
            }

    def _now(self) -> int:
        return int(time.time())

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused("INVALID_REQUEST_BODY", str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused("INVALID_REQUEST_BODY", "The request body is missing or improperly formatted.") from None

    # -- envelopes ----------------------------------------------------------------------------------------------------

    def index(self, call: Call) -> Reply:
        """A page of a list; numbers are texts, and so is everything."""
        query = call.query
        where, params = self.envelopes.conditions(query)
        start, count = _number(query, "start_position", 0), min(_number(query, "count", LARGEST_PAGE), LARGEST_PAGE)
        order, way = query.get("order_by", "last_modified"), query.get("order", "desc")
        if order not in _ORDERS or way not in {"asc", "desc"}:
            raise refused("INVALID_REQUEST_PARAMETER", "order_by or order is not known.")
        found, total = self.envelopes.kept.page(
            " AND ".join(where), params, order=f"{_ORDERS[order]} {way}, id {way}", limit=count, offset=start
        )
        include = {_INCLUDED[name] for name in query.get("include", "").split(",") if name in _INCLUDED}
        rows, total = call.shape.page([self.envelopes.shown(row.body, include) for row in found], total)
        more = start + len(found) < total
        page = {
            "resultSetSize": str(len(rows)),
            "startPosition": str(start),
            "endPosition": str(max(start + len(rows) - 1, 0)),
            "totalSetSize": str(total),
            "nextUri": f"/envelopes?start_position={start + len(found)}" if more else "",
        }
        return Reply(200, page | ({"envelopes": rows} if rows else {}))

    def create(self, call: Call) -> Reply:
        made = self.envelopes.create(call, _body(call))
        told = {"envelopeId": made["id"], "uri": f"/envelopes/{made['id']}", "status": made["status"]}
        return Reply(201, {**told, "statusDateTime": made["statusChangedDateTime"]})

    def show(self, call: Call) -> Reply:
        """One envelope, not too often: who wants to know at once is to be told by Connect."""
        key = call.params["id"]
        body = self.envelopes.get(key)
        self._polls[self._now() // 3600, key] += 1
        if self._polls[self._now() // 3600, key] > self.setting("polls_of_an_envelope"):
            message = "The maximum number of hourly polls of an envelope has been exceeded."
            raise refused("Hourly_Envelope_Polling_Limit_Exceeded", message, self.setting("limit_status"))
        include = {_INCLUDED[name] for name in call.query.get("include", "").split(",") if name in _INCLUDED}
        return Reply(200, self.envelopes.shown(body, include))

    def update(self, call: Call) -> Reply:
        values = _body(call)
        if "status" in values:
            self.envelopes.move(call, call.params["id"], str(values["status"]), str(values.get("voidedReason") or ""))
        return Reply(200, {"envelopeId": self.envelopes.get(call.params["id"])["id"]})

    def fields(self, call: Call) -> Reply:
        return Reply(200, self.envelopes.get(call.params["id"])["customFields"])

    def recipients(self, call: Call) -> Reply:
        found = self.envelopes.get(call.params["id"])["recipients"]
        return Reply(200, {**found, "recipientCount": str(len(found["signers"])), "currentRoutingOrder": "1"})

    def write_fields(self, call: Call, *, fresh: bool) -> Reply:
        given = _body(call).get("textCustomFields") or []
        return Reply(201 if fresh else 200, self.envelopes.write_fields(call.params["id"], given, fresh=fresh))

    def retry(self, call: Call) -> Reply:
        """Messages that failed are sent once more."""
        wanted = [str(key) for key in _body(call).get("envelopeIds") or []]
        for key in wanted:
            self.envelopes.tell(call, self.envelopes.get(key), again=1)
        queued = [{"envelopeId": key, "status": "queued", "statusMessage": ""} for key in wanted]
        return Reply(200, {"retryQueue": queued})

    # -- control port -------------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Envelopes; or `envelope_moves`: what recipients and senders do in the browser."""
        if entity == "envelope_moves":
            return [
                str(self.envelopes.move(None, str(row["id"]), str(row["status"]), str(row.get("reason", "")))["id"])
                for row in rows
            ]
        if entity != "envelopes":
            raise ValueError("Docusign takes envelopes and envelope_moves")
        return [str(self.envelopes.create(None, row)["id"]) for row in rows]

    def ledger(self) -> Json:
        """Envelopes by status, and a stamp of the last change."""
        rows = self.store.query("SELECT status, count(*) FROM docusign_envelopes GROUP BY 1 ORDER BY 1")
        last: Any = self.store.query("SELECT max(changed_ms) FROM docusign_envelopes")[0][0]
        return {"vendor": self.name, "envelopes": dict(rows), "changed": stamp(last) if last else ""}


def _body(call: Call) -> Json:
    return mapping(call.json(), "the body")


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdigit():
        raise Refusal(Reply(400, {"errorCode": "INVALID_REQUEST_PARAMETER", "message": f"{name} is not a number."}))
    return int(text)
