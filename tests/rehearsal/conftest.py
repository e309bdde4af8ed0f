"""A rehearsal inside the test: its tables, its kinds of work, and an ERP that lives in the test."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.manifest import INVOICE_POST
from integration_hub.connectors.registry import CONNECTORS, Manifest, WriteSpec
from integration_hub.operations.rehearsal import checker, handlers, ledger, load
from integration_hub.operations.rehearsal.checker import Books, Finding
from integration_hub.operations.rehearsal.faults import chosen
from integration_hub.operations.rehearsal.plan import Plan, Size, SourceRow, make
from integration_hub.work import engine
from integration_hub.work.actions import items
from integration_hub.work.models import Lane, Wakeup
from integration_hub.work.registry import HANDLERS, Handler
from tests import ledger as ledgers

SEED = 5


class Erp(ledgers.Ledger):
    """Books whatever it is sent, again and again: only our own guards prevent a duplicate."""

    manifest = Manifest(
        vendor="netsuite",
        title="Test ERP",
        role="erp",
        feeds=(),
        writes=(WriteSpec(INVOICE_POST, "Invoice posted", "P"),),
        settings=(),
    )

    def books(self) -> dict[str, list[dict[str, object]]]:
        """Invoices by our reference, as the checker takes them."""
        found: dict[str, list[dict[str, object]]] = {}
        for row in self.booked:
            found.setdefault(row["reference"], []).append({"total": row["gross"]})
        return found


def wait_out() -> None:
    """All waits and leases are over."""
    Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)


def minutes_later() -> None:
    """Two minutes pass: the time after which I7 wants everything done."""
    passed = timedelta(minutes=2)
    Lane.objects.update(next_at=F("next_at") - passed, leased_until=F("leased_until") - passed)
    Wakeup.objects.update(pending_at=F("pending_at") - passed)


@dataclass
class Lab:
    """One seed, small, worked in this process."""

    plan: Plan
    erp: Erp

    def load(self) -> None:
        load.accept(self.plan, self.plan.rows)

    def work(self, rounds: int = 6) -> None:
        """Work everything; before each round all waits and leases are over, and a person has unblocked the lanes."""
        for _ in range(rounds):
            for lane in Lane.objects.filter(blocked=True):
                items.unblock_lane(lane_id=lane.pk, by="system:test", reason="the rest may pass")
            wait_out()
            self.drain()

    def drain(self, *stages: str) -> None:
        """Work what is due."""
        for stage in stages or ("ingest", "bulk", "post"):
            engine.drain(stage, max_items=10_000)

    def findings(self, *, drained: bool = True, **books: object) -> dict[str, Finding]:
        told = Books(invoices=self.erp.books(), **books)  # type: ignore[arg-type]
        return {one.invariant: one for one in checker.check(SEED, told, drained=drained, seconds=60)}

    def violated(self, *, drained: bool = True, **books: object) -> set[str]:
        return {name for name, finding in self.findings(drained=drained, **books).items() if finding.violations}


@pytest.fixture
def lab(transactional_db, monkeypatch) -> Callable[..., Lab]:
    """`lab(count, faults)` makes one with so many items, loaded."""
    kinds = {
        handlers.LOOSE: Handler(handlers.run, skippable=True, together=handlers.run_together),
        handlers.STRICT: Handler(handlers.run),
    }
    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, **kinds})
    erp = Erp()
    monkeypatch.setattr(CONNECTORS, "_entries", {**CONNECTORS._entries, "netsuite": erp})
    Connection.objects.create(code="netsuite", vendor="netsuite", name="Test ERP")
    ledger.create()

    def build(count: int = 200, faults: str = "none", effects: int = 6) -> Lab:
        plan = make(SEED, Size(count, effects, 0, 1.0), chosen(faults))
        rows = tuple(row for row in plan.rows if row.does != "project")
        made = Lab(replace(plan, rows=_renumbered(rows)), erp)
        made.load()
        return made

    yield build
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE rehearsal_source, rehearsal_ledger")


@pytest.fixture
def dropped(transactional_db) -> Iterator[Callable[[str, str], None]]:
    """`dropped(table, constraint)`: the constraint is away for one test, the rows are too afterwards."""
    back: list[tuple[str, str, str]] = []

    def drop(table: str, constraint: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
            back.append((table, constraint, cursor.fetchone()[0]))
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")

    yield drop
    with connection.cursor() as cursor:
        for table, constraint, definition in reversed(back):
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")


def _renumbered(rows: tuple[SourceRow, ...]) -> tuple[SourceRow, ...]:
    counts: Counter[str] = Counter()
    renumbered = []
    for row in rows:
        counts[row.lane] += 1
        renumbered.append(replace(row, n=counts[row.lane]))
    return tuple(renumbered)
