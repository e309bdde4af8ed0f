"""Telling other systems what happened: the one port that webhook consumers and brokers share (ADR 0028)."""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from integration_hub.connectors.models import Connection


@dataclass(frozen=True, slots=True)
class Message:
    """One business event as it is sent. `key` and `body` are the same however often that happens."""

    key: str
    """What a receiver knows a message by that it has already, e.g. `evt_1234`."""
    type: str
    """Dotted name of what happened, e.g. `billing.hold.released`."""
    at: datetime
    body: bytes
    """UTF-8 JSON."""

    @property
    def text(self) -> str:
        """The body as text, which signatures are made over."""
        return self.body.decode()

    @property
    def said(self) -> Any:
        """The body as a value, to be shown."""
        return json.loads(self.body)


@runtime_checkable
class Publishing(Protocol):
    """A connector whose other side is told of events."""

    portion: int
    """How many messages are handed over at a time."""

    def publish(self, connection: Connection, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Hand messages over strictly in this order; yields the key of each as soon as the other side has it for good.

        Raises `kernel.failures.Failed` when the next one was not taken; nothing behind it is sent then. An answer that
        got lost is TRANSIENT: sent again under the same key the receiver sees it has it.
        """
        ...
