"""Customers under our code: their id in Chargebee, or a field of the site that holds it."""

from integration_hub.connectors import wire
from integration_hub.connectors.billing import key_of
from integration_hub.connectors.chargebee.client import Client, Row
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass


def customer_of(client: Client, code: str) -> Row | None:
    """The customer with our code. Raises Failed where there are two."""
    field = client.setting("customer_field")
    if not field:
        return client.one("customers", "customer", code)
    found = list(client.every("customers", "customer", {f"{field}[is]": code}))
    if len(found) > 1:
        raise Failed(
            FailureClass.REJECTED,
            f"Chargebee has {len(found)} customers with the code {code}: {', '.join(str(row['id']) for row in found)}",
            field="customer_code",
            remedy=f"Leave the code in {field} of one of them only.",
        )
    return found[0] if found else None


def needed(client: Client, code: str) -> Row:
    """The customer with our code. Raises Failed where there is none."""
    found = customer_of(client, code)
    if found is None:
        place = client.setting("customer_field") or "the id"
        raise Failed(
            FailureClass.REJECTED,
            f"Chargebee has no customer with the code {code}",
            field="customer_code",
            remedy=f"Make the customer in Chargebee with the code as {place}, or name the field that holds it in the "
            "setting customer_field.",
        )
    return found


def upsert(client: Client, write: Write) -> Sent:
    """Make the customer, or bring it to what is meant now."""
    code, values = write.payload["customer_code"], _values(write)
    known = customer_of(client, code)
    if known is None:
        own = {client.setting("customer_field", "id"): code, "auto_collection": "off"}
        made = client.post("customers", "customer", {**own, **values}, key=key_of(write, "customer"))
        return Sent(remote_id=str(made["id"]), status=200)
    if not _is_as_meant(known, write):
        key = key_of(write, f"change of {known['id']} at {known.get('resource_version')}")
        client.post(f"customers/{known['id']}", "customer", values, key=key)
    return Sent(remote_id=str(known["id"]), status=200, body={"already": True})


def find(client: Client, write: Write) -> Confirmed | None:
    """The customer, if it is as this write wants it."""
    found = customer_of(client, write.payload["customer_code"])
    if found is None or not _is_as_meant(found, write):
        return None
    return Confirmed(str(found["id"]), facts={"name": found.get("company"), "email": found.get("email")})


def _values(write: Write) -> Row:
    return {"company": write.payload["name"], "email": write.payload.get("email")}


def _is_as_meant(found: Row, write: Write) -> bool:
    wanted = _values(write)
    return all(not wanted[name] or wire.same(found.get(name), wanted[name]) for name in wanted)
