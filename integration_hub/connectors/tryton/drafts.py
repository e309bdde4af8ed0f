"""Posting once in Tryton: drafts of a model under our reference, of which one is posted."""

from collections.abc import Callable

from integration_hub.connectors import drafts as shared
from integration_hub.connectors.registry import Sent
from integration_hub.connectors.tryton.client import Client, Domain, Row


def post_once(
    client: Client, model: str, *, standing: Callable[[], Row | None], drafts: Domain, values: Callable[[], Row]
) -> Sent:
    """Bring about that one record of a model is posted under our reference. Raises Failed.

    `standing` reads what is posted under it; `drafts` finds what is not.
    """

    def posted() -> str:
        found = standing()
        return str(found["id"]) if found else ""

    def make() -> int:
        return int(client.tell(f"model.{model}.create", [values()])[0])

    def post(draft: int) -> str:
        client.tell(f"model.{model}.post", [draft])
        return str(draft)

    return shared.post_once(
        standing=posted,
        drafts=lambda: client.ids(model, drafts),
        discard=lambda kept: client.tell(f"model.{model}.delete", kept),
        make=make,
        post=post,
    )
