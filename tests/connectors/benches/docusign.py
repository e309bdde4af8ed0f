"""Docusign: an account whose envelopes name contracts."""

import json
from datetime import UTC, datetime
from typing import Any

from integration_hub.connectors.docusign.client import Client
from integration_hub.connectors.docusign.manifest import FIELD
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from integration_hub.sandbox.docusign import signing
from tests.connectors.benches.bench import Bench
from tests.connectors.clm import envelope_of


class DocusignBench(Bench):
    vendor = "docusign"
    feed = "signature"
    name_field = "contract_number"
    required = ("customFields",)
    value = ("signature", "status")
    stale = 16 * 86_400

    def __init__(self, landscape: Any) -> None:
        super().__init__(landscape)
        self._generated: dict[str, int] = {}

    def settings(self) -> dict[str, Any]:
        return {"user_id": accounts.DOCUSIGN_USER_ID}

    def credentials(self) -> dict[str, str]:
        return {"integration_key": accounts.DOCUSIGN_INTEGRATION_KEY, "private_key": accounts.rsa_private_key()}

    def is_question(self, path: str) -> bool:
        return path == "/oauth/token"

    def make(self, names: list[str]) -> list[str]:
        return self.landscape.load("docusign", "envelopes", [envelope_of(name) for name in names])

    def rename(self, key: str, name: str) -> None:
        """Somebody corrects the field, and the envelope goes on."""
        client = Client(self.connection)
        (field,) = client.fields(key) or []
        client.write_field(key, field.model_copy(update={"value": name}))
        self.landscape.load("docusign", "envelope_moves", [{"id": key, "status": "delivered"}])

    def make_value(self) -> str:
        return self.make(["C-1"])[0]

    def hook(self, secret: str, moment: int, key: str) -> tuple[bytes, dict[str, str]]:
        """Tried again within a minute, a message is the one that was generated first."""
        first = self._generated.setdefault(key, moment)
        at = datetime.fromtimestamp(first if abs(moment - first) < 60 else moment, UTC)
        data = {"envelopeId": key, "envelopeSummary": {"status": "completed"}}
        body = json.dumps({"event": "envelope-completed", "generatedDateTime": at.isoformat(), "data": data})
        return body.encode(), signing.headers(secret, body)

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        (envelope,) = self.make([f"C-{number}"])
        reference = f"C-{number} {text}"
        return Write(effect_type, f"key-{number}", f"C-{number}", {"remote_id": envelope, "reference": reference})

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        write.payload["remote_id"] = "00000000-0000-0000-0000-000000000000"
        return write

    def _references(self, write: Write) -> list[str]:
        rows = self.landscape.records("docusign", "envelopes")
        fields = [row["customFields"]["textCustomFields"] for row in rows if row["id"] == write.payload["remote_id"]]
        return [field["value"] for listed in fields for field in listed if field["name"] == FIELD]

    def effects(self, write: Write) -> int:
        return self._references(write).count(write.payload["reference"])

    def says(self, write: Write) -> str:
        return str(self._references(write))
