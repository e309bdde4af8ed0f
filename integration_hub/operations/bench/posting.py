"""How fast documents are posted to an ERP that answers after a set time, beside what that time allows."""

import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from time import monotonic, process_time

from django.db import connection

from integration_hub.connectors import transport
from integration_hub.connectors.actions import accounts as accounts_of
from integration_hub.connectors.models import Account, Call, Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import today
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, judged, scratch
from integration_hub.operations.rehearsal import payloads, vendors
from integration_hub.sandbox import Landscape
from integration_hub.work import engine

LATENCY = 0.25
"""Seconds the simulated ERP takes for each answer."""
WORKERS = 8
FIRST = 2 * WORKERS
"""Documents posted before it counts: sign-in, codes that are looked up once, and plans are behind us then."""
PATIENCE = 600.0
RATE = Aim("of what latency and concurrency allow", floor=0.7, target=0.85)
DUPLICATES = Aim("duplicates", floor=0, target=0, most=True)
PROCESSOR = Aim("ms of processor time a document", floor=1.5, target=1.5, most=True)


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` invoices, a lane each, posted by eight workers of one process.

    Ideal is what calls that take `LATENCY` each allow: as many at a time as there are workers, and for each document as
    many calls as were made for it, the confirming read among them.
    """
    with scratch.database(), Landscape() as landscape:
        vendors.set_up(landscape)
        there = Connection.objects.get(code="netsuite")
        _no_limit(there)
        customer = payloads.customer(0, "US01", 0)
        landscape.load("netsuite", "customer", [customer])
        landscape.fault("netsuite", "latency", probability=1.0, params={"ms": int(LATENCY * 1000)})
        _post(there, range(FIRST))
        before, cpu = Call.objects.count(), process_time()
        seconds = _post(there, range(FIRST, FIRST + size))
        calls, cpu = Call.objects.count() - before, process_time() - cpu
        doubles = _doubles(landscape)
        transport.close_clients()
    ideal = calls * LATENCY / WORKERS
    tell(Figure(f"limit: {calls:,} calls of {LATENCY} s, {WORKERS} at a time", size, ideal))
    tell(Figure("ours: invoices posted and confirmed", size, seconds))
    judged(RATE, ideal / seconds, tell)
    judged(PROCESSOR, cpu / size * 1000, tell)
    judged(DUPLICATES, doubles, tell)


def _no_limit(there: Connection) -> None:
    """The account allows as many calls as the workers make: it is not the budget that is measured."""
    account = Account.objects.get(connections=there)
    limits = accounts_of.LimitsIn(calls=100_000, seconds=1, concurrency=4 * WORKERS)
    accounts_of.set_limits(account_id=account.pk, limits=limits, by=scratch.BY, seen_version=account.version)


def _post(there: Connection, numbers: range) -> float:
    """Plan invoices and have them posted; seconds from the first claim to the last confirmation."""
    for number in numbers:
        told = {
            "does": "invoice",
            "business_key": f"BENCH-{number}",
            "amount": "100.00",
            "currency": "USD",
            "legal_entity": "US01",
            "customer": payloads.customer_code(0, "US01", 0),
        }
        _, effect_type, payload = payloads.of(told, today())
        effects.plan(
            effect_type=effect_type,
            connection=there,
            business_key=told["business_key"],
            payload=payload,
            legal_entity="US01",
            subject=("bench", number),
            by=scratch.BY,
            posting_date=today(),
            amount=Decimal("100.00"),
            currency="USD",
            lane=f"bench:{number}",
        )
    deadline = monotonic() + PATIENCE
    threads = [threading.Thread(target=partial(_work, deadline)) for _ in range(WORKERS)]
    started = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = monotonic() - started
    if left := Effect.objects.exclude(state=Effect.State.CONFIRMED).count():
        raise RuntimeError(f"{left} invoices were not confirmed.")
    return seconds


def _work(deadline: float) -> None:
    """Work until nothing waits; what has to be asked again in a moment is waited for."""
    try:
        while monotonic() < deadline:
            if not engine.drain("post") and not Effect.objects.exclude(state=Effect.State.CONFIRMED).exists():
                return
    finally:
        connection.close()


def _doubles(landscape: Landscape) -> int:
    """Invoices that stand in the ERP's books more than once."""
    documents = landscape.ledger("netsuite")["documents"]
    keys = Counter(str(document.get("externalId")) for document in documents if document["type"] == "invoice")
    return sum(times - 1 for times in keys.values())


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("posting", Bench("Invoices are posted to a slow ERP", 80, run))
