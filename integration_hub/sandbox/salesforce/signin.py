"""Salesforce's token endpoint: client credentials and the JWT bearer flow."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from .. import accounts, assertions
from ..messages import Call, Reply
from ..store import Store
from ..tokens import Tokens

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _denied(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})


class SignIn:
    """Issues sessions. There is no `expires_in`: a session ends when the org's policy says so, with a 401."""

    def __init__(self, store: Store, tokens: Tokens, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._tokens = tokens
        self._setting = setting

    def token(self, call: Call) -> Reply:
        form = call.form()
        match form.get("grant_type"):
            case "client_credentials":
                return self._client_credentials(call, form)
            case grant if grant == JWT_BEARER:
                return self._jwt_bearer(call, form)
            case _:
                return _denied("unsupported_grant_type", "grant type not supported")

    def _client_credentials(self, call: Call, form: dict[str, str]) -> Reply:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return _denied("invalid_client", "invalid client credentials")
        if client != accounts.SALESFORCE_CONSUMER_KEY:
            return _denied("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret, accounts.SALESFORCE_CONSUMER_SECRET):
            return _denied("invalid_client", "invalid client credentials")
        return self._session(call)

    def _jwt_bearer(self, call: Call, form: dict[str, str]) -> Reply:
        try:
            assertion = form.get("assertion", "")
            assertions.header(assertion)
            key = self._store.fact("certificates:salesforce", accounts.SALESFORCE_CONSUMER_KEY)
            claims = assertions.verified(assertion, str(key), frozenset({"RS256"}))
        except assertions.Untrusted as problem:
            return _denied("invalid_grant", f"invalid assertion: {problem}")
        if claims.get("iss") != accounts.SALESFORCE_CONSUMER_KEY:
            return _denied("invalid_client_id", "client identifier invalid")
        if claims.get("sub") != accounts.SALESFORCE_USERNAME:
            return _denied("invalid_grant", "user hasn't approved this consumer")
        if claims.get("aud") not in {*accounts.SALESFORCE_AUDIENCES, call.origin}:
            return _denied("invalid_grant", "audience is invalid")
        return self._session(call)

    def _session(self, call: Call) -> Reply:
        prefix = f"{accounts.SALESFORCE_ORGANIZATION_ID[:15]}!"
        token = self._tokens.issue(prefix, self._setting("session_minutes") * 60)
        identity = f"{call.origin}/id/{accounts.SALESFORCE_ORGANIZATION_ID}/0055e000000LndsAAC"
        issued = str(int(time.time() * 1000))
        signature = hashlib.sha256(f"{identity}{issued}".encode()).digest()
        return Reply(
            200,
            {
                "access_token": token,
                "signature": base64.b64encode(signature).decode(),
                "scope": "api",
                "instance_url": call.origin,
                "id": identity,
                "token_type": "Bearer",
                "issued_at": issued,
            },
        )
