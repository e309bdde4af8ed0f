"""How old is what we see: each source says when it last spoke and whether that is too long ago."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a source was last read. `as_of` is None when it never was; `late` is the source's own judgement."""

    system: str
    as_of: datetime | None
    late: bool = False
    url: str = ""


FRESHNESS: Registry[Callable[[User], Iterable[Freshness]]] = Registry("freshness provider")


def freshness_for(user: User) -> list[Freshness]:
    """All sources the person may know of, late ones first."""
    found = [item for _, provider in FRESHNESS for item in provider(user)]
    return sorted(found, key=lambda item: (not item.late, item.system))
