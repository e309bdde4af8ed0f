"""A target system that lives in the test: it keeps its own ledger and its own bad habits."""

from collections import deque
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Confirmed, Manifest, Sent, Write, WriteSpec
from integration_hub.kernel.failures import Failed, FailureClass

VENDOR = "testledger"
TYPES = {"K": "testledger.keyed", "U": "testledger.upsert", "P": "testledger.probed", "N": "testledger.blind"}


class Ledger:
    """A connector and its target in one. `vices` are taken one per send; None behaves."""

    manifest = Manifest(
        vendor=VENDOR,
        title="Test ledger",
        role="erp",
        feeds=(),
        writes=tuple(WriteSpec(name, name, safety) for safety, name in TYPES.items()),
        settings=(),
    )

    def __init__(self) -> None:
        self.booked: list[dict[str, Any]] = []
        self.vices: deque[Any] = deque()
        self.find_failures: deque[Failed] = deque()
        self.sends = 0
        self.finds = 0

    def check(self, connection: Connection) -> str:
        return "works"

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]):
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        self.sends += 1
        vice = self.vices.popleft() if self.vices else None
        if isinstance(vice, Failed):
            raise vice
        if vice == "lie":
            return Sent(remote_id="L-0", status=200, body={"ok": True})
        number = self._book(write)
        if vice == "commit_then_timeout":
            raise Failed(FailureClass.UNKNOWN_OUTCOME, "no answer within 30 s")
        if vice == "commit_then_break":
            raise RuntimeError("the answer could not be read")
        return Sent(remote_id=number, status=201, body={"id": number})

    def _book(self, write: Write) -> str:
        """Book once per reference where the class says so; a class P or N target books again and again."""
        if write.effect_type in (TYPES["K"], TYPES["U"]):
            for row in self.booked:
                if row["reference"] == write.business_key:
                    return str(row["id"])
        number = f"L-{len(self.booked) + 1}"
        self.booked.append({"id": number, "reference": write.business_key, **write.payload})
        return number

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        self.finds += 1
        if self.find_failures:
            raise self.find_failures.popleft()
        for row in self.booked:
            if row["reference"] == write.business_key:
                return Confirmed(remote_id=row["id"], number=f"INV-{row['id']}", facts=dict(row))
        return None

    def entries(self, reference: str) -> int:
        """How often a reference stands in the target's own ledger: the only witness that counts."""
        return sum(row["reference"] == reference for row in self.booked)


def install(monkeypatch, ledger: Ledger) -> Ledger:
    """Register the ledger for one test."""
    monkeypatch.setattr(CONNECTORS, "_entries", {**CONNECTORS._entries, VENDOR: ledger})
    return ledger


def connect(code: str = "erp") -> Connection:
    """A connection to it."""
    return Connection.objects.get_or_create(code=code, defaults={"vendor": VENDOR, "name": "Test ERP"})[0]
