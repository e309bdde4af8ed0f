"""Dynamics: an environment with a customer, open periods, and a main account for each charge code."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.manifest import (
    CREDIT_POST,
    CUSTOMER_UPSERT,
    INVOICE_POST,
    JOB_INACTIVATE,
    JOB_UPSERT,
    JOURNAL_POST,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Write
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, journal_payload, priced

SETTINGS = {"tenant": accounts.DYNAMICS_TENANT_ID, "revenue_account": "401100", "tax_account": "202100"}
SECRETS = {"client_id": accounts.DYNAMICS_CLIENT_ID, "client_secret": accounts.DYNAMICS_CLIENT_SECRET}
LABOUR, ABSORBED = "510100", "618900"
_SHORT = {INVOICE_POST: "INV", CREDIT_POST: "CRN", JOURNAL_POST: "JNL", CUSTOMER_UPSERT: "N"}


def customer(code: str, name: str, **more: Any) -> dict[str, Any]:
    """A row of CustomersV3."""
    group = {"CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    return {"dataAreaId": "us01", "CustomerAccount": code, "OrganizationName": name, **group, **more}


class DynamicsBench(Bench):
    vendor = "dynamics"
    feed = "customer_account"
    required = ("CustomerAccount",)
    value = ("invoice", "DocumentStatus")
    windowed = (INVOICE_POST, CREDIT_POST, JOURNAL_POST)

    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "login_url": self.url}

    def credentials(self) -> dict[str, str]:
        return SECRETS

    def connect(self, code: str, url: str = "", credentials: dict[str, str] | None = None) -> Connection:
        made = super().connect(code, url, credentials)
        if url:  # the tenant gives no token for an environment it does not know
            made.settings["login_url"] = url
            made.save()
        return made

    def prepare(self, connection: Connection) -> None:
        codes, _ = ValueMap.objects.get_or_create(connection=connection.code, name="cost_account")
        for theirs, ours in ((LABOUR, "labour"), (ABSORBED, "labour_absorbed")):
            ValueRow.objects.create(value_map=codes, theirs=theirs, ours=ours)

    def is_question(self, path: str) -> bool:
        return path.endswith("/token")

    def make(self, names: list[str]) -> list[str]:
        known = len(self.landscape.records("dynamics", "CustomersV3"))
        codes = [f"K-{n}" for n in range(known, known + len(names))]
        self.landscape.load(
            "dynamics", "CustomersV3", [customer(code, name) for code, name in zip(codes, names, strict=True)]
        )
        return [f"us01|{code}" for code in codes]

    def rename(self, key: str, name: str) -> None:
        where = {"dataAreaId": "us01", "CustomerAccount": key.partition("|")[2]}
        Client(self.connection).update("CustomersV3", where, {"OrganizationName": name}, "")

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self.write(INVOICE_POST, number), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> str:
        return self.landscape.load("dynamics", "CustomersV3", [customer("C-100", "Tidewater Yards")])[0]

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        assert self.customer
        reference = f"US01-{_SHORT.get(effect_type, 'JOB')}-{number}"
        if effect_type in {INVOICE_POST, CREDIT_POST}:
            payload = invoice_write(reference, memo=text, legal_entity_id="US01").payload
        elif effect_type == JOURNAL_POST:
            payload = journal_payload(reference, text, legal_entity_id="US01")
        elif effect_type == CUSTOMER_UPSERT:
            payload = {"customer_code": reference, "legal_entity_id": "US01", "name": text, "currency": "USD"}
            payload["email"] = "ap@tidewater.example"
        else:
            payload = self._job(reference, text)
        if effect_type == JOB_INACTIVATE:
            job = self.connector.send(self.connection, self.write(JOB_UPSERT, number, text))
            payload = {"reference": reference, "remote_id": job.remote_id}
        return Write(effect_type, f"key-{number}", reference, payload)

    @staticmethod
    def _job(reference: str, text: str) -> dict[str, Any]:
        return {
            "reference": reference,
            "name": text,
            "customer_code": "C-100",
            "legal_entity_id": "US01",
            "currency": "USD",
            "starts_on": "2026-05-01",
            "ends_on": "2027-04-30",
            "version_note": "Contract version 1: signed",
        }

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        if effect_type == JOB_INACTIVATE:
            return None
        write.payload.update({"customer_code": "NOBODY"} if effect_type == JOB_UPSERT else {"currency": "XAU"})
        return write

    def _found(self, write: Write) -> list[dict[str, Any]]:
        match write.effect_type:
            case "dynamics.invoice.post" | "dynamics.creditmemo.post":
                rows = self.landscape.records("dynamics", "FreeTextInvoiceHeaders")
                wanted = {"CustomerReference": write.business_key, "IsPosted": "Yes"}
            case "dynamics.journal.post":
                rows = self.landscape.records("dynamics", "LedgerJournalHeaders")
                wanted = {"IntegrationKey": write.business_key, "IsPosted": "Yes"}
            case "dynamics.customer.upsert":
                rows = self.landscape.records("dynamics", "CustomersV3")
                wanted = {"CustomerAccount": write.business_key}
            case _:
                rows = self.landscape.records("dynamics", "ProjectsV2")
                stage = "Finished" if write.effect_type == JOB_INACTIVATE else "InProcess"
                wanted = {"ProjectID": write.business_key, "ProjectStage": stage}
        return [row for row in rows if wanted.items() <= row.items()]

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def says(self, write: Write) -> str:
        return str(self._found(write))

    def close(self, write: Write) -> None:
        self._period("OnHold")

    def reopen(self, write: Write) -> None:
        self._period("Open")

    def _period(self, status: str) -> None:
        rows = [{"company": code, "month": "2026-05", "status": status} for code in ("US01", "GB01", "DE01")]
        self.landscape.load("dynamics", "periods", rows)
