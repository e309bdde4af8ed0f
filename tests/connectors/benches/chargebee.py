"""Chargebee: a test site with a customer."""

import json
from functools import cached_property
from typing import Any
from uuid import uuid4

from integration_hub.connectors.chargebee.client import Client
from integration_hub.connectors.chargebee.connector import NOBODY
from integration_hub.connectors.chargebee.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST
from integration_hub.connectors.registry import Write
from integration_hub.sandbox import accounts
from integration_hub.sandbox.chargebee import Chargebee
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, priced

_KINDS = {CUSTOMER_UPSERT: "customers", INVOICE_POST: "invoices", CREDIT_POST: "credit_notes"}


class ChargebeeBench(Bench):
    vendor = "chargebee"
    feed = "customer_account"
    required = ("id",)
    value = ("invoice", "status")
    stale = 3 * 86_400 + 60

    def settings(self) -> dict[str, Any]:
        return {"site": accounts.CHARGEBEE_SITE, "legal_entity": "US01", "currency": "USD", "country": "US"}

    def credentials(self) -> dict[str, str]:
        return {"api_key": accounts.CHARGEBEE_KEY}

    def is_question(self, path: str) -> bool:
        return NOBODY in path

    def make(self, names: list[str]) -> list[str]:
        known = len(self.landscape.records("chargebee", "customers"))
        rows = [{"id": f"K-{n}", "company": name} for n, name in enumerate(names, known)]
        return self.landscape.load("chargebee", "customers", rows)

    def rename(self, key: str, name: str) -> None:
        Client(self.connection).post(f"customers/{key}", "customer", {"company": name}, key=uuid4().hex)

    def remove(self, key: str) -> None:
        Client(self.connection).post(f"customers/{key}/delete", "customer", {}, key=uuid4().hex)

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def keeps(self, secret: str) -> str:
        return f"throughline:{secret}"

    def hook(self, secret: str, moment: int, key: str) -> tuple[bytes, dict[str, str]]:
        event = {"id": f"ev_{key}", "occurred_at": moment, "object": "event", "event_type": "customer_changed"}
        body = json.dumps({**event, "content": {"customer": {"id": "K-1", "company": "Somebody else"}}})
        return body.encode(), Chargebee.signed(self.keeps(secret), key, moment, body)

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self._invoice(f"US01-PRICED-{number}", "May 2026"), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> str:
        return self.landscape.load("chargebee", "customers", [{"id": "C-100", "company": "Tidewater"}])[0]

    @cached_property
    def invoice(self) -> str:
        """An invoice that credit notes take back."""
        return self.connector.send(self.connection, self._invoice("US01-CREDITED", "May 2026")).remote_id

    def _invoice(self, reference: str, text: str, **more: Any) -> Write:
        assert self.customer
        payload = invoice_write(reference, memo=text, legal_entity_id=accounts.CHARGEBEE_SITE, **more).payload
        payload["lines"][1]["description"] = text
        return Write(INVOICE_POST, f"key-{reference}", reference, payload)

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        reference = f"US01-{effect_type}-{number}"
        if effect_type == CUSTOMER_UPSERT:
            values = {"customer_code": f"N-{number}", "name": text, "email": "ap@tidewater.example"}
            return Write(effect_type, f"key-{number}", values["customer_code"], values)
        if effect_type == INVOICE_POST:
            return self._invoice(reference, text)
        made = self._invoice(reference, text, apply=[{"invoice_id": self.invoice, "amount": "1806.36"}])
        return Write(CREDIT_POST, f"key-{number}", reference, made.payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        write.payload.update({"email": "nobody"} if effect_type == CUSTOMER_UPSERT else {"currency": "XAU"})
        return write

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def _found(self, write: Write) -> list[dict[str, Any]]:
        rows = self.landscape.records("chargebee", _KINDS[write.effect_type])
        company = write.payload.get("name")
        return [row for row in rows if row["id"] == write.business_key and row.get("company") == company]

    def says(self, write: Write) -> str:
        return str(self._found(write))
