"""A rehearsal inside the test: its tables, its kinds of work, and an ERP that lives in the test."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from django.db import connection

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.manifest import INVOICE_POST
from integration_hub.connectors.registry import CONNECTORS, Manifest, WriteSpec
from integration_hub.operations.rehearsal import checker, handlers, ledger, load
from integration_hub.operations.rehearsal.checker import Books, Finding
from integration_hub.operations.rehearsal.faults import chosen
from integration_hub.operations.rehearsal.plan import Plan, Size, SourceRow, make
from integration_hub.work import engine
from integration_hub.work.models import Lane
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
            Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None, blocked=False, blocked_by=None)
            for stage in ("ingest", "bulk", "post"):
                engine.drain(stage, max_items=10_000)

    def findings(self, *, drained: bool = True, **books: object) -> dict[str, Finding]:
        told = Books(invoices=self.erp.books(), **books)  # type: ignore[arg-type]
        return {one.invariant: one for one in checker.check(SEED, told, drained=drained, seconds=60)}

    def violated(self, **books: object) -> set[str]:
        return {name for name, finding in self.findings(**books).items() if finding.violations}


@pytest.fixture
def lab(transactional_db, monkeypatch) -> Callable[..., Lab]:
    """`lab(items, faults)` makes one, loaded."""
    kinds = {
        handlers.LOOSE: Handler(handlers.run, skippable=True, together=handlers.run_together),
        handlers.STRICT: Handler(handlers.run),
    }
    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, **kinds})
    erp = Erp()
    monkeypatch.setattr(CONNECTORS, "_entries", {**CONNECTORS._entries, "netsuite": erp})
    Connection.objects.create(code="netsuite", vendor="netsuite", name="Test ERP")
    ledger.create()

    def build(items: int = 200, faults: str = "none", effects: int = 6) -> Lab:
        plan = make(SEED, Size(items, effects, 0, 1.0), chosen(faults))
        rows = tuple(row for row in plan.rows if row.does != "project")
        made = Lab(replace(plan, rows=_renumbered(rows)), erp)
        made.load()
        return made

    yield build
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE rehearsal_source, rehearsal_ledger")


def _renumbered(rows: tuple[SourceRow, ...]) -> tuple[SourceRow, ...]:
    counts: Counter[str] = Counter()
    renumbered = []
    for row in rows:
        counts[row.lane] += 1
        renumbered.append(replace(row, n=counts[row.lane]))
    return tuple(renumbered)
