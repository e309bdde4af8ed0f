"""What a measure is: sums by legal entity, customer and currency, and the figures derived from them.

A figure that is a ratio is derived from sums, so that its total is that of the whole and no average of averages.
Nothing is ever added across currencies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import connection
from django.db.models import Q, QuerySet

from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q

Sums = Mapping[str, Decimal]
Month = date
"""By its first day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: the period with both ends (its end is the as-of day of balances), and whom it covers."""

    user: User
    start: date
    end: date
    legal_entity: str = ""
    customer: str = ""
    currency: str = ""
    by: str = ""
    """What the lines are of, by the slug of one of the measure's cuts; empty: its first."""

    @property
    def days(self) -> int:
        """Days of the period."""
        return (self.end - self.start).days + 1

    def rows(
        self, rows: "QuerySet[Any]", *, entity: str = "legal_entity", customer: str, else_currency: str = ""
    ) -> "QuerySet[Any]":
        """Rows within the person's legal entities and what was asked; paths to legal entity and customer, and to the
        currency of rows that have none of their own.
        """
        wanted = scope_q(self.user, f"{entity}__code")
        if self.legal_entity:
            wanted &= Q(**{f"{entity}__code": self.legal_entity})
        if self.customer:
            wanted &= Q(**{f"{customer}__code__iexact": self.customer}) | Q(
                **{f"{customer}__name__icontains": self.customer}
            )
        if self.currency:
            of_it = Q(currency=self.currency)
            wanted &= of_it | Q(**{"currency": "", else_currency: self.currency}) if else_currency else of_it
        return rows.filter(wanted).order_by()

    def condition(self, *, entity: str = "entity.code", customer: str = "", currency: str = "") -> str:
        """The same as SQL over these expressions, with `parameters`; `customer` is an alias of the customers' table."""
        wanted = [f"(%(everything)s OR {entity} = ANY(%(entities)s))", f"(%(entity)s IN ('', {entity}))"]
        if customer:
            named = f"upper({customer}.code) = upper(%(customer)s) OR {customer}.name ILIKE %(customer_like)s"
            wanted.append(f"(%(customer)s = '' OR {named})")
        if currency:
            wanted.append(f"(%(currency)s IN ('', {currency}))")
        return " AND ".join(wanted)

    @property
    def parameters(self) -> dict[str, Any]:
        """What `condition` asks for, and the period."""
        literal = self.customer.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "everything": self.user.all_legal_entities,
            "entities": list(self.user.legal_entities),
            "entity": self.legal_entity,
            "customer": self.customer,
            "customer_like": f"%{literal}%",
            "currency": self.currency,
            "start": self.start,
            "end": self.end,
        }


@dataclass(frozen=True, slots=True)
class Cut:
    """What the lines of a measure are of: `slug` and `slug`_code are their names in files and answers."""

    slug: str
    title: str
    none: str = "None"
    """What the line is called that belongs to none of them."""


CUSTOMER = Cut("customer", "Customer", "No contract")
CONTRACT = Cut("contract", "Contract", "No contract")
PROJECT = Cut("project", "Project", "No project")


@dataclass(frozen=True, slots=True)
class Key:
    """Whose figures they are: of one customer, contract, project, … of a legal entity in one currency."""

    legal_entity: str
    code: str
    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """The sums of one key, with an address to the rows behind them."""

    key: Key
    sums: Sums
    url: str = ""

    @property
    def currency(self) -> str:
        """For columns of money."""
        return self.key.currency


@dataclass(frozen=True, slots=True)
class Figure:
    """One column: money of the row's currency, a number, hours, days or a share, made of the row's sums.

    None where nobody can know: nothing to divide by, no price.
    """

    name: str
    label: str
    kind: Literal["money", "number", "hours", "percent"]
    of: Callable[[Sums], Decimal | None]
    leading: bool = False
    """The one that its trend shows."""


def summed(name: str) -> Callable[[Sums], Decimal | None]:
    """A sum as it is."""
    return lambda sums: sums.get(name, ZERO)


def ratio(over: str, under: str, times: Callable[[Sums], Decimal] | None = None) -> Callable[[Sums], Decimal | None]:
    """One sum by another; None where there is nothing to divide by."""

    def derived(sums: Sums) -> Decimal | None:
        whole = sums.get(under, ZERO)
        if not whole:
            return None
        return sums.get(over, ZERO) / whole * (times(sums) if times is not None else 1)

    return derived


def by(formula: Callable[..., Decimal | None], *names: str) -> Callable[[Sums], Decimal | None]:
    """A formula of §4 over sums, named in the order of its values."""
    return lambda sums: formula(*(sums.get(name, ZERO) for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure. `lines` and `months` answer in a fixed number of statements, however many rows there are."""

    slug: str
    title: str
    question: str
    formula: str
    version: int
    counted: str
    """What its population is made of: `pieces`, `invoices`."""
    permission: str
    figures: Sequence[Figure]
    lines: Callable[[Asked], list[Line]]
    months: Callable[[Asked], dict[str, dict[Month, Sums]]]
    """Sums by currency and month, for the trend of the leading figure."""
    notes: Sequence[str] = field(default=())
    cuts: Sequence[Cut] = field(default=(CUSTOMER,))
    in_currencies: bool = True
    """Whether it has money at all; hours alone are the same in every currency."""
    is_balance: bool = False
    """Whether it stands at the end of the period, instead of flowing through it."""

    @property
    def leading(self) -> Figure:
        """The figure that the trend shows."""
        return next(figure for figure in self.figures if figure.leading)

    @property
    def shown(self) -> list[Figure]:
        """The figures in the order of tables: the leading one, which answers the question, then what it is made of."""
        return [self.leading, *(figure for figure in self.figures if not figure.leading)]

    def cut(self, asked: Asked) -> Cut:
        """What the lines are of."""
        return next((cut for cut in self.cuts if cut.slug == asked.by), self.cuts[0])


COUNT = "count"
"""The sum that every line has: how many rows it was made of."""


def totals(lines: Iterable[Line]) -> dict[str, Sums]:
    """Sums per currency, in the order of the currencies."""
    found: dict[str, dict[str, Decimal]] = {}
    for line in lines:
        sums = found.setdefault(line.key.currency, {})
        for name, amount in line.sums.items():
            sums[name] = sums.get(name, ZERO) + amount
    return dict(sorted(found.items()))


def population(lines: Iterable[Line]) -> int:
    """How many rows the figures were made of."""
    return int(sum((line.sums[COUNT] for line in lines), ZERO))


def months_of(asked: Asked) -> list[Month]:
    """The twelve months up to the end of the period."""
    found, month = [], asked.end.replace(day=1)
    for _ in range(12):
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found[::-1]


def trend(measure: Measure, asked: Asked) -> dict[str, list[tuple[Month, Decimal | None]]]:
    """The leading figure by month and currency; None in a month that has none."""
    found = measure.months(asked)
    return {
        currency: [(month, measure.leading.of(by_month.get(month, {}))) for month in months_of(asked)]
        for currency, by_month in sorted(found.items())
    }


def by_month(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[Month, Sums]]:
    """Sums by currency and month from grouped rows with `by_currency` and `by_month`."""
    found: dict[str, dict[Month, Sums]] = {}
    for row in rows:
        found.setdefault(row["by_currency"], {})[row["by_month"]] = sums_of(row)
    return found


def sums_of(row: Mapping[str, Any]) -> Sums:
    """The sums of a grouped row: everything that does not say by what it is grouped."""
    return {name: Decimal(value or 0) for name, value in row.items() if not name.startswith("by_")}


def selected(statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a statement by the names of their columns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(parameters))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def cumulated(moves: Mapping[Month, Sums], months: Sequence[Month]) -> dict[Month, Sums]:
    """Balances at the end of each month from what moved in all months up to it."""
    found: dict[Month, Sums] = {}
    running: dict[str, Decimal] = {}
    waiting = sorted(moves)
    for month in months:
        while waiting and waiting[0] <= month:
            for name, amount in moves[waiting.pop(0)].items():
                running[name] = running.get(name, ZERO) + amount
        found[month] = dict(running)
    return found
