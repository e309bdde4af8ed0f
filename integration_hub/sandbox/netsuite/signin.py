"""OAuth 2.0 machine to machine: a signed assertion for an hour's token; no refresh, and RS256 is not accepted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .. import accounts, assertions
from ..messages import Call, Reply
from ..store import Store
from ..tokens import Tokens

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = frozenset({"PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
LONGEST = 3600


class SignIn:
    """The token endpoint."""

    def __init__(self, store: Store, tokens: Tokens, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._tokens = tokens
        self._setting = setting

    def token(self, call: Call) -> Reply:
        form = call.form()
        if form.get("grant_type") != "client_credentials":
            return _denied("unsupported_grant_type", "grant_type must be client_credentials")
        if form.get("client_assertion_type") != TYPE:
            return _denied("invalid_request", "client_assertion_type is missing or wrong")
        try:
            self._check(form.get("client_assertion", ""), f"{call.origin}{call.path}")
        except assertions.Untrusted as problem:
            return _denied("invalid_client", str(problem), 401)
        lifetime = self._setting("token_seconds")
        token = self._tokens.issue("eyJ0", lifetime)
        return Reply(200, {"access_token": token, "expires_in": str(lifetime), "token_type": "bearer"})

    def _check(self, assertion: str, audience: str) -> None:
        key_id = str(assertions.header(assertion).get("kid"))
        key = self._store.fact("certificates:netsuite", key_id)
        if key is None:
            raise assertions.Untrusted(f"no certificate {key_id} is mapped")
        claims = assertions.verified(assertion, str(key), ALGORITHMS)
        if claims.get("iss") != accounts.NETSUITE_CLIENT_ID:
            raise assertions.Untrusted("iss is not a known client id")
        audiences = claims.get("aud")
        if audience not in (audiences if isinstance(audiences, list) else [audiences]):
            raise assertions.Untrusted(f"aud must be {audience}")
        scope = claims.get("scope")
        scopes = scope if isinstance(scope, list) else str(scope).replace(",", " ").split()
        if accounts.NETSUITE_SCOPE not in scopes:
            raise assertions.Untrusted(f"scope must contain {accounts.NETSUITE_SCOPE}")
        issued = claims.get("iat")
        if not isinstance(issued, int | float) or not claims["exp"] - issued <= LONGEST or issued > time.time() + 300:
            raise assertions.Untrusted("iat is missing, or exp is more than an hour after it")


def _denied(error: str, description: str, status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": description})
