"""The systems around us, living in the test: they keep what they are given and can be told to refuse.

Each fake has the manifest of the real connector, so only declared writes can be planned against it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from contracts.models import LegalEntity, Route
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import (
    CONNECTORS,
    TAX_ENGINES,
    Confirmed,
    Figures,
    Manifest,
    Page,
    Sent,
    Write,
    WriteSpec,
)
from integration_hub.effects.models import Effect
from integration_hub.intake.models import SourceVersion
from integration_hub.intake.registry import RECEIVERS, Arrival, Receipt
from integration_hub.kernel.failures import Failed, FailureClass
from tests import factories

NUMBERED = {"invoice.post": "INV", "creditmemo.post": "CM"}
ROLES = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite", "tax": "avatax"}


class Fake:
    """One system. `refuse[effect type]` is the reason it says no; `facts[effect type]` is what it shows differently.

    `lose[effect type]` loses one message: its "answer" after it was kept, or the "request" before. `shows[number]` is
    what it shows of one document otherwise, None that it does not show it.
    """

    company = "1"
    """Its id of the legal entity US01."""

    def __init__(self, vendor: str, manifest: Manifest | None = None) -> None:
        self.vendor = vendor
        self.manifest = manifest or CONNECTORS.get(vendor).manifest
        self.sent: list[Write] = []
        self.kept: dict[tuple[str, str], Write] = {}
        self.refuse: dict[str, str] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self.lose: dict[str, str] = {}
        self.shows: dict[str, dict[str, Any] | None] = {}

    def check(self, connection: Connection) -> str:
        return "works"

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        self.sent.append(write)
        kind = write.effect_type.partition(".")[2]
        if kind in self.refuse:
            raise Failed(FailureClass.REJECTED, self.refuse[kind])
        lost = self.lose.pop(kind, "")
        if lost != "request":
            self.kept[write.effect_type, write.business_key] = write
        if lost:
            raise Failed(FailureClass.UNKNOWN_OUTCOME, "no answer within 30 s")
        return Sent(remote_id=self.id_of(write), status=200)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        other = self.shows.get(write.business_key, {})
        if (write.effect_type, write.business_key) not in self.kept or other is None:
            return None
        kind = write.effect_type.partition(".")[2]
        facts = {"net": write.payload.get("net"), "tax": write.payload.get("tax_total", write.payload.get("tax"))}
        facts |= {"gross": write.payload.get("gross"), "currency": write.payload.get("currency")}
        number = self.number_of(kind, write.business_key) if kind in NUMBERED else ""
        return Confirmed(self.id_of(write), number, {**facts, **self.facts.get(kind, {}), **other})

    def number_of(self, kind: str, business_key: str) -> str:
        """The number it gives to what it posts."""
        return f"{NUMBERED[kind]}-{business_key}"

    def id_of(self, write: Write) -> str:
        """The id of what a write makes."""
        return f"{self.vendor[:2].upper()}-{write.business_key}"

    def writes(self, kind: str) -> list[Write]:
        """What was asked of it, in order: `project.create`, `invoice.post` …"""
        return [write for write in self.sent if write.effect_type == f"{self.vendor}.{kind}"]


class Through(Fake):
    """A real connector in a role: what is sent is remembered, and goes where it goes."""

    def __init__(self, vendor: str) -> None:
        super().__init__(vendor)
        self.connector = CONNECTORS.get(vendor)

    def check(self, connection: Connection) -> str:
        return self.connector.check(connection)

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        return self.connector.read(connection, entity, cursor)

    def send(self, connection: Connection, write: Write) -> Sent:
        self.sent.append(write)
        kind = write.effect_type.partition(".")[2]
        if kind in self.refuse:
            self.refused(write)
        if lost := self.lose.pop(kind, ""):
            self.misbehave(kind, lost)
        return self.connector.send(connection, write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        return self.connector.find(connection, write)

    def refused(self, write: Write) -> None:
        """Bring about that the system says no to this write."""
        raise NotImplementedError

    def misbehave(self, kind: str, lost: str) -> None:
        """Bring about that a message of the next write is lost: its "answer", or the "request"."""
        raise NotImplementedError


def plain_ledger() -> Fake:
    """An ERP that takes invoices and credit memos, and nothing else."""
    posts = tuple(
        WriteSpec(f"ledger.{what}", what, "P", figures=Figures("net", "tax_total", "gross", "invoice_date"))
        for what in NUMBERED
    )
    return Fake("ledger", Manifest("ledger", "Plain ledger", "erp", feeds=(), writes=posts, settings=()))


def plain_tracker() -> Fake:
    """A PSA that is read and takes nothing."""
    return Fake("tracker", Manifest("tracker", "Plain tracker", "psa", feeds=(), writes=(), settings=()))


class Landscape:
    """CRM, PSA, ERP and tax engine of one legal entity, with its routes."""

    def __init__(self, entity: LegalEntity, fakes: dict[str, Fake]) -> None:
        self.entity = entity
        self.crm, self.psa, self.erp, self.tax = (fakes[role] for role in ("crm", "psa", "erp", "tax"))
        self.connections = {role: factories.connection(fake.vendor, code=role) for role, fake in fakes.items()}
        for role, connection in self.connections.items():
            Route.objects.get_or_create(role=role, legal_entity=entity, connection=connection)

    def arrive(self, role: str, *records: Any) -> list[Receipt]:
        """Canonical records of one entity come in through this system; what became of each."""
        return arrive(self.connections[role], *records)


def arrive(connection: Connection, *records: Any) -> list[Receipt]:
    """Canonical records of one entity come in through a connection; what became of each."""
    return list(RECEIVERS.get(records[0].entity)(arrivals(connection, *records)))


def arrivals(connection: Connection, *records: Any) -> list[Arrival]:
    """Canonical records of one entity as a receiver is given them, each with its stored version."""
    return [
        Arrival(
            connection,
            SourceVersion.objects.create(
                connection=connection,
                entity=record.entity,
                source_id=record.source_id,
                version=f"{record.version}-{factories.next_number()}",
                hash=record.source_id,
                payload={},
                status="applied",
            ).pk,
            record,
        )
        for record in records
    ]


@contextmanager
def living(**instead: Fake) -> Iterator[Landscape]:
    """While it lasts, a landscape of legal entity US01 whose systems take everything until told otherwise.

    `instead` puts another system in the place of a role: `erp=plain_ledger()`.
    """
    fakes = {role: instead.get(role) or Fake(vendor) for role, vendor in ROLES.items()}
    known = {fake.vendor: fake for fake in fakes.values()}
    with (
        patch.object(CONNECTORS, "_entries", {**CONNECTORS._entries, **known}),
        patch.object(TAX_ENGINES, "_entries", {"avatax": factories.ten_percent}),
    ):
        yield Landscape(factories.legal_entity(), fakes)


@contextmanager
def silent() -> Iterator[Landscape]:
    """A landscape to build a shared world in. Its systems must be told nothing: those of each test are others."""
    with living() as landscape:
        yield landscape
        systems = (landscape.crm, landscape.psa, landscape.erp, landscape.tax)
        assert not any(system.sent for system in systems), "a system of the world knows what those of the tests do not"


@contextmanager
def settled() -> Iterator[Landscape]:
    """A landscape to build a shared world in whose systems were told things. Nothing may be on its way to them at the
    end: those of each test are others, and know nothing of it."""
    with living() as landscape:
        yield landscape
        assert not Effect.objects.exclude(state=Effect.State.CONFIRMED).exists(), "something is still on its way"


@pytest.fixture
def landscape(db):
    """The landscape of a test; where a shared world has one, the same rows with systems that were told nothing yet."""
    with living() as made:
        yield made
