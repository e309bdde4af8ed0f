"""The ERP as the accounting team uses it: companies, customers, payments, credits, periods."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ... import accounts
from .http import Api, Json, VendorRefused

RECORDS = "/services/rest/record/v1"
TOKEN = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 — a path
SUITEQL = "/services/rest/query/v1/suiteql"
STRICT = {"X-NetSuite-PropertyNameValidation": "Error"}
PAGE = 1000


class NetSuite:
    """One account, signed in with a signed assertion (OAuth 2.0 client credentials)."""

    def __init__(self, url: str) -> None:
        self._api = Api(url, STRICT)
        self._token_url = f"{url}{TOKEN}"
        self._sign_in()

    def close(self) -> None:
        self._api.close()

    def _sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": _assertion(self._token_url),
        }
        self._api.http.headers.pop("authorization", None)
        answer = self._api.ask("POST", TOKEN, data=form)
        self._api.http.headers["authorization"] = f"Bearer {answer['access_token']}"

    def _ask(self, method: str, path: str, body: Any = None, **extra: Any) -> tuple[Any, Any]:
        try:
            return self._api.call(method, path, body=body, **extra)
        except VendorRefused as refusal:
            if refusal.status != 401:
                raise
        self._sign_in()
        return self._api.call(method, path, body=body, **extra)

    def get(self, record_type: str, key: str) -> Json | None:
        """A record by id or `eid:…`; None when there is none."""
        try:
            found: Json = self._ask("GET", f"{RECORDS}/{record_type}/{key}")[0]
        except VendorRefused as refusal:
            if refusal.status == 404:
                return None
            raise
        return found

    def create(self, record_type: str, values: Json) -> str:
        """A new record; its id, from the Location header."""
        _, headers = self._ask("POST", f"{RECORDS}/{record_type}", values)
        return str(headers["location"].rstrip("/").rsplit("/", 1)[-1])

    def update(self, record_type: str, key: str, values: Json) -> None:
        self._ask("PATCH", f"{RECORDS}/{record_type}/{key}", values)

    def put(self, record_type: str, external_id: str, values: Json) -> None:
        """Create or update by external id."""
        self._ask("PUT", f"{RECORDS}/{record_type}/eid:{external_id}", values)

    def suiteql(self, query: str) -> list[Json]:
        """All rows of a query; it must be ordered by a unique key."""
        rows: list[Json] = []
        while True:
            window = {"limit": PAGE, "offset": len(rows)}
            page, _ = self._ask("POST", SUITEQL, {"q": query}, query=window, headers={"Prefer": "transient"})
            rows += page["items"]
            if not page["hasMore"]:
                return rows


def _assertion(audience: str) -> str:
    """An ES256 JWT, signed with the key every landscape knows."""
    now = int(time.time())
    header = {"typ": "JWT", "alg": "ES256", "kid": accounts.NETSUITE_CERTIFICATE_ID}
    claims = {
        "iss": accounts.NETSUITE_CLIENT_ID,
        "scope": accounts.NETSUITE_SCOPE,
        "aud": audience,
        "iat": now,
        "exp": now + 300,
    }
    signed = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    key = serialization.load_pem_private_key(accounts.netsuite_private_key().encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the landscape's NetSuite key is not an elliptic curve key")
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_part(r.to_bytes(32) + s.to_bytes(32))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
