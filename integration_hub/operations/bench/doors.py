"""How fast webhooks are stored for good, by a web server in processes of its own, beside what that server can do."""

import http.client
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import monotonic

from django.db import connections
from standardwebhooks import Webhook

from integration_hub.connectors import credentials
from integration_hub.intake.models import Delivery
from integration_hub.kernel.clock import now
from integration_hub.operations import parts
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, judged, scratch, spread
from integration_hub.operations.rehearsal.house import HOST, free_port, wait_for
from integration_hub.operations.supervisor import Supervisor

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a connection that lives for a measurement
CODE = "bench-hooks"
SENDERS, SERVERS = 4, 2
PATIENCE = 600.0

RATE = Aim("webhooks a second", floor=400, target=800)
WAIT = Aim("s for 99 % of them", floor=0.1, target=0.05, most=True)

Request = tuple[str, str, bytes, Mapping[str, str], int]
"""Method, path, body, headers, and the status that is expected."""


def hooks(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` signed webhooks from four senders at once, each verified, stored and committed before its answer.

    Senders and server are processes of their own. The limit is the same server asked by the same senders for an answer
    that it gives without looking at anything: the address with the wrong method.
    """
    with _door() as port:
        refused = [_refused() for _ in range(size)]
        signed = _signed(size)
        limit, _ = _send(port, refused)
        tell(Figure("limit: the same server, answers that need no database", size, limit))
        seconds, times = _send(port, signed)
        stored = Delivery.objects.count()
    tell(Figure("ours: webhooks verified, stored and answered", stored, seconds))
    spread("ours: webhook answered", times, (50, 95, 99), tell)
    judged(RATE, stored / seconds, tell)
    judged(WAIT, sorted(times)[min(len(times) * 99 // 100, len(times) - 1)], tell)


@contextmanager
def _door() -> Iterator[int]:
    """A connection that takes webhooks on a scratch database, and the web server before it: its port."""
    with scratch.database():
        there = scratch.psa(CODE, f"http://{HOST}:9", "none")
        there.sealed_webhook_secret = credentials.sealed_webhook_secret(CODE, SECRET)
        there.save()
        port = free_port()
        web = parts.web(HOST, port, workers=SERVERS)
        environment = {"DATABASE_URL": scratch.address(), "THROUGHLINE_LOG_LEVEL": "ERROR"}
        with (
            tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
            Supervisor([replace(web, env={**web.env, **environment})], var_dir=Path(folder)),
        ):
            wait_for(f"http://{HOST}:{port}")
            yield port


def _refused() -> Request:
    return "GET", f"/hooks/{CODE}/", b"", {}, 405


def _signed(size: int) -> list[Request]:
    signer, moment = Webhook(SECRET), now()
    found: list[Request] = []
    for number in range(size):
        key = f"msg_{number}"
        body = json.dumps({"type": "time_entry.updated", "data": {"entity": "time_entry", "id": str(number)}})
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signer.sign(msg_id=key, timestamp=moment, data=body),
        }
        found.append(("POST", f"/hooks/{CODE}/", body.encode(), headers, 200))
    return found


def _send(port: int, requests: Sequence[Request]) -> tuple[float, list[float]]:
    """All of them by the senders at once: (seconds from the first to the last answer, seconds of each)."""
    connections.close_all()
    context = get_context("fork")
    pipes: list[Pipe] = []
    for first in range(SENDERS):
        mine, theirs = context.Pipe()
        process = context.Process(target=_sender, args=(theirs, port, requests[first::SENDERS]), daemon=True)
        process.start()
        theirs.close()
        pipes.append(mine)
    started = monotonic()
    for pipe in pipes:
        pipe.send("go")
    times: list[float] = []
    for pipe in pipes:
        if not pipe.poll(PATIENCE):
            raise RuntimeError("A sender does not come back.")
        times += pipe.recv()
    return monotonic() - started, times


def _sender(pipe: Pipe, port: int, requests: Sequence[Request]) -> None:
    pipe.recv()
    times = []
    for method, path, body, headers, expected in requests:
        started = monotonic()
        line = http.client.HTTPConnection(HOST, port, timeout=60)  # a call each, as vendors make them
        line.request(method, path, body, dict(headers))
        status = line.getresponse().status
        line.close()
        times.append(monotonic() - started)
        if status != expected:
            raise RuntimeError(f"{method} {path} was answered {status}")
    pipe.send(times)


def register() -> None:
    """Offer the measurements; called once by the app."""
    BENCHES.register("webhooks", Bench("Signed webhooks from four senders at once", 2000, hooks))
