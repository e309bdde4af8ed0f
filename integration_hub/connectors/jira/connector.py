"""Jira with Tempo as a connector: work by Jira's changes, billing and approval by Tempo, references as properties."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors.jira import reads
from integration_hub.connectors.jira.client import Client
from integration_hub.connectors.jira.manifest import MANIFEST, PERMISSIONS
from integration_hub.connectors.jira.writes import EFFECTS
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Page, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass


class JiraConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Ask whose token it is, and for each right that is needed on either side."""
        client = Client(connection, even_if_paused=True)
        me = client.me()
        if lacking := client.lacking(PERMISSIONS):
            named = ", ".join(f"{PERMISSIONS[name]} ({name})" for name in lacking)
            raise Failed(
                FailureClass.AUTH,
                f"Jira: {me.get('displayName') or 'the user'} lacks the permission {named}",
                remedy="Give the integration user this permission in all projects that are billed.",
            )
        if lacking := client.tempo.lacking():
            raise Failed(
                FailureClass.AUTH,
                f"Tempo: the token lacks the scope {', '.join(lacking)}",
                remedy="Make a token with this scope (Tempo, Settings, API Integration).",
            )
        return f"Signed in to Jira as {me.get('displayName', '')} ({me.get('accountId', '')}), and to Tempo."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Records changed since the cursor (less an overlap); people, projects and recent timesheets whole."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        return reads.read(Client(connection), entity, cursor, overlap)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Put a property."""
        self.manifest.write(write.effect_type)
        return EFFECTS[write.effect_type].send(Client(connection), write)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """The property, if it says what the write wants."""
        self.manifest.write(write.effect_type)
        return EFFECTS[write.effect_type].find(Client(connection), write)
