"""The kinds of work of a rehearsal. What an item does is in its payload, so that the seed decides it."""

import os
import signal
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.kernel.clock import today
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.operations.rehearsal import ledger, payloads
from integration_hub.work.registry import HANDLERS, Handler, Job, Wait

LOOSE = "rehearsal.loose"
"""May be overtaken when it is parked."""
STRICT = "rehearsal.strict"
"""Blocks its lane when it is parked."""
BY = "system:rehearsal"
SHORT = timedelta(milliseconds=200)


def run(job: Job) -> None:
    """The handler: do what the payload says, then book it."""
    DEEDS[str(job.payload["does"])](job)
    ledger.book(seed=job.payload["seed"], lane=job.lane, n=job.payload["n"], item=job.item_id)


def run_together(jobs: Sequence[Job]) -> None:
    """Several items of different lanes at once: each does what its payload says, and all are booked in one go."""
    for job in jobs:
        DEEDS[str(job.payload["does"])](job)
    ledger.book_all([(job.payload["seed"], job.lane, job.payload["n"], job.item_id) for job in jobs])


def _note(job: Job) -> None:
    """Nothing but the booking: the cheapest item there is."""


def _wait(job: Job) -> None:
    if job.attempt == 1:
        raise Wait("Looks again in a moment.", SHORT)


def _flaky(job: Job) -> None:
    if job.attempt == 1:
        raise Failed(FailureClass.TRANSIENT, "Not this time.", retry_after=SHORT)


def _bad(job: Job) -> None:
    raise Failed(FailureClass.DATA, "The record is wrong.", remedy="Correct it in its source.")


def _poison(job: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _bill(job: Job) -> None:
    """Plan one effect in a vendor: an invoice in the ERP or a project in the PSA."""
    told: dict[str, Any] = job.payload
    vendor, effect_type, payload = payloads.of(told, today())
    effects.plan(
        effect_type=effect_type,
        connection=Connection.objects.get(code=vendor),
        business_key=told["business_key"],
        payload=payload,
        legal_entity=told["legal_entity"],
        subject=("rehearsal.source", job.item_id),
        by=BY,
        posting_date=today(),
        amount=Decimal(told["amount"]),
        currency=told["currency"],
        lane=f"{job.lane}:{vendor}",
    )


DEEDS: dict[str, Callable[[Job], None]] = {
    "note": _note,
    "wait": _wait,
    "flaky": _flaky,
    "bad": _bad,
    "poison": _poison,
    "invoice": _bill,
    "project": _bill,
}
NEVER_BOOKED = ("bad", "poison")


def register() -> None:
    """Fill the registry; called by the app in the processes of a rehearsal only."""
    HANDLERS.register(LOOSE, Handler(run, title="Rehearsed item", skippable=True, together=run_together))
    HANDLERS.register(STRICT, Handler(run, title="Rehearsed item in strict order"))
