"""Posting once in an ERP without keys: a draft is made under our reference, and one is posted."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from integration_hub.connectors.registry import Sent
from integration_hub.kernel.failures import Failed, FailureClass

Draft = TypeVar("Draft")


def post_once(
    *,
    standing: Callable[[], str],
    drafts: Callable[[], list[Draft]],
    discard: Callable[[list[Draft]], object],
    make: Callable[[], Draft],
    post: Callable[[Draft], str],
) -> Sent:
    """Bring about that one document is posted under our reference. Raises Failed.

    `standing` is the remote id of what is posted under it, if anything; `drafts` finds what is not; `post` returns the
    remote id of what it posted. A draft that an earlier attempt left may say something else than what is meant now: it
    makes place for a new one. So does one that the target will not post. A request that comes in late can only make a
    draft, which nobody posts.
    """
    if found := standing():
        return _already(found)
    try:
        if kept := drafts():
            discard(kept)
        return Sent(remote_id=post(make()), status=200)
    except Failed as failure:
        if failure.kind is FailureClass.REJECTED:
            if found := standing():  # An earlier attempt that was thought lost was at it until now.
                return _already(found)
            with suppress(Failed):
                if kept := drafts():
                    discard(kept)
        raise


def _already(found: str) -> Sent:
    return Sent(remote_id=found, status=200, body={"already": True})
