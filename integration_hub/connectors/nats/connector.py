"""Business events into a stream of NATS JetStream, each acknowledged before the next is sent.

The stream knows a message by its id (`Nats-Msg-Id`) for its duplicate window and keeps it once; behind the window a
consumer knows it by the same id.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.nats.manifest import MANIFEST, subjects
from integration_hub.connectors.publishing import Message
from integration_hub.connectors.registry import Confirmed, Page, Sent, Write


class NatsConnector:
    """One server; see the registry and the port for the meaning of the methods."""

    manifest = MANIFEST
    portion = 500

    def check(self, connection: Connection) -> str:
        """Sign in, and ask whether a stream takes our subjects."""
        from integration_hub.connectors.nats import line

        with line.opened(connection, "INFO", even_if_paused=True) as opened:
            stream = opened.stream(f"{subjects(connection)}.>")
        return f"Signed in; the stream {stream} takes the events."

    def publish(self, connection: Connection, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Over one line, a message at a time."""
        from integration_hub.connectors.nats import line

        with line.opened(connection, "PUB") as opened:
            for message in messages:
                opened.publish(f"{subjects(connection)}.{message.type}", message)
                yield message.key

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """It is a source of nothing."""
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        raise LookupError(f"NATS declares no write {write.effect_type!r}.")

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        raise LookupError(f"NATS declares no write {write.effect_type!r}.")
