"""AvaTax: documents of one company."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors.avatax.client import Client
from integration_hub.connectors.avatax.connector import quote
from integration_hub.connectors.avatax.manifest import CREDIT_COMMIT, INVOICE_COMMIT, INVOICE_VOID
from integration_hub.connectors.registry import Write
from integration_hub.connectors.transport import Ask
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench


class AvaTaxBench(Bench):
    vendor = "avatax"
    windowed = (INVOICE_VOID,)

    def settings(self) -> dict[str, Any]:
        return {"companies": {"US01": "US"}}

    def credentials(self) -> dict[str, str]:
        return {"account_id": accounts.AVATAX_ACCOUNT_ID, "license_key": accounts.AVATAX_LICENSE_KEY}

    def ask(self) -> None:
        request = {"document_code": "NEVER", "company_code": "US01", "lines": []}
        self.connector.find(self.connection, Write(INVOICE_COMMIT, "key", "NEVER", request))

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        line: dict[str, Any] = {"number": "1", "amount": "1000.37", "description": text, "tax_code": ""}
        payload: dict[str, Any] = {
            "document_code": f"US01-CAND-000{number}",
            "company_code": "US01",
            "customer_code": "C-100",
            "date": "2026-05-31",
            "currency": "USD",
            "lines": [line],
            "ship_to": {
                "country": "US", "region": "WA", "city": "Seattle", "postal_code": "98101", "line1": "1 Pier Road",
            },
            "invoice_number": f"INV-{number} {text}"[:50],
        }  # fmt: skip
        if effect_type == CREDIT_COMMIT:
            line |= {"amount": "-1000.37", "tax": "-77.03", "tax_date": "2026-05-31", "credits": "INV-1"}
            payload["tax"] = "-77.03"
        else:
            payload["tax"] = str(quote(self.connection, payload)["tax"])
        if effect_type == INVOICE_VOID:
            self.connector.send(self.connection, self.write(INVOICE_COMMIT, number, text))
        return Write(effect_type, f"key-{number}", payload["document_code"], payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        if effect_type == INVOICE_VOID:
            return None
        write.payload["date"] = "not a day"
        return write

    def _found(self, write: Write) -> list[dict[str, Any]]:
        wanted = {"type": "ReturnInvoice" if write.effect_type == CREDIT_COMMIT else "SalesInvoice"}
        wanted |= {"status": "Cancelled" if write.effect_type == INVOICE_VOID else "Committed"}
        wanted |= {"code": write.payload["document_code"]}
        return [row for row in self.books()["documents"] if wanted.items() <= row.items()]

    def effects(self, write: Write) -> int:
        return sum(row["version"] for row in self._found(write))

    def says(self, write: Write) -> str:
        return str(self.landscape.records("avatax", "transaction"))

    def amounts(self, write: Write) -> list[Decimal]:
        if write.effect_type == INVOICE_VOID:
            return []
        return [Decimal(write.payload["lines"][0]["amount"]), Decimal(write.payload["tax"])]

    def close(self, write: Write) -> None:
        self._lock(write, True)

    def reopen(self, write: Write) -> None:
        self._lock(write, False)

    def _lock(self, write: Write, locked: bool) -> None:
        path = f"/api/v2/companies/US/transactions/{write.payload['document_code']}/lock"
        Client(self.connection).session.ask(Ask("POST", path, write=True, json={"isLocked": locked}))
