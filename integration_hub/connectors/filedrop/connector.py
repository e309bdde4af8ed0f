"""File drop as a connector: a manifest. Its files are read where they arrive, in intake; nothing is written."""

from collections.abc import Iterator
from typing import Any

from integration_hub.canonical import ENTITIES
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, FeedSpec, Manifest, Page, Sent, Setting, Write
from integration_hub.connectors.traits import Trait

_WEIGHTS = {entity: 10 * (number + 1) for number, entity in enumerate(ENTITIES)}
"""The order of the canonical entities is parents first."""
_LATE = {"bank_line": 4 * 24 * 3600}
"""Banks tell of a day on the next working day: a long weekend is not late."""

MANIFEST = Manifest(
    vendor="filedrop",
    title="File drop",
    role="file",
    feeds=tuple(
        FeedSpec(entity, f"Files of {entity}", weight, late_after_seconds=_LATE.get(entity, 3600))
        for entity, weight in _WEIGHTS.items()
    ),
    writes=(),
    settings=(
        Setting("folder", "Folder that is watched, inside the data directory", required=False),
        Setting("entities", "Entities that are dropped here", required=False, help="A JSON list."),
    ),
    limits="Size of one file: THROUGHLINE_MAX_BODY_BYTES for uploads, none for the folder.",
    scopes="Read access to the folder.",
    without=dict.fromkeys(Trait, "Files come to us: there is nobody to call, to write to or to ask."),
)


class FileDropConnector:
    """Files come to us: there is no vendor to call."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Nothing to sign in to."""
        return "Files are read when they are dropped."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """No pages: intake reads the files themselves."""
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        raise LookupError(f"File drop declares no write {write.effect_type!r}.")

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        raise LookupError(f"File drop declares no write {write.effect_type!r}.")
