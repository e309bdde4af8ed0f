"""The hint relay: what customers put between vendors that push badly, or not at all, and a hub that wants to be woken.

It sends Standard Webhooks. A hint says that something changed, never what it changed to. The relay never blocks or
fails the vendor call it reports on; it retries with growing pauses, gives up after a few, and forgets on restart, as
such middleware does.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from . import stamps
from .messages import Event, Json, dump
from .store import Store

logger = logging.getLogger(__name__)

ATTEMPTS = 6
FIRST_PAUSE = 0.25
WAITING_AT_MOST = 20_000


@dataclass(slots=True)
class Target:
    """Where the hints of one vendor go, and how badly."""

    url: str = ""
    secret: str = ""
    enabled: bool = False
    duplicate_probability: float = 0.0
    shuffle: bool = False
    delay_ms: int = 0


@dataclass(slots=True)
class Tally:
    """What became of the hints of one vendor."""

    offered: int = 0
    delivered: int = 0
    failed_attempts: int = 0
    given_up: int = 0
    dropped: int = 0
    waiting: int = 0


@dataclass(order=True, slots=True)
class Hint:
    """One delivery that is due."""

    due: float
    order: float
    id: str = field(compare=False)
    body: str = field(compare=False)
    attempt: int = field(compare=False, default=1)


class Line:
    """The queue of one vendor; its deliveries do not wait for another vendor's hub."""

    def __init__(self) -> None:
        self.heap: list[Hint] = []
        self.under_way = 0
        """1 while a hint is being sent: nobody knows yet whether it must wait again."""
        self.wake = asyncio.Event()
        self.tally = Tally()


Signer = Callable[[str, str, int, str], dict[str, str]]
"""Secret, id, time in seconds and body of a webhook → the headers that prove it. Raises ValueError for a bad secret."""


def standard(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    try:
        signature = Webhook(secret).sign(msg_id=key, timestamp=datetime.fromtimestamp(moment, UTC), data=body)
    except (ValueError, EmptyWebhookSecretError) as problem:
        raise ValueError(f"secret must be a Standard Webhooks secret (whsec_…): {problem}") from None
    return {"webhook-id": key, "webhook-timestamp": str(moment), "webhook-signature": signature}


class Relay:
    """All lines, their targets (kept in the state file) and the tasks that deliver."""

    def __init__(self, store: Store, seed: int, vendors: Mapping[str, Signer]) -> None:
        self._store = store
        self._signers = vendors
        self._targets = {vendor: Target(**(store.fact("relay", vendor) or {})) for vendor in vendors}
        self._lines = {vendor: Line() for vendor in vendors}
        self._dice = random.Random(f"{seed}/relay")  # noqa: S311
        self._ticket = itertools.count()
        self._tasks: list[asyncio.Task[None]] = []

    def configure(self, vendor: str, values: Json) -> None:
        """Point a vendor's hints somewhere; raises ValueError in words."""
        if vendor not in self._targets:
            raise ValueError(f"unknown vendor {vendor!r}")
        unknown = set(values) - set(Target.__dataclass_fields__)
        if unknown:
            raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
        target = Target(**(asdict(self._targets[vendor]) | values))
        if target.enabled:
            if not target.url.startswith(("http://", "https://")):
                raise ValueError("url must be an http(s) address")
            self._signers[vendor](target.secret, "check", 0, "")
        self._targets[vendor] = target
        self._store.remember("relay", vendor, asdict(target))

    def listed(self) -> Json:
        """Targets without their secrets, and tallies."""
        return {
            vendor: asdict(target)
            | {"secret": "set" if target.secret else ""}
            | asdict(self._lines[vendor].tally)
            | {"waiting": len(self._lines[vendor].heap) + self._lines[vendor].under_way}
            for vendor, target in self._targets.items()
        }

    def forget(self) -> None:
        """Switch every line off and drop what waits."""
        for vendor in self._targets:
            self._targets[vendor] = Target()
            self._lines[vendor].heap.clear()
            self._lines[vendor].tally = Tally()
        self._store.forget("relay")

    def offer(self, vendor: str, event: Event, *, late_ms: int = 0) -> None:
        """Queue a hint, never wait. Beyond the bound the oldest hints are dropped: the hub polls anyway."""
        target, line = self._targets[vendor], self._lines[vendor]
        if not target.enabled:
            return
        line.tally.offered += 1
        now = time.time()
        number = self._store.next("hint")
        told: Json = {
            "type": event.type,
            "data": {"entity": event.entity, "id": event.id},
            "timestamp": stamps.zulu(round(now * 1000)),
        }
        body = dump(event.body or told)
        copies = 2 if self._dice.random() < target.duplicate_probability else 1
        for _ in range(copies):
            due = now + (target.delay_ms + late_ms) / 1000
            order = float(next(self._ticket))
            if target.shuffle:
                due += self._dice.random() * max(0.05, target.delay_ms / 1000)
                order = self._dice.random()
            heapq.heappush(line.heap, Hint(due, order, f"msg_{vendor}_{number:08d}", body))
        if len(line.heap) > WAITING_AT_MOST:
            line.heap = heapq.nsmallest(WAITING_AT_MOST, line.heap)
            line.tally.dropped += 1
        line.wake.set()

    # -- delivery -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._deliver(vendor)) for vendor in self._targets]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, vendor: str) -> None:
        line = self._lines[vendor]
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                pause = line.heap[0].due - time.time() if line.heap else None
                if pause is None or pause > 0:
                    line.wake.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(line.wake.wait(), pause)
                    continue
                hint = heapq.heappop(line.heap)
                line.under_way = 1
                arrived = await self._send(client, self._targets[vendor], self._signers[vendor], hint)
                line.under_way = 0
                self._note(vendor, hint, arrived=arrived)

    def _note(self, vendor: str, hint: Hint, *, arrived: bool) -> None:
        """Count a hint that was sent; one that did not arrive waits again until its tries are used up."""
        line = self._lines[vendor]
        if arrived:
            line.tally.delivered += 1
            return
        line.tally.failed_attempts += 1
        if hint.attempt >= ATTEMPTS or not self._targets[vendor].enabled:
            line.tally.given_up += 1
            return
        hint.due = time.time() + FIRST_PAUSE * 2 ** (hint.attempt - 1)
        hint.attempt += 1
        heapq.heappush(line.heap, hint)

    @staticmethod
    async def _send(client: httpx.AsyncClient, target: Target, sign: Signer, hint: Hint) -> bool:
        """Sign and post once; the signature is made at sending time, so a late hint is not refused as stale."""
        if not target.enabled:
            return False
        proof = sign(target.secret, hint.id, int(time.time()), hint.body)
        try:
            answer = await client.post(
                target.url, content=hint.body.encode(), headers={"content-type": "application/json", **proof}
            )
        except httpx.HTTPError as problem:
            logger.debug("hint %s not delivered: %s", hint.id, problem)
            return False
        return answer.is_success
