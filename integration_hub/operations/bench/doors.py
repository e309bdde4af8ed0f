"""How fast webhooks are stored for good, and how fast ordered work goes through its lanes."""

import json
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from django.db import connection
from django.test import RequestFactory
from standardwebhooks import Webhook

from integration_hub.connectors import credentials
from integration_hub.connectors.models import Connection
from integration_hub.intake import webhooks
from integration_hub.intake.models import Delivery
from integration_hub.kernel.clock import now
from integration_hub.operations.bench import BENCHES, Bench, Figure, scratch
from integration_hub.work.actions import items
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from integration_hub.work.registry import HANDLERS, Handler, Job

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a connection that lives for a measurement
SENDERS, LANES, AT_ONCE = 4, 1000, 5000


def hooks(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` signed webhooks from four senders at once, each verified, stored and committed before its answer."""
    with scratch.database():
        there = Connection.objects.create(code="bench-hooks", vendor="kantata", name="Bench")
        there.sealed_webhook_secret = credentials.sealed_webhook_secret("bench-hooks", SECRET)
        there.save()
        times: list[float] = []
        parts = [range(first, size, SENDERS) for first in range(SENDERS)]
        threads = [threading.Thread(target=_send, args=(part, times)) for part in parts]
        started = monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = monotonic() - started
        stored = Delivery.objects.count()
    tell(Figure("Webhooks verified, stored and answered", stored, seconds))
    times.sort()
    for share in (50, 95, 99):
        tell(Figure(f"of them {share} % within", 1, times[min(len(times) - 1, len(times) * share // 100)]))


def _send(numbers: range, times: list[float]) -> None:
    factory, signer = RequestFactory(), Webhook(SECRET)
    try:
        for number in numbers:
            body = json.dumps({"type": "time_entry.updated", "data": {"entity": "time_entry", "id": str(number)}})
            headers = _signed(signer, f"msg_{number}", body)
            request = factory.post("/hooks/bench-hooks/", body, content_type="application/json", headers=headers)
            started = monotonic()
            answer = webhooks.hook(request, "bench-hooks")
            times.append(monotonic() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"webhook {number} was answered {answer.status_code}")
    finally:
        connection.close()


def _signed(signer: Webhook, message_id: str, body: str) -> dict[str, str]:
    moment = now()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signer.sign(msg_id=message_id, timestamp=moment, data=body),
    }


def lanes(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` items of a thousand lanes, put in and worked in their order by one worker."""
    worked: list[Any] = []
    HANDLERS.register("bench.nothing", Handler(lambda job: worked.append(job), title="Nothing"))
    with scratch.database():
        requests = [
            items.ItemIn("bench.nothing", lane=f"bench:{number % LANES}", stage="bulk", payload={"number": number})
            for number in range(size)
        ]
        started = monotonic()
        for first in range(0, size, AT_ONCE):
            items.enqueue_many(requests[first : first + AT_ONCE])
        tell(Figure(f"Put into {LANES:,} lanes", size, monotonic() - started))
        started = monotonic()
        drain_once(["bulk"])
        tell(Figure("Worked in order", size, monotonic() - started))
        left = Item.objects.exclude(state="done").count()
    if left or not _in_order(worked):
        raise RuntimeError(f"{left} items are left, or a lane was not worked in order")


def _in_order(jobs: list[Job]) -> bool:
    last: dict[str, int] = {}
    for job in jobs:
        if last.get(job.lane, -1) >= job.payload["number"]:
            return False
        last[job.lane] = job.payload["number"]
    return True


def register() -> None:
    """Offer the measurements; called once by the app."""
    BENCHES.register("webhooks", Bench("Signed webhooks from four senders at once", 2000, hooks))
    BENCHES.register("lanes", Bench("Ordered items of a thousand lanes, one worker", 20_000, lanes))
