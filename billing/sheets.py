"""How far the billing of delivered work is: of a selection, and by sheet, which is a person's week. Screens, REST and
scenarios ask here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, NullIf, TruncWeek

from billing.engine.sheets import BILLED, Part, Standing, standing
from billing.models import Piece
from integration_hub.kernel.money import ZERO

_WORTH = Case(When(state__in=sorted(BILLED), then=Coalesce("net", "amount")), default=F("amount"))
"""What is billed counts as it was printed, the rest as it is priced."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The time of a person in a week that begins on a Monday, in one currency."""

    person: str
    name: str
    monday: date
    currency: str
    standing: Standing

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)


def in_currency() -> Coalesce:
    """The currency of a piece, else of its contract."""
    return Coalesce(NullIf("currency", Value("")), "contract__currency", Value(""))


def standings(pieces: "QuerySet[Piece]") -> dict[str, Standing]:
    """Where a selection of current pieces stands, by currency; one query."""
    found: dict[str, list[Part]] = defaultdict(list)
    for row in _grouped(pieces, in_=in_currency()):
        found[row["in_"]].append(_part(row))
    return {currency: standing(parts) for currency, parts in sorted(found.items())}


def sheets(pieces: "QuerySet[Piece]") -> list[Sheet]:
    """The sheets of people of a selection, the latest week first; one query."""
    time = pieces.filter(event__kind="time", event__resource__isnull=False)
    keys = {"monday": TruncWeek("event__service_date"), "person": F("event__resource__code"),
            "name": F("event__resource__name"), "in_": in_currency()}  # fmt: skip
    found: dict[tuple[Any, ...], list[Part]] = defaultdict(list)
    for row in _grouped(time, **keys):
        found[row["person"], row["name"], row["monday"], row["in_"]].append(_part(row))
    made = [
        Sheet(person, name, monday, currency, standing(parts))
        for (person, name, monday, currency), parts in found.items()
    ]
    return sorted(made, key=lambda one: (-one.monday.toordinal(), one.name, one.person, one.currency))


def _grouped(pieces: "QuerySet[Piece]", **keys: Any) -> Iterable[Mapping[str, Any]]:
    grouped = pieces.order_by().select_related(None).values("state", **keys)
    return grouped.annotate(
        worth=Sum(_WORTH), worked=Sum("minutes"), without=Count("pk", filter=Q(amount__isnull=True))
    )


def _part(row: Mapping[str, Any]) -> Part:
    return Part(row["state"], row["worth"] or ZERO, row["worked"] or ZERO, row["without"])
