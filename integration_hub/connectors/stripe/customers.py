"""Customers under our code: found though a search does not know the newest, made, and renamed."""

from collections.abc import Iterator
from datetime import datetime

from integration_hub.connectors import wire
from integration_hub.connectors.billing import key_of
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.stripe.client import Client, Row
from integration_hub.connectors.versions import moved
from integration_hub.kernel.failures import Failed, FailureClass

CODE = "throughline_customer"
_INDEXED_AFTER = 3600.0
"""Seconds after which a search surely knows of a customer; Stripe says a minute."""


def customer_of(client: Client, code: str) -> Row | None:
    """The customer with our code. Raises Failed where there are two."""
    found = {str(row["id"]): row for row in _candidates(client, code) if row["metadata"].get(CODE) == code}
    if len(found) > 1:
        raise Failed(
            FailureClass.REJECTED,
            f"Stripe has {len(found)} customers with the code {code}: {', '.join(sorted(found))}",
            field="customer_code",
            remedy=f"Leave the metadata {CODE} on one of them only.",
        )
    return next(iter(found.values()), None)


def _candidates(client: Client, code: str) -> Iterator[Row]:
    """What a search knows of, read again, and whoever it may not know of yet."""
    said = code.replace("\\", "\\\\").replace("'", "\\'")
    known = client.search("customers", f"metadata['{CODE}']:'{said}'")
    for row in known:
        if fresh := client.one(f"customers/{row['id']}"):
            yield fresh
    if not known:
        since = int(datetime.fromisoformat(moved(client.answered_at, -_INDEXED_AFTER)).timestamp())
        yield from client.every("customers", {"created[gte]": since})


def needed(client: Client, code: str) -> Row:
    """The customer with our code. Raises Failed where there is none."""
    found = customer_of(client, code)
    if found is None:
        raise Failed(
            FailureClass.REJECTED,
            f"Stripe has no customer with the code {code}",
            field="customer_code",
            remedy=f"Write the code into the metadata {CODE} of the customer in Stripe.",
        )
    return found


def upsert(client: Client, write: Write) -> Sent:
    """Make the customer, or bring it to what is meant now."""
    values = _values(write)
    known = customer_of(client, write.payload["customer_code"])
    if known is None:
        return Sent(remote_id=str(client.post("customers", values, key=key_of(write, "customer"))["id"]), status=200)
    if not _is_as_meant(known, write):
        client.post(f"customers/{known['id']}", values, key=key_of(write, f"change of {known['id']}"))
    return Sent(remote_id=str(known["id"]), status=200, body={"already": True})


def find(client: Client, write: Write) -> Confirmed | None:
    """The customer, if it is as this write wants it."""
    found = customer_of(client, write.payload["customer_code"])
    if found is None or not _is_as_meant(found, write):
        return None
    return Confirmed(str(found["id"]), facts={"name": found.get("name"), "email": found.get("email")})


def _values(write: Write) -> Row:
    payload = write.payload
    return {"name": payload["name"], "email": payload.get("email"), "metadata": {CODE: payload["customer_code"]}}


def _is_as_meant(found: Row, write: Write) -> bool:
    wanted = _values(write)
    return all(not wanted[name] or wire.same(found.get(name), wanted[name]) for name in ("name", "email"))
