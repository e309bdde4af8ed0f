"""How long an idle hub takes: until an item is worked, an effect is sent, a change over there is shown."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import httpx
from django.db.models import F, Min

from contracts.models import Resource
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import today
from integration_hub.operations import parts
from integration_hub.operations.bench import BENCHES, Bench, Figure, scratch, spread
from integration_hub.operations.demo.connections import webhook_secret
from integration_hub.operations.rehearsal import payloads, vendors
from integration_hub.operations.rehearsal.house import HOST, free_port, wait_for
from integration_hub.operations.supervisor import Part, Supervisor
from integration_hub.sandbox import Landscape, accounts
from integration_hub.work import canary
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Stage

PAUSE = 0.25
"""Seconds between two of them, so that each finds the hub idle."""
PATIENCE = 60.0
SHARES = (50, 95)


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` items, a fifth as many effects and renamed people, one after the other, by all parts of an installation.

    Seconds from what was written to the item's end, to the start of the call that carries the effect, and from the
    vendor's answer to whoever renamed a person until the name is in the tables that screens read.
    """
    with _hub() as (landscape, hub_url):
        fewer = max(size // 5, 1)
        spread("Item enqueued to worked", _items(size), SHARES, tell)
        spread("Effect planned to being sent", _effects(fewer), SHARES, tell)
        spread("Changed there to shown here", _changes(landscape, hub_url, fewer), SHARES, tell)


@contextmanager
def _hub() -> Iterator[tuple[Landscape, str]]:
    """Web server, one cluster per stage and ticker on a scratch database, beside the simulated vendors."""
    with ExitStack() as stack:
        stack.enter_context(scratch.database())
        landscape = stack.enter_context(Landscape())
        vendors.set_up(landscape)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)))
        port = free_port()
        environment = {"DATABASE_URL": scratch.address(), "THROUGHLINE_OUTBOUND_HOSTS": HOST}
        wanted = [_elsewhere(part, environment) for part in parts.everything(bind=HOST, port=port)]
        stack.enter_context(Supervisor(wanted, var_dir=folder))
        wait_for(f"http://{HOST}:{port}")
        for stage in Stage.values:
            items.enqueue(canary.KIND, lane=f"bench:{stage}", stage=stage)
        _wait_until(_nothing_waits)
        yield landscape, f"http://{HOST}:{port}"


def _elsewhere(part: Part, environment: Mapping[str, str]) -> Part:
    return replace(part, env={**part.env, **environment})


def _nothing_waits() -> bool:
    return not Item.objects.filter(state=Item.State.READY).exists()


def _wait_until(done: Callable[[], object], pause: float = 0.1) -> None:
    """Raises RuntimeError when it takes longer than anybody would measure."""
    deadline = monotonic() + PATIENCE
    while not done():
        if monotonic() > deadline:
            raise RuntimeError(f"Nothing came of it in {PATIENCE:.0f} s: see the parts' logs.")
        sleep(pause)


def _items(size: int) -> list[float]:
    for number in range(size):
        items.enqueue(canary.KIND, lane=f"bench:item:{number}", stage=Stage.BULK)
        sleep(PAUSE)
    _wait_until(_nothing_waits)
    done = Item.objects.filter(lane__key__startswith="bench:item:")
    return [_seconds(item.created_at, item.finished_at) for item in done]


def _effects(size: int) -> list[float]:
    there = Connection.objects.get(code="kantata")
    for number in range(size):
        told = {"does": "project", "business_key": f"BENCH-{number}", "currency": "USD"}
        _, effect_type, payload = payloads.of(told, today())
        effects.plan(
            effect_type=effect_type,
            connection=there,
            business_key=told["business_key"],
            payload=payload,
            legal_entity="US01",
            subject=("bench", number),
            by=scratch.BY,
        )
        sleep(PAUSE)
    mine = Effect.objects.filter(business_key__startswith="BENCH-")
    _wait_until(lambda: not mine.exclude(state=Effect.State.CONFIRMED).exists())
    return [
        _seconds(planned, sent)
        for planned, sent in mine.annotate(sent=Min("attempts__started_at"), planned=F("created_at")).values_list(
            "planned", "sent"
        )
    ]


def _changes(landscape: Landscape, hub_url: str, size: int) -> list[float]:
    """People are renamed over there; the vendor's webhook says so, the feed reads it again, the name is shown."""
    names = [{"full_name": f"Person {n}", "email_address": f"p{n}@bench.example"} for n in range(size)]
    people = landscape.load("kantata", "users", names)
    landscape.relay("kantata", url=f"{hub_url}/hooks/kantata/", secret=webhook_secret("kantata"), enabled=True)
    vendors.read_again()
    _wait_until(lambda: Resource.objects.filter(email__endswith="@bench.example").count() == size)
    found = []
    with httpx.Client(base_url=landscape.kantata, trust_env=False, timeout=5) as client:
        client.headers["Authorization"] = f"Bearer {accounts.KANTATA_TOKEN}"
        for number, person in enumerate(people):
            sleep(max(PAUSE, 1.0))  # the vendor's stamps have whole seconds
            name = f"Renamed {number}"
            client.put(f"/api/v1/users/{person}", json={"user": {"full_name": name}}).raise_for_status()
            started = monotonic()
            _wait_until(lambda name=name: Resource.objects.filter(name=name).exists(), 0.02)  # type: ignore[misc]
            found.append(monotonic() - started)
    return found


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        raise RuntimeError("It was never started or never finished.")
    return (end - start).total_seconds()


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("latency", Bench("From asked for to begun, on an idle hub", 100, run))
