"""What a check of a close looks at, and what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet, Sum
from django.urls import reverse

from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO, Basis
from integration_hub.people.models import Role, User


@dataclass(frozen=True, slots=True)
class Period:
    """The days of one legal entity that are closed, both inclusive, and the moment they are looked at."""

    legal_entity: str
    starts_on: date
    ends_on: date
    cut_off_on: date
    moment: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the way: how many, their money per currency (None: not counted in money), hours, and in words.

    Nothing found is a count of nought and no words.
    """

    count: int = 0
    money: Mapping[str, Decimal] = field(default_factory=dict)
    basis: Basis = ""
    minutes: Decimal | None = None
    words: tuple[str, ...] = ()
    url: str = ""

    @property
    def clear(self) -> bool:
        """Whether nothing was found."""
        return not self.count and not self.words

    @property
    def hours(self) -> Decimal | None:
        """Hours, where it is counted in time."""
        return None if self.minutes is None else self.minutes / 60

    @property
    def digest(self) -> str:
        """What an acceptance is bound to: the findings without the address of their list."""
        return content_hash(self.told)

    @property
    def told(self) -> dict[str, Any]:
        """The findings as plain values, amounts as text."""
        return {
            "count": self.count,
            "money": {currency: format(amount, "f") for currency, amount in sorted(self.money.items())},
            "basis": self.basis,
            "minutes": None if self.minutes is None else format(self.minutes, "f"),
            "words": list(self.words),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist.

    `days` is how long before the cut-off it should be done. What is `acceptable` may stand with a reason: it changes
    when something is billed, not whether the figures are true. `permission` is needed to see its money.
    """

    name: str
    title: str
    asks: str
    owner: Role
    days: int
    find: Callable[[Period], Found]
    acceptable: bool = False
    permission: str = ""

    def shows_money_to(self, user: User) -> bool:
        """Whether a person may see its money."""
        return not self.permission or user.has_perm(self.permission)

    def due_on(self, period: Period) -> date:
        """The day by which it should be clear; never before the period is over."""
        return max(period.ends_on, period.cut_off_on - timedelta(days=self.days))


def listed(address: str, **filters: object) -> str:
    """The address of the list behind a finding."""
    return f"{reverse(address)}?{urlencode({name: value for name, value in filters.items() if value}, doseq=True)}"


def sums(rows: "QuerySet[Any]", amount: str = "amount", currency: str = "currency") -> dict[str, Decimal]:
    """The money of rows per currency; rows without an amount or a currency have none."""
    known = rows.exclude(**{f"{amount}__isnull": True}).exclude(**{currency: ""}).order_by()
    found = known.values_list(currency).annotate(total=Sum(amount))
    return {code: total or ZERO for code, total in sorted(found)}
