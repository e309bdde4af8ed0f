"""How fast webhooks are stored for good."""

import json
import threading
from collections.abc import Callable
from time import monotonic

from django.db import connection
from django.test import RequestFactory
from standardwebhooks import Webhook

from integration_hub.connectors import credentials
from integration_hub.connectors.models import Connection
from integration_hub.intake import webhooks
from integration_hub.intake.models import Delivery
from integration_hub.kernel.clock import now
from integration_hub.operations.bench import BENCHES, Bench, Figure, scratch, spread

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a connection that lives for a measurement
SENDERS = 4


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
    spread("Webhook answered", times, (50, 95, 99), tell)


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


def register() -> None:
    """Offer the measurements; called once by the app."""
    BENCHES.register("webhooks", Bench("Signed webhooks from four senders at once", 2000, hooks))
