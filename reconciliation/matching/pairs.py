"""What is compared: pairs of sides. A side is read as items, by one query here or row by row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from integration_hub.intake.models import Feed
from integration_hub.kernel.registry import Registry


class Item(NamedTuple):
    """One thing a side has.

    `key` is its identity on its side; `ref` the reference both sides share, empty where there is none. `amount` is
    what is compared, in `currency` (empty: minutes, or 0 where nothing is counted). `at` is when the side last changed
    it, `was` its amount in the first version known, where that is another. `link` is the row it is, `type:id`.
    """

    key: str
    ref: str
    legal_entity: str
    currency: str = ""
    amount: Decimal = Decimal(0)
    net: Decimal | None = None
    tax: Decimal | None = None
    on_date: date | None = None
    at: datetime | None = None
    party: str = ""
    label: str = ""
    was: Decimal | None = None
    link: str = ""


COLUMNS = Item._fields


class Unread(NamedTuple):
    """A record that is there and could not be understood: it stops a certificate."""

    key: str
    why: str


@dataclass(slots=True)
class Reading:
    """What one side read: `sql` selects `COLUMNS` in their order, `items` are added to it."""

    sql: tuple[str, Sequence[Any]] | None = None
    items: Iterable[Item] = ()
    unread: list[Unread] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair. `read(legal entity code or "")` gives all its items; `brought` are the feeds that bring them
    here, None for our own rows.

    Our own rows are whole up to the moment of the run, what feeds bring up to the oldest of their last readings.
    """

    name: str
    read: Callable[[str], Reading]
    brought: Callable[[str], list[Feed]] | None = None

    def feeds(self, legal_entity: str) -> list[Feed]:
        """The feeds that bring it; none for our own rows."""
        return self.brought(legal_entity) if self.brought is not None else []


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides that must have the same items. `grace` is how long something may be under way between them."""

    name: str
    title: str
    about: str
    left: Side
    right: Side
    grace: timedelta = timedelta(days=1)
    weight: int = 50
    view: str = "billing.view_invoice"
    """The right to see the items of both sides."""
    optional: bool = False
    """Some firms have no system that tells of it: without feeds both sides are empty, and nothing is refused."""


PAIRS: Registry[Pair] = Registry("pair")


def ordered() -> list[Pair]:
    """All pairs as lists show them."""
    return sorted((pair for _, pair in PAIRS), key=lambda pair: (pair.weight, pair.name))
