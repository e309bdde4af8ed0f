"""How whoever did something is called on screens: people by their name, our own parts as Throughline."""

from collections.abc import Iterable

from integration_hub.people.models import User

OURSELVES = "system"


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """What to call each actor of the trail: `fiona` → `Fiona Hart`, `system:billing` → `Throughline (billing)`.

    A system that reported something, and a person who is gone, keep the name they are recorded under.
    """
    known = set(actors)
    people = User.objects.filter(username__in=[name for name in known if not _is_ours(name)])
    found = {user.username: user.label for user in people.only("username", "first_name", "last_name")}
    return {name: _ours(name) if _is_ours(name) else found.get(name, name) for name in known}


def name_of(actor: str) -> str:
    """What to call one actor of the trail."""
    return names_of([actor])[actor]


def _is_ours(actor: str) -> bool:
    return actor.partition(":")[0] == OURSELVES


def _ours(actor: str) -> str:
    part = actor.partition(":")[2]
    return f"Throughline ({part})" if part else "Throughline"
