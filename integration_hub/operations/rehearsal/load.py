"""What comes in: source rows with their items, and records in a vendor's system."""

import logging
import time
from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction

from integration_hub.operations.rehearsal import handlers, ledger
from integration_hub.operations.rehearsal.plan import Plan, SourceRow, is_strict
from integration_hub.work.actions import items
from integration_hub.work.actions.items import ItemIn

log = logging.getLogger(__name__)

BATCH = 2000
PATIENCE = 60.0


def batches(plan: Plan) -> list[Sequence[SourceRow]]:
    """The rows in the order they come in."""
    return [plan.rows[start : start + BATCH] for start in range(0, len(plan.rows), BATCH)]


def bring_in(plan: Plan, rows: Sequence[SourceRow]) -> None:
    """Accept a batch, however often the database has to be asked.

    When a commit is not answered nobody knows whether it happened: it is asked again with the same keys, and what was
    accepted the first time is left out.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            accept(plan, rows)
        except DatabaseError as error:
            if time.monotonic() > deadline:
                raise
            log.debug("Asked again: %s", error)
            connection.close()
            time.sleep(0.05)
        else:
            return


@transaction.atomic
def accept(plan: Plan, rows: Sequence[SourceRow]) -> None:
    """Note source rows and put their items into the lanes: both are committed or neither."""
    new = ledger.accept(
        [
            (plan.seed, row.lane, row.n, row.does, row.legal_entity, row.amount, row.currency, row.business_key)
            for row in rows
        ]
    )
    items.enqueue_many([_item(plan, row) for row in rows if (row.lane, row.n) in new])


def _item(plan: Plan, row: SourceRow) -> ItemIn:
    return ItemIn(
        handlers.STRICT if is_strict(row) else handlers.LOOSE,
        row.lane,
        row.stage,
        row.payload(plan.seed),
        legal_entity=row.legal_entity,
        amount=row.amount or None,
        currency=row.currency,
        correlation_id=f"rehearsal-{plan.seed}",
    )
