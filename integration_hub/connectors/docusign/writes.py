"""Our reference on an envelope: one text custom field, looked for before it is put there."""

from integration_hub.connectors.composed import Effect
from integration_hub.connectors.docusign.client import Client
from integration_hub.connectors.docusign.manifest import ENVELOPE_REFERENCE, FIELD
from integration_hub.connectors.docusign.payloads import DocusignField
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass


def _envelope(write: Write) -> str:
    return str(write.payload.get("remote_id") or write.remote_id)


def _known(client: Client, write: Write) -> DocusignField | None:
    """Our field as it stands there. Raises Failed when there is no such envelope."""
    fields = client.fields(_envelope(write))
    if fields is None:
        raise Failed(
            FailureClass.DATA,
            f"{write.business_key}: there is no envelope {_envelope(write)}",
            field="remote_id",
            remedy="Nothing: what is gone carries no reference.",
        )
    name = client.setting("reference_field", FIELD)
    return next((field for field in fields if field.name == name), None)


def send(client: Client, write: Write) -> Sent:
    """Put the reference on the envelope, or in the place of another one."""
    envelope, wanted = _envelope(write), str(write.payload["reference"])[:100]
    known = _known(client, write)
    if known is not None and known.value == wanted:
        return Sent(remote_id=envelope, status=200)
    name = client.setting("reference_field", FIELD)
    field = DocusignField(fieldId=known.fieldId if known else "", name=name, value=wanted)
    return Sent(remote_id=envelope, status=client.write_field(envelope, field))


def find(client: Client, write: Write) -> Confirmed | None:
    """The envelope, if it carries this reference."""
    fields = client.fields(_envelope(write)) or []
    name, wanted = client.setting("reference_field", FIELD), str(write.payload["reference"])[:100]
    if not any((field.name, field.value) == (name, wanted) for field in fields):
        return None
    return Confirmed(_envelope(write), wanted, {name: wanted})


EFFECTS = {ENVELOPE_REFERENCE: Effect(send, find)}
