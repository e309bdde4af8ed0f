"""Posting once in an ERP without keys: a draft is made under our reference, and one is posted."""

from collections.abc import Callable
from contextlib import suppress

from integration_hub.connectors.registry import Sent
from integration_hub.connectors.tryton.client import Client, Domain, Row
from integration_hub.kernel.failures import Failed, FailureClass


def post_once(
    client: Client, model: str, *, standing: Callable[[], Row | None], drafts: Domain, values: Callable[[], Row]
) -> Sent:
    """Bring about that one record of a model is posted under our reference. Raises Failed.

    `standing` reads what is posted under it; `drafts` finds what is not. A draft that an earlier attempt left may say
    something else than what is meant now: it makes place for a new one. So does one that Tryton will not post. A
    request that comes in late can only make a draft, which nobody posts.
    """
    if found := standing():
        return _already(found)
    kept = client.ids(model, drafts)
    try:
        if kept:
            client.tell(f"model.{model}.delete", kept)
        kept = client.tell(f"model.{model}.create", [values()])
        client.tell(f"model.{model}.post", kept)
    except Failed as failure:
        if failure.kind is FailureClass.REJECTED:
            if found := standing():  # An earlier attempt that was thought lost was at it until now.
                return _already(found)
            if kept:
                with suppress(Failed):
                    client.tell(f"model.{model}.delete", kept)
        raise
    return Sent(remote_id=str(kept[0]), status=200)


def _already(found: Row) -> Sent:
    return Sent(remote_id=str(found["id"]), status=200, body={"already": True})
