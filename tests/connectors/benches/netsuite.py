"""NetSuite: an account with a customer, open periods, and an account for each charge code."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.client import Client
from integration_hub.connectors.netsuite.manifest import (
    CREDIT_POST,
    INVOICE_POST,
    JOB_INACTIVATE,
    JOB_UPSERT,
    JOURNAL_POST,
)
from integration_hub.connectors.registry import Write
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, journal_payload, priced

_RECORDS = {INVOICE_POST: "invoice", CREDIT_POST: "creditMemo", JOURNAL_POST: "journalEntry"}


class NetSuiteBench(Bench):
    vendor = "netsuite"
    feed = "customer_account"
    required = ("externalid", "entityid")
    value = ("invoice", "status")
    windowed = (INVOICE_POST, CREDIT_POST, JOURNAL_POST)

    def settings(self) -> dict[str, Any]:
        return {"certificate_id": accounts.NETSUITE_CERTIFICATE_ID, "algorithm": "ES256"}

    def credentials(self) -> dict[str, str]:
        return {"client_id": accounts.NETSUITE_CLIENT_ID, "private_key": accounts.netsuite_private_key()}

    def prepare(self, connection: Connection) -> None:
        codes, _ = ValueMap.objects.get_or_create(connection=connection.code, name="cost_account")
        for theirs, ours in (("9", "labour"), ("11", "labour_absorbed")):
            ValueRow.objects.create(value_map=codes, theirs=theirs, ours=ours)

    def is_question(self, path: str) -> bool:
        return "/query/" in path or path.endswith("/token")

    def make(self, names: list[str]) -> list[str]:
        rows = [
            {"companyName": name, "externalId": f"K-{n}", "subsidiary": {"id": "1"}, "currency": {"id": "1"}}
            for n, name in enumerate(names, len(self.landscape.records("netsuite", "customer")))
        ]
        return self.landscape.load("netsuite", "customer", rows)

    def rename(self, key: str, name: str) -> None:
        Client(self.connection).patch("customer", key, {"companyName": name})

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self.write(INVOICE_POST, number), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> str:
        row = {"companyName": "Tidewater Yards", "externalId": "C-100", "subsidiary": {"id": "1"}, "terms": {"id": "1"}}
        return self.landscape.load("netsuite", "customer", [row])[0]

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        assert self.customer
        reference = f"US01-{_RECORDS.get(effect_type, 'JOB')}-{number}"
        if effect_type in {INVOICE_POST, CREDIT_POST}:
            made = invoice_write(reference, memo=text)
            return Write(effect_type, f"key-{number}", reference, made.payload)
        if effect_type == JOURNAL_POST:
            return Write(effect_type, f"key-{number}", reference, journal_payload(reference, text))
        payload = {
            "reference": reference,
            "name": text,
            "customer_code": "C-100",
            "legal_entity_id": "1",
            "currency": "USD",
            "starts_on": "2026-05-01",
            "ends_on": "2027-04-30",
            "version_note": f"Contract version {number}: signed",
        }
        if effect_type == JOB_INACTIVATE:
            job = self.connector.send(self.connection, self.write(JOB_UPSERT, number, text))
            payload = {"reference": reference, "remote_id": job.remote_id}
        return Write(effect_type, f"key-{number}", reference, payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        if effect_type == JOB_INACTIVATE:
            return None
        write.payload["currency"] = "XAU"
        return write

    def _found(self, write: Write) -> list[dict[str, Any]]:
        kind = _RECORDS.get(write.effect_type, "job")
        rows = [row for row in self.landscape.records("netsuite", kind) if row.get("externalId") == write.business_key]
        if kind == "job":
            rows = [row for row in rows if bool(row.get("isInactive")) == (write.effect_type == JOB_INACTIVATE)]
        return rows

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def says(self, write: Write) -> str:
        return str(self._found(write))

    def close(self, write: Write) -> None:
        self.landscape.period("May 2026", ar_locked=True, closed=True)

    def reopen(self, write: Write) -> None:
        self.landscape.period("May 2026", ar_locked=False, closed=False)
