"""A line to a NATS server for one portion: budget, circuit breaker and log of calls as every connection has them.

Loaded late: the library, for whoever publishes.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from integration_hub.connectors import budget, credentials, health, hosts
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.nats.manifest import MANIFEST, subjects
from integration_hub.connectors.publishing import Message
from integration_hub.connectors.transport import refuse_inside_transaction
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail import record

Answer = TypeVar("Answer")


class Line:
    """A connection to the server, driven from plain code: it lives for one portion."""

    def __init__(self, connection: Connection) -> None:
        self.seconds = float(connection.settings.get("timeout_seconds") or 60)
        self._runner = asyncio.Runner()
        self.client = Client()

    def open(self, connection: Connection) -> None:
        secret = credentials.read(connection)
        signs_in = {name: secret[name] for name in ("token", "user", "password") if secret.get(name)}
        wait = max(1, round(min(10.0, self.seconds)))
        self.run(
            self.client.connect(
                [connection.base_url],
                name="Throughline",
                allow_reconnect=False,
                connect_timeout=wait,
                error_cb=_told_anyway,
                **signs_in,  # type: ignore[arg-type]  # texts, where the library takes functions too
            )
        )

    def run(self, doing: Coroutine[Any, Any, Answer]) -> Answer:
        """Wait for it, no longer than the connection's time limit."""
        return self._runner.run(asyncio.wait_for(doing, self.seconds + 1))

    def stream(self, subject: str) -> str:
        """The name of the stream that takes a subject."""
        return str(self.run(self.client.jetstream().find_stream_name_by_subject(subject)))

    def publish(self, subject: str, message: Message) -> None:
        """Have the stream take a message; one it has already is taken, too."""
        stream = self.client.jetstream(timeout=self.seconds)
        self.run(stream.publish(subject, message.body, headers={"Nats-Msg-Id": message.key}))

    def close(self) -> None:
        try:
            self._runner.run(self.client.close())
        finally:
            self._runner.close()


async def _told_anyway(error: Exception) -> None:
    """The library's own log of errors: whoever waits for the answer hears them too."""


@contextmanager
def opened(connection: Connection, method: str, *, even_if_paused: bool = False) -> Iterator[Line]:
    """An open line, with budget, circuit breaker and log of calls as every connection has them. Raises Failed."""
    refuse_inside_transaction()
    health.admit(connection, even_if_paused=even_if_paused)
    decision = hosts.may_call(connection.base_url, MANIFEST.schemes)
    if not decision:
        raise Failed(FailureClass.AUTH, f"{connection}: {decision.reason}", remedy="Correct the base address.")
    call = Call(
        connection=connection,
        method=method,
        path=f"{subjects(connection)}.>",
        correlation_id=record.correlation()[:40],
        outcome="ok",
    )
    line, started = Line(connection), time.monotonic()
    try:
        with budget.call(connection):
            line.open(connection)
            yield line
        health.answered(connection)
    except (NatsError, OSError, TimeoutError) as error:
        failure = _named(error, connection)
        call.outcome, call.error = "refused", failure.message[:500]
        health.failed(connection, failure)
        raise failure from error
    finally:
        line.close()
        call.milliseconds = int((time.monotonic() - started) * 1000)
        health.logged(call)


def _named(error: Exception, connection: Connection) -> Failed:
    """A failure of the library, by who must act."""
    said = str(error) or type(error).__name__
    if isinstance(error, NoStreamResponseError | NotFoundError):
        return Failed(
            FailureClass.AUTH,
            f"No stream takes {subjects(connection)}.>",
            remedy=f"Create a stream with the subjects {subjects(connection)}.> on the server.",
        )
    if isinstance(error, MaxPayloadError):
        return Failed(FailureClass.REJECTED, f"NATS refused it: {said}", remedy="Raise max_payload on the server.")
    if "authorization" in said.lower() or "permissions violation" in said.lower():
        return Failed(FailureClass.AUTH, f"NATS refused the sign-in: {said}", remedy="Renew the credential.")
    if isinstance(error, APIError) and (error.code or 500) < 500:
        return Failed(FailureClass.REJECTED, f"NATS refused it: {error.description or said}", status=error.code)
    return Failed(FailureClass.TRANSIENT, f"NATS did not take it: {said}")
