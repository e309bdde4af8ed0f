"""The search box: apps register how they find a row by the ids and numbers people paste."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

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
    """Hits by kind, each screen once: first what is called exactly so, then what was found first.

    Providers see the user and apply their own scope.
    """
    query = query.strip()
    if not query:
        return {}
    hits = [hit for _, provider in SEARCH for hit in islice(provider(query, user), limit)]
    hits.sort(key=lambda hit: hit.label.casefold() != query.casefold())
    found: dict[str, dict[str, Hit]] = {}
    for hit in hits:
        found.setdefault(hit.kind, {}).setdefault(hit.url or f"{hit.label} {hit.detail}", hit)
    return {kind: list(unique.values()) for kind, unique in found.items()}
