"""The credentials of a connection: sealed in its row, opened only to sign in or to check a webhook."""

import json

from integration_hub.connectors import secrets
from integration_hub.connectors.models import Connection

CREDENTIALS, WEBHOOK = "credentials", "webhook_secret"


def read(connection: Connection) -> dict[str, str]:
    """The credentials by setting name; empty when none were set. Raises secrets.SecretUnreadable."""
    if not connection.sealed_credentials:
        return {}
    opened: dict[str, str] = json.loads(
        secrets.open_(connection.sealed_credentials, bound_to=_place(connection.code, CREDENTIALS))
    )
    return opened


def webhook_secret(connection: Connection) -> str:
    """The secret webhooks of this connection are signed with; empty when there is none."""
    if not connection.sealed_webhook_secret:
        return ""
    return secrets.open_(connection.sealed_webhook_secret, bound_to=_place(connection.code, WEBHOOK))


def sealed(code: str, credentials: dict[str, str]) -> bytes:
    """Credentials sealed for the connection with this code."""
    return secrets.seal(json.dumps(credentials, sort_keys=True), bound_to=_place(code, CREDENTIALS))


def sealed_webhook_secret(code: str, secret: str) -> bytes:
    """A webhook secret sealed for the connection with this code; no secret stays no bytes."""
    return secrets.seal(secret, bound_to=_place(code, WEBHOOK)) if secret else b""


def reseal(connection: Connection) -> bool:
    """Put both secrets under the newest key, in memory; whether anything changed."""
    changed = False
    for field, place in (("sealed_credentials", CREDENTIALS), ("sealed_webhook_secret", WEBHOOK)):
        value = getattr(connection, field)
        if value and not secrets.is_current(value):
            setattr(connection, field, secrets.reseal(value, bound_to=_place(connection.code, place)))
            changed = True
    return changed


def _place(code: str, field: str) -> str:
    return f"connection:{code}:{field}"
