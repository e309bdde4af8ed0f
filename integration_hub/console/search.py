"""The search box: apps register how they find a row by the ids and numbers people paste."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: what it is, how it is called, where it is opened."""

    kind: str
    label: str
    detail: str
    url: str
    system: str = ""


SEARCH: Registry[Callable[[str, User], Iterable[Hit]]] = Registry("search provider")


def search(query: str, user: User, limit: int = 50) -> dict[str, list[Hit]]:
    """Hits by kind, kinds in the order they were found. Providers see the user and apply their own scope."""
    query = query.strip()
    found: dict[str, list[Hit]] = {}
    if not query:
        return found
    for _, provider in SEARCH:
        for hit in list(provider(query, user))[:limit]:
            found.setdefault(hit.kind, []).append(hit)
    return found
