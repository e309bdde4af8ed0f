"""What a connection to an org is set up with, whatever product is in it."""

import json
from datetime import timedelta
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Setting
from integration_hub.kernel.failures import Failed, FailureClass

RECYCLE_BIN = timedelta(days=15)
"""How long deleted records can be queried."""

SETTINGS = (
    Setting("client_id", "Consumer key of the External Client App", secret=True),
    Setting("client_secret", "Consumer secret (client credentials)", secret=True, required=False),
    Setting("private_key", "PEM private key (JWT bearer)", secret=True, required=False),
    Setting("auth", "How to sign in", default="client_credentials", help="client_credentials or jwt_bearer."),
    Setting("username", "User the JWT signs in as", required=False, help="With jwt_bearer only."),
    Setting("audience", "Audience of the JWT", required=False, default="https://login.salesforce.com"),
    Setting("api_version", "API version", default="62.0"),
    Setting("page_size", "Rows per page, 200 to 2000", required=False),
)
LIMITS = "Rolling daily quota of calls, shared with every other integration; used up it answers 403."
UNCONFIRMED = (
    "Session length is an org policy: a new sign-in follows a 401, never a clock.",
    "Deleted records are taken to stay in the recycle bin for 15 days; a full bin empties earlier.",
)


def table(connection: Connection, name: str) -> dict[str, Any]:
    """A setting that is a JSON object, also where a form kept it as text. Raises Failed when it is none."""
    given = connection.settings.get(name) or {}
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Failed(
            FailureClass.MAPPING,
            f"The setting {name} of {connection} is no JSON object",
            field=name,
            remedy='Enter it as {"name": "value"}.',
        )
    return found
