"""One landscape process for all tests of a worker; every test starts from the seeded state."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from integration_hub.sandbox import Landscape, accounts

SSL = httpx.create_ssl_context()
"""Made once: loading the trust store for every client would take longer than all calls together."""


@pytest.fixture(scope="session")
def certificate_authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A directory with cert.pem and key.pem for loopback, and the file that makes clients trust it."""
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
    issued.private_key_pem.write_to_path(str(directory / "key.pem"))
    trust = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(trust))
    return directory, trust


@pytest.fixture(scope="session")
def running(certificate_authority: tuple[Path, Path]) -> Iterator[Landscape]:
    with Landscape(tls_dir=certificate_authority[0]) as landscape:
        yield landscape


@pytest.fixture
def land(running: Landscape) -> Landscape:
    """The running landscape, back at its seeded state."""
    running.reset()
    return running


# -- clients ------------------------------------------------------------------------------------------------------


def salesforce_token(landscape: Landscape) -> str:
    answer = httpx.post(
        f"{landscape.salesforce}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": accounts.SALESFORCE_CONSUMER_KEY,
            "client_secret": accounts.SALESFORCE_CONSUMER_SECRET,
        },
        verify=SSL,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def netsuite_assertion(url: str, **changes: Any) -> str:
    """A client assertion as the hub signs it; `header` and claims can be bent."""
    now = int(time.time())
    header = {"typ": "JWT", "alg": "ES256", "kid": accounts.NETSUITE_CERTIFICATE_ID}
    header |= changes.pop("header", {})
    claims = {
        "iss": accounts.NETSUITE_CLIENT_ID,
        "scope": ["rest_webservices"],
        "aud": url,
        "iat": now,
        "exp": now + 300,
    } | changes
    if header["alg"].startswith("ES"):
        key: ECKey | RSAKey = ECKey.import_key(accounts.netsuite_private_key())
    else:
        key = RSAKey.import_key(accounts.rsa_private_key())
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def netsuite_token(landscape: Landscape) -> str:
    url = f"{landscape.netsuite}/services/rest/auth/oauth2/v1/token"
    answer = netsuite_sign_in(url, netsuite_assertion(url))
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def netsuite_sign_in(url: str, assertion: str) -> httpx.Response:
    return httpx.post(
        url,
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
        verify=SSL,
    )


def client(base: str, authorization: str, **extra: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers={"Authorization": authorization, **extra}, timeout=15, verify=SSL)


@pytest.fixture
def salesforce(land: Landscape) -> Iterator[httpx.Client]:
    with client(f"{land.salesforce}/services/data/v62.0", f"Bearer {salesforce_token(land)}") as http:
        yield http


@pytest.fixture
def kantata(land: Landscape) -> Iterator[httpx.Client]:
    land.post("/tokens", {"vendor": "kantata", "action": "restore"})
    with client(f"{land.kantata}/api/v1", f"Bearer {accounts.KANTATA_TOKEN}") as http:
        yield http


@pytest.fixture
def netsuite(land: Landscape) -> Iterator[httpx.Client]:
    strict = {"X-NetSuite-PropertyNameValidation": "Error", "Prefer": "transient"}
    with client(f"{land.netsuite}/services/rest", f"Bearer {netsuite_token(land)}", **strict) as http:
        yield http


def dynamics_token(landscape: Landscape) -> str:
    form = {"grant_type": "client_credentials", "client_id": accounts.DYNAMICS_CLIENT_ID}
    form |= {"client_secret": accounts.DYNAMICS_CLIENT_SECRET, "scope": f"{landscape.dynamics}/.default"}
    answer = httpx.post(f"{landscape.dynamics}/{accounts.DYNAMICS_TENANT_ID}/oauth2/v2.0/token", data=form, verify=SSL)
    return str(answer.json()["access_token"])


@pytest.fixture
def dynamics(land: Landscape) -> Iterator[httpx.Client]:
    with client(f"{land.dynamics}/data", f"Bearer {dynamics_token(land)}") as http:
        yield http


@pytest.fixture
def avatax(land: Landscape) -> Iterator[httpx.Client]:
    land.post("/tokens", {"vendor": "avatax", "action": "restore"})
    pair = f"{accounts.AVATAX_ACCOUNT_ID}:{accounts.AVATAX_LICENSE_KEY}"
    with client(f"{land.avatax}/api/v2", f"Basic {base64.b64encode(pair.encode()).decode()}") as http:
        yield http


# -- records ------------------------------------------------------------------------------------------------------


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def netsuite_customer(http: httpx.Client, key: str = "", **values: object) -> str:
    """A customer of the US subsidiary; its id."""
    body = {"companyName": unique("Customer"), "subsidiary": {"id": "1"}, "currency": {"id": "1"}} | values
    answer = http.put(f"/record/v1/customer/eid:{key or unique('C')}", json=body)
    assert answer.status_code == 204, answer.text
    return answer.headers["location"].rpartition("/")[2]


def netsuite_invoice(http: httpx.Client, customer: str, key: str, amount: float = 1000.0, **values: object) -> str:
    """A posted invoice of one line; its id."""
    line = {"item": {"id": "1"}, "quantity": 1, "rate": amount, "description": "Services", "custcol_hub_line": "L1"}
    body = {"entity": {"id": customer}, "tranDate": "2026-05-15", "item": {"items": [line]}} | values
    answer = http.put(f"/record/v1/invoice/eid:{key}", json=body)
    assert answer.status_code == 204, answer.text
    return answer.headers["location"].rpartition("/")[2]
