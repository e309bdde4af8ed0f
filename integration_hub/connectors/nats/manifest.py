"""What an administrator sets up for a NATS server."""

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Manifest, Setting
from integration_hub.connectors.traits import Trait

SUBJECTS = "throughline"

MANIFEST = Manifest(
    vendor="nats",
    title="NATS JetStream",
    role="downstream",
    feeds=(),
    writes=(),
    settings=(
        Setting("subjects", "First part of subjects", required=False, default=SUBJECTS),
        Setting("token", "Token", secret=True, required=False),
        Setting("user", "User", secret=True, required=False),
        Setting("password", "Password", secret=True, required=False),
    ),
    schemes=("nats", "tls"),
    limits="The stream's own: a full one that discards nothing refuses, and events wait here.",
    windows="None.",
    webhook="None.",
    scopes="Publish to the subjects, and a stream that keeps them: nothing is sent that no stream takes.",
    without=dict.fromkeys(Trait, "It speaks NATS and is told of events: tests/connectors/test_nats.py tries it."),
)


def subjects(connection: Connection) -> str:
    """The first part of the subjects of a connection."""
    return str(connection.settings.get("subjects") or SUBJECTS)
