"""Stripe: an account with a customer, in its test data."""

import json
from functools import cached_property
from typing import Any
from uuid import uuid4

from integration_hub.connectors.registry import Write
from integration_hub.connectors.stripe.client import Client
from integration_hub.connectors.stripe.customers import CODE
from integration_hub.connectors.stripe.documents import REFERENCE
from integration_hub.connectors.stripe.manifest import CREDIT_POST, CUSTOMER_UPSERT, INVOICE_POST
from integration_hub.connectors.stripe.rights import NOBODY
from integration_hub.sandbox import accounts
from integration_hub.sandbox.stripe import signing
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, priced

FINAL = {"open", "paid"}


class StripeBench(Bench):
    vendor = "stripe"
    feed = "customer_account"
    required = ("id",)
    value = ("invoice", "status")

    def settings(self) -> dict[str, Any]:
        return {"account": accounts.STRIPE_ACCOUNT_ID, "legal_entity": "US01"}

    def credentials(self) -> dict[str, str]:
        return {"api_key": accounts.STRIPE_KEY}

    def is_question(self, path: str) -> bool:
        return NOBODY in path

    def make(self, names: list[str]) -> list[str]:
        known = len(self.landscape.records("stripe", "customers"))
        rows = [{"name": name, "metadata": {CODE: f"K-{n}"}} for n, name in enumerate(names, known)]
        return self.landscape.load("stripe", "customers", rows)

    def rename(self, key: str, name: str) -> None:
        Client(self.connection).post(f"customers/{key}", {"name": name}, key=uuid4().hex)

    def remove(self, key: str) -> None:
        Client(self.connection).delete(f"customers/{key}")

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def hook(self, secret: str, moment: int, key: str) -> tuple[bytes, dict[str, str]]:
        customer = {"id": "cus_1", "object": "customer", "created": moment, "name": "Somebody else"}
        event = {"id": f"evt_{key}", "object": "event", "type": "customer.updated", "data": {"object": customer}}
        body = json.dumps(event)
        return body.encode(), signing.headers(secret, moment, body)

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self.write(INVOICE_POST, number), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> str:
        return self.landscape.load("stripe", "customers", [{"name": "Tidewater", "metadata": {CODE: "C-100"}}])[0]

    @cached_property
    def invoice(self) -> str:
        """A finalised invoice that credit notes take back."""
        return self.connector.send(self.connection, self._invoice("US01-CREDITED", "May 2026")).remote_id

    def _invoice(self, reference: str, text: str, **more: Any) -> Write:
        assert self.customer
        payload = invoice_write(reference, memo=text, legal_entity_id=accounts.STRIPE_ACCOUNT_ID, **more).payload
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
        if write.effect_type == CUSTOMER_UPSERT:
            wanted = {"name": write.payload["name"], "metadata": {CODE: write.business_key}}
            return [row for row in self.landscape.records("stripe", "customers") if wanted.items() <= row.items()]
        kind, states = ("invoices", FINAL) if write.effect_type == INVOICE_POST else ("credit_notes", {"issued"})
        rows = self.landscape.records("stripe", kind)
        return [row for row in rows if row["metadata"].get(REFERENCE) == write.business_key and row["status"] in states]

    def says(self, write: Write) -> str:
        return str(self._found(write))
