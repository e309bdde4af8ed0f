"""Business events as signed webhooks: one message at a time, in order, the same id however often it is sent."""

import base64
import binascii
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from integration_hub.connectors import auth, credentials
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.models import Connection
from integration_hub.connectors.publishing import Message
from integration_hub.connectors.registry import Confirmed, Page, Sent, Write
from integration_hub.connectors.transport import Ask, Session
from integration_hub.connectors.webhook.manifest import MANIFEST
from integration_hub.kernel import ids
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass

TESTED = "connection.tested"
"""Type of the message that tests a connection; consumers take it and do nothing."""
SHORTEST_SECRET = 24
"""Bytes, as the specification asks."""


class ConsumerDialect(Silent):
    """A consumer says what it likes; the status decides, and the beginning of its answer is shown."""

    title = "The consumer"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            body = response.json()
        except ValueError:
            return Complaint(response.text[:200])
        said = body.get("message") or body.get("error") or body.get("detail") if isinstance(body, dict) else ""
        return Complaint(str(said or response.text)[:200], remedy="Ask whoever runs the consumer.")


DIALECT = ConsumerDialect()
NOBODY = auth.Static(lambda secret: {})
"""Nothing signs in: each message is signed."""


class WebhookConnector:
    """One consumer; see the registry and the port for the meaning of the methods."""

    manifest = MANIFEST
    portion = 20

    def check(self, connection: Connection) -> str:
        """Send a message that says it is a test."""
        moment = now()
        body = ids.canonical_bytes({"type": TESTED, "timestamp": moment.isoformat(), "data": {}})
        key = f"test_{ids.correlation_id()}"
        self._hand_over(connection, Message(key, TESTED, moment, body), even_if_paused=True)
        return "The consumer took a signed test message."

    def publish(self, connection: Connection, messages: Sequence[Message]) -> Generator[str, None, None]:
        """One call for each, the next one only when the one before was taken."""
        for message in messages:
            self._hand_over(connection, message)
            yield message.key

    def _hand_over(self, connection: Connection, message: Message, *, even_if_paused: bool = False) -> None:
        headers = {"content-type": "application/json", **signed(connection, message)}
        session = Session(connection, auth=NOBODY, dialect=DIALECT, even_if_paused=even_if_paused)
        # Not a write in the sense of the transport: told twice under one id is told once.
        response = session.ask(Ask("POST", "", write=False, content=message.body, headers=headers))
        if response.text.lstrip()[:9].lower().startswith(("<html", "<!doctype")):
            raise Failed(
                FailureClass.TRANSIENT,
                "The consumer answered with a web page: something else stands at this address",
                remedy="Check the address of the connection.",
                status=response.status_code,
            )

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """A consumer is a source of nothing."""
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        raise LookupError(f"A webhook consumer declares no write {write.effect_type!r}.")

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        raise LookupError(f"A webhook consumer declares no write {write.effect_type!r}.")


def signed(connection: Connection, message: Message) -> dict[str, str]:
    """The headers of the specification; two signatures while a secret is changed. Raises Failed(AUTH)."""
    secret = credentials.read(connection)
    moment = now()
    secrets = [auth.needed(secret, "signing_secret"), secret.get("previous_secret", "")]
    text = message.text
    signatures = [_key(one).sign(message.key, moment, text) for one in secrets if one]
    return {
        "webhook-id": message.key,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _key(secret: str) -> Webhook:
    try:
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < SHORTEST_SECRET:
        raise Failed(
            FailureClass.AUTH,
            f"The signing secret is not base64 of at least {SHORTEST_SECRET} bytes",
            remedy="Enter whsec_ and base64 of 32 random bytes: openssl rand -base64 32 makes one.",
        )
    return Webhook(raw)
