"""SAP: a tenant with a customer, open periods, and an account for each charge code."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Write
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.manifest import (
    CREDIT_POST,
    CUSTOMER_UPSERT,
    INVOICE_POST,
    JOB_INACTIVATE,
    JOB_UPSERT,
    JOURNAL_POST,
)
from integration_hub.connectors.sap.naming import PARTNERS
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, journal_payload, priced

SETTINGS = {"product": "P001"}
SECRETS = {"user": accounts.SAP_USER, "password": accounts.SAP_PASSWORD}
LABOUR, ABSORBED = "51100000", "51900000"
_SHORT = {INVOICE_POST: "INV", CREDIT_POST: "CRN", JOURNAL_POST: "JNL", CUSTOMER_UPSERT: "N"}


def customer(code: str, name: str, *companies: str, currency: str = "USD") -> dict[str, Any]:
    """A business partner that is a customer of these company codes."""
    held = [{"CompanyCode": company, "PaymentTerms": "Net 30"} for company in companies or ("US01",)]
    area = {"SalesOrganization": "US01", "DistributionChannel": "10", "Division": "00", "Currency": currency}
    there = {"to_CustomerCompany": {"results": held}, "to_CustomerSalesArea": {"results": [area]}}
    kind = {"BusinessPartnerCategory": "2", "BusinessPartnerGrouping": "BP02"}
    return {"BusinessPartner": code, "OrganizationBPName1": name, **kind, "to_Customer": there}


class SapBench(Bench):
    vendor = "sap"
    feed = "customer_account"
    required = ("BusinessPartner",)
    value = ("invoice", "InvoiceClearingStatus")
    windowed = (JOURNAL_POST,)

    def settings(self) -> dict[str, Any]:
        # What was taken is sent again at once: the kit lets messages be lost, and asks for them again.
        return {**SETTINGS, "message_minutes": "0"}

    def credentials(self) -> dict[str, str]:
        return SECRETS

    def prepare(self, connection: Connection) -> None:
        codes, _ = ValueMap.objects.get_or_create(connection=connection.code, name="cost_account")
        for theirs, ours in ((LABOUR, "labour"), (ABSORBED, "labour_absorbed")):
            ValueRow.objects.create(value_map=codes, theirs=theirs, ours=ours)

    def make(self, names: list[str]) -> list[str]:
        known = len(self.landscape.records("sap", "A_BusinessPartner"))
        codes = [f"K-{n}" for n in range(known, known + len(names))]
        rows = [customer(code, name) for code, name in zip(codes, names, strict=True)]
        return self.landscape.load("sap", "A_BusinessPartner", rows)

    def rename(self, key: str, name: str) -> None:
        where = {"BusinessPartner": key}
        Client(self.connection).update(PARTNERS, "A_BusinessPartner", where, {"OrganizationBPName1": name}, "*")

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self.write(INVOICE_POST, number), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> str:
        return self.landscape.load("sap", "A_BusinessPartner", [customer("C-100", "Tidewater Yards")])[0]

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        assert self.customer
        reference = f"US01-{_SHORT.get(effect_type, 'JOB')}-{number}"
        if effect_type in {INVOICE_POST, CREDIT_POST}:
            payload = invoice_write(reference, memo=text, legal_entity_id="US01").payload
        elif effect_type == JOURNAL_POST:
            payload = journal_payload(reference, text, legal_entity_id="US01")
        elif effect_type == CUSTOMER_UPSERT:
            payload = {"customer_code": reference, "legal_entity_id": "US01", "name": text, "currency": "USD"}
        else:
            payload = self._job(reference, text)
        if effect_type == JOB_INACTIVATE:
            job = self.connector.send(self.connection, self.write(JOB_UPSERT, number, text))
            payload = {"reference": reference, "remote_id": job.remote_id}
        return Write(effect_type, f"key-{number}", reference, payload)

    @staticmethod
    def _job(reference: str, text: str) -> dict[str, Any]:
        days = {"starts_on": "2026-05-01", "ends_on": "2027-04-30"}
        return {"reference": reference, "name": text, "legal_entity_id": "US01", "currency": "USD", **days}

    def refused(self, effect_type: str) -> Write | None:
        """What is only taken is refused in a monitor, where people look."""
        if effect_type in {JOB_INACTIVATE, INVOICE_POST, CREDIT_POST}:
            return None
        write = self.write(effect_type)
        write.payload.update({"legal_entity_id": "XX99"} if effect_type == JOB_UPSERT else {"currency": "XAU"})
        return write

    def _found(self, write: Write) -> list[dict[str, Any]]:
        match write.effect_type:
            case "sap.invoice.post" | "sap.creditmemo.post":
                rows = self.landscape.records("sap", "A_BillingDocument")
                wanted = {"AssignmentReference": write.business_key}
            case "sap.journal.post":
                rows = self.landscape.records("sap", "A_JournalEntryItemBasic")
                wanted = {"OriginalReferenceDocument": write.business_key, "LedgerGLLineItem": "000001"}
            case "sap.customer.upsert":
                rows = self.landscape.records("sap", "A_BusinessPartner")
                wanted = {"BusinessPartner": write.business_key}
            case _:
                rows = self.landscape.records("sap", "A_EnterpriseProject")
                status = "40" if write.effect_type == JOB_INACTIVATE else "10"
                wanted = {"Project": write.business_key, "ProcessingStatus": status}
        return [row for row in rows if wanted.items() <= row.items()]

    def effects(self, write: Write) -> int:
        return len(self._found(write))

    def says(self, write: Write) -> str:
        return str(self._found(write))

    def close(self, write: Write) -> None:
        self._period(is_open=False)

    def reopen(self, write: Write) -> None:
        self._period(is_open=True)

    def _period(self, *, is_open: bool) -> None:
        self.landscape.load("sap", "periods", [{"company": "US01", "month": "2026-05", "open": is_open}])
