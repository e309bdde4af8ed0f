"""Ironclad: a company with one counterparty whose contracts are in its repository."""

import json
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integration_hub.connectors.ironclad.client import Client
from integration_hub.sandbox import accounts
from integration_hub.sandbox.ironclad import signing
from tests.connectors.benches.bench import Bench
from tests.connectors.clm import contract_of, money


class IroncladBench(Bench):
    vendor = "ironclad"
    feed = "contract"
    required = ("properties",)
    value = ("contract", "enhancedStatus")
    priced = ("contract", "po_amount")
    stale = 15 * 3600

    def settings(self) -> dict[str, Any]:
        return {
            "as_user": accounts.IRONCLAD_USER_EMAIL,
            "contract_types": "masterServicesAgreement,statementOfWork",
            "amendment_types": "amendment",
        }

    def credentials(self) -> dict[str, str]:
        return {"client_id": accounts.IRONCLAD_CLIENT_ID, "client_secret": accounts.IRONCLAD_CLIENT_SECRET}

    def is_question(self, path: str) -> bool:
        return path == "/oauth/token"

    @cached_property
    def counterparty(self) -> str:
        row = {"name": "Tidewater", "properties": {"entity_externalID": {"type": "string", "value": "C-100"}}}
        return self.landscape.load("ironclad", "entities", [row])[0]

    def make(self, names: list[str]) -> list[str]:
        known = len(self.landscape.records("ironclad", "records"))
        rows = [contract_of(f"C-{n}", self.counterparty, name=name) for n, name in enumerate(names, known)]
        return self.landscape.load("ironclad", "records", rows)

    def rename(self, key: str, name: str) -> None:
        client = Client(self.connection)
        token = client.session.auth.headers(client.session)
        httpx.patch(
            f"{self.url}/public/api/v1/records/{key}",
            json={"name": name},
            headers={**token, "x-as-user-email": accounts.IRONCLAD_USER_EMAIL},
            trust_env=False,
        ).raise_for_status()

    def make_value(self) -> str:
        return self.make(["Yard systems"])[0]

    def price(self, number: int, currency: str, amount: str) -> str:
        row = contract_of(f"C-{number}", self.counterparty, currency=currency)
        row["properties"]["poAmount"] = money(currency, float(amount))
        return self.landscape.load("ironclad", "records", [row])[0]

    def keeps(self, secret: str) -> str:
        public = _key(secret).public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def hook(self, secret: str, moment: int, key: str) -> tuple[bytes, dict[str, str]]:
        at = datetime.fromtimestamp(moment, UTC).isoformat()
        body = json.dumps({"payload": {"event": "workflow_completed", "workflowID": "1"}, "timestamp": at})
        private = _key(secret).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return body.encode(), signing.headers(private.decode(), key, body)


@cache
def _key(secret: str) -> rsa.RSAPrivateKey:
    """A key pair for each secret of the kit."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
