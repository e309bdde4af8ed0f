"""What is written to Jira: our references, as properties of a project. A property is put by its key, once or again."""

from typing import Any

from integration_hub.connectors.composed import Effect
from integration_hub.connectors.jira.client import Client
from integration_hub.connectors.jira.manifest import INVOICE_STATUS
from integration_hub.connectors.registry import Confirmed, Sent, Write

PREFIX = "throughline.invoice."


def _key(write: Write) -> str:
    return f"{PREFIX}{write.payload['reference']}"


def _value(write: Write) -> dict[str, Any]:
    payload = write.payload
    told = {name: str(payload[name]) for name in ("status", "amount", "currency")}
    return {"invoice": str(payload["reference"]), **told}


def _tell(client: Client, write: Write) -> Sent:
    project = str(write.payload["project_remote_id"])
    return Sent(remote_id=project, status=client.put_property(project, _key(write), _value(write)))


def _told(client: Client, write: Write) -> Confirmed | None:
    project = str(write.payload["project_remote_id"])
    found = client.property_of(project, _key(write))
    return Confirmed(project, str(write.payload["reference"]), dict(found)) if found == _value(write) else None


EFFECTS: dict[str, Effect[Client]] = {INVOICE_STATUS: Effect(_tell, _told)}
