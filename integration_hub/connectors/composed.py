"""A connector put together from a client, a module that reads, and a table of effects: what most of them have alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Control, Manifest, Page, Sent, Window, Write

Client = TypeVar("Client")
_Asks = TypeVar("_Asks", contravariant=True)


@dataclass(frozen=True, slots=True)
class Effect(Generic[Client]):
    """How one effect is sent and found."""

    send: Callable[[Client, Write], Sent]
    find: Callable[[Client, Write], Confirmed | None]


class Reads(Protocol[_Asks]):
    """What a vendor's `reads` module offers."""

    def read(self, client: _Asks, entity: str, cursor: dict[str, Any], overlap: float) -> Iterator[Page]:
        """Pages of a feed after the cursor, going back behind it by so many seconds."""
        ...

    def control(self, client: _Asks, entity: str, window: Window) -> Control:
        """The vendor's own count."""
        ...

    def roll(self, client: _Asks, entity: str, window: Window) -> Iterator[str]:
        """Ids of exactly the records `control` counts."""
        ...


class Composed(Generic[Client]):
    """One vendor; see the registry for the meaning of the methods. A subclass names the parts and adds `check`."""

    manifest: Manifest
    client: Callable[[Connection], Client]
    reads: Reads[Client]
    effects: Mapping[str, Effect[Client]]

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return self.reads.read(self.client(connection), entity, cursor, overlap)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        return self.reads.control(self.client(connection), entity, window)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        return self.reads.roll(self.client(connection), entity, window)

    def send(self, connection: Connection, write: Write) -> Sent:
        return self._effect(write).send(self.client(connection), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        return self._effect(write).find(self.client(connection), write)

    def _effect(self, write: Write) -> Effect[Client]:
        self.manifest.write(write.effect_type)
        return self.effects[write.effect_type]
