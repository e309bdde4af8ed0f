"""What can be done about a break at once: acts of other rooms that bring both sides up to what is true now.

Each may be done any number of times: where nothing differs it changes nothing. What decides on money (crediting,
posting anew) is not among them; the page leads there.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from integration_hub.effects.models import Effect
from integration_hub.kernel.decision import ALLOW, Decision
from integration_hub.people.models import User
from integration_hub.trail.record import Actor
from reconciliation.models import PairBreak

Do = Callable[[Actor], object]


class Act(NamedTuple):
    """One thing to do. `lane` is where it is worked; the pair is reconciled when it is through."""

    says: str
    lane: str
    do: Do
    allowed: Decision = ALLOW


Mends = Callable[[PairBreak, User], Iterator[Act]]
"""The acts that may mend a break, as a person may do them."""


class Row(NamedTuple):
    """A row of ours behind an item, and the key of the item."""

    type: str
    id: int
    key: str


def rows_of(broken: PairBreak) -> Iterator[Row]:
    """The rows behind the items of both sides, as far as the break keeps them."""
    for side in (broken.left, broken.right):
        for item in side["items"]:
            kind, _, pk = item["link"].partition(":")
            if pk:
                yield Row(kind, int(pk), item["key"])


def keys_of(broken: PairBreak) -> list[str]:
    """The keys of the items of both sides, each once."""
    return list(dict.fromkeys(item["key"] for side in (broken.left, broken.right) for item in side["items"]))


def newest_effects(business_keys: list[str], suffix: str) -> list[Effect]:
    """The newest revision of what we sent under these numbers, of effects whose type ends so."""
    rows = Effect.objects.filter(business_key__in=business_keys, effect_type__endswith=suffix)
    newest = rows.order_by("business_key", "-revision", "-pk").distinct("business_key")
    return list(newest.select_related("connection").defer("payload", "remote"))
