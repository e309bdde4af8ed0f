"""How whoever did something is called on screens: people and systems by their name, our own parts as Throughline."""

from collections.abc import Callable, Iterable

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User

OURSELVES = "system"

NAMERS: Registry[Callable[[set[str]], dict[str, str]]] = Registry("kind of actor")
"""Rooms that know the names of actors who are not people: given what the trail recorded, names of those they know."""


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """What to call each actor of the trail: `fiona` → `Fiona Hart`, `system:billing` → `Throughline (billing)`.

    Who is gone keeps the name the trail recorded.
    """
    known = set(actors)
    found = {name: _ours(name) for name in known if _is_ours(name)}
    people = User.objects.filter(username__in=known - found.keys()).only("username", "first_name", "last_name")
    found |= {user.username: user.label for user in people}
    for _, names in NAMERS:
        if unknown := known - found.keys():
            found |= names(unknown)
    return {name: found.get(name, name) for name in known}


def name_of(actor: str) -> str:
    """What to call one actor of the trail."""
    return names_of([actor])[actor]


def _is_ours(actor: str) -> bool:
    return actor.partition(":")[0] == OURSELVES


def _ours(actor: str) -> str:
    part = actor.partition(":")[2]
    return f"Throughline ({part})" if part else "Throughline"
