"""What a key may do: a restricted key is tried in everything we ask of it, and what it lacks is named."""

import re
from collections.abc import Iterator

from integration_hub.connectors.stripe.client import VERSION, Client
from integration_hub.connectors.transport import Ask
from integration_hub.kernel.failures import Failed, FailureClass

NOBODY = "throughline_check"
"""An id that no object has: to ask to change it changes nothing, and tells whether we might."""
_PERMISSION = re.compile(r"'(rak_\w+)' permission")


def lacking(client: Client) -> list[str]:
    """Permissions the key lacks, in Stripe's own names where it tells them. Raises Failed for anything else."""
    missing = []
    for title, ask in _questions():
        try:
            client.session.ask(ask)
        except Failed as failure:
            if failure.status != 403:
                raise
            told = _PERMISSION.search(failure.message)
            missing.append(told[1] if told else title)
    return list(dict.fromkeys(missing))


def refuse_missing(client: Client) -> None:
    """Raises Failed(AUTH) that names every permission the key lacks."""
    if missing := lacking(client):
        raise Failed(
            FailureClass.AUTH,
            f"The Stripe key lacks {', '.join(missing)}",
            remedy="Edit the restricted key in Stripe and give it these permissions.",
            status=403,
        )


def _questions() -> Iterator[tuple[str, Ask]]:
    headers = {"Stripe-Version": VERSION}
    for name in ("customers", "invoices", "invoice_payments", "credit_notes", "events"):
        yield f"{name} (read)", Ask("GET", f"/v1/{name}", write=False, params={"limit": 1}, headers=headers)
    for name in ("customers", "invoices", "credit_notes"):
        # 404 is the answer to somebody who may.
        yield (
            f"{name} (write)",
            Ask("POST", f"/v1/{name}/{NOBODY}", write=False, headers=headers, expected=(400, 404)),
        )
