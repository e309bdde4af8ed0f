"""Which price applies (billing.md R1): the service date picks it, the narrowest scope wins, then the most specific row.

A row fits when each of its filled keys (item, resource, role) is the work's. Among the fitting rows of one currency,
valid on the service date, `scope_then_specificity` takes the first scope that has any and its most specific row;
`specificity_then_scope` asks the other way round, `explicit` takes the order the contract names and no row beyond it.
Then the latest start wins, then the row entered last. No row is `RATE_MISSING`: never zero, and another currency only
where the contract converts prices, at the rate of the service date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from billing.engine.exchange import last_on, unusable
from billing.engine.notation import plain
from billing.engine.values import Precedence, RateRow
from integration_hub.kernel.money import Quote

_SCOPES = {"contract": 0, "customer": 1, "legal_entity": 2}
_SCOPE_NAMES = {
    "contract": "the contract's own rates",
    "customer": "the customer's rates",
    "legal_entity": "the standard",
}


@dataclass(frozen=True, slots=True)
class RateAnswer:
    """The row that applies, its price per hour or unit (exact), or the code that says why there is none; every row
    seen; and the exchange rate that made it a price in the contract's currency.
    """

    row: RateRow | None
    hourly: Decimal | None
    code: str
    considered: tuple[dict[str, Any], ...]
    quote: Quote | None = None


class Card:
    """The rate rows of one contract, indexed by key. Rows may come in any order.

    `quotes` are exchange rates into `currency`, by currency and in order of their days; None where prices in another
    currency are not converted. One older than `max_age` days is stale.
    """

    def __init__(
        self,
        rows: Iterable[RateRow],
        *,
        currency: str,
        precedence: Precedence,
        order: Sequence[str] = (),
        quotes: Mapping[str, Sequence[Quote]] | None = None,
        max_age: int = 7,
    ) -> None:
        self.currency = currency
        self._by_key: dict[tuple[str, str, str], list[RateRow]] = {}
        self._of_roles: list[RateRow] = []
        self._precedence = precedence
        self._order = {name: place for place, name in enumerate(order)} if precedence == "explicit" else None
        self._quotes = quotes
        self._max_age = max_age
        for row in rows:
            self._by_key.setdefault((row.item, row.resource, row.role), []).append(row)
            if row.role:
                self._of_roles.append(row)

    def resolve(
        self, *, resource: str, role: str, items: Sequence[str], on: date, by_piece: bool = False
    ) -> RateAnswer:
        """The price of an hour (or of a unit, `by_piece`) on a service date. `items` are the work's task and category,
        `role` may be unknown.

        Without a role a row for roles might apply, and we cannot know: if one would come before the row found,
        the answer is `ROLE_MISSING`.
        """
        fitting = self._fitting(resource, role, items)
        allowed = {self.currency}
        best, undecided = self._best(fitting, resource, role, items, on, by_piece, allowed)
        if best is None and not undecided and self._quotes is not None:
            allowed |= {row.currency for row in fitting}
            best, undecided = self._best(fitting, resource, role, items, on, by_piece, allowed)
        code = ""
        if undecided and (best is None or self._rank(undecided[0]) < self._rank(best)):
            code = "ROLE_MISSING"
        elif best is None:
            code = "RATE_MISSING"
        chosen = None if code else best
        price, quote = None, None
        if chosen is not None:
            price, quote, code = self._priced(chosen, on)
        seen = [self._seen(row, chosen, on, by_piece, allowed) for row in fitting] + [
            _row_facts(row, "the role of this work is not known") for row in undecided
        ]
        return RateAnswer(
            chosen if price is not None else None, price, code, tuple(sorted(seen, key=lambda s: s["id"])), quote
        )

    def _best(
        self, fitting: Sequence[RateRow], resource: str, role: str, items: Sequence[str], on: date, by_piece: bool,
        allowed: set[str],
    ) -> tuple[RateRow | None, list[RateRow]]:  # fmt: skip
        valid = sorted((row for row in fitting if not self._refusal(row, on, by_piece, allowed)), key=self._rank)
        undecided = [] if role else self._undecided(resource, items, on, by_piece, allowed)
        return (valid[0] if valid else None), undecided

    def _priced(self, row: RateRow, on: date) -> tuple[Decimal | None, Quote | None, str]:
        """A row in the contract's currency: itself, or converted at the last rate on or before the service date."""
        if row.currency == self.currency:
            return hourly(row), None, ""
        quote = last_on((self._quotes or {}).get(row.currency, ()), on)
        code = unusable(quote, on, self._max_age)
        if quote is None or code:
            return None, quote, code
        return quote.convert(hourly(row)), quote, ""

    def _fitting(self, resource: str, role: str, items: Sequence[str]) -> list[RateRow]:
        keys = product(sorted({"", *items}), sorted({"", resource}), sorted({"", role}))
        return [row for key in keys for row in self._by_key.get(key, ())]

    def _undecided(
        self, resource: str, items: Sequence[str], on: date, by_piece: bool, allowed: set[str]
    ) -> list[RateRow]:
        rows = [
            row
            for row in self._of_roles
            if row.resource in ("", resource)
            and row.item in ("", *items)
            and not self._refusal(row, on, by_piece, allowed)
        ]
        return sorted(rows, key=self._rank)

    def _refusal(self, row: RateRow, on: date, by_piece: bool, allowed: set[str]) -> str:
        if row.currency not in allowed:
            return f"in {row.currency}, this contract bills in {self.currency}"
        if (row.unit == "item") != by_piece:
            return "priced by time, not per piece" if by_piece else "priced per piece, not by time"
        if self._order is not None and _named(row) not in self._order:
            return "the contract's order of prices leaves it out"
        if on < row.valid_from:
            return f"valid from {row.valid_from.isoformat()}"
        if row.valid_to is not None and on >= row.valid_to:
            return f"valid until {(row.valid_to - timedelta(days=1)).isoformat()}"
        return ""

    def _rank(self, row: RateRow) -> tuple[int, int, int, int]:
        scope, width = _SCOPES[row.scope], -_specificity(row)
        first, second = (width, scope) if self._precedence == "specificity_then_scope" else (scope, width)
        if self._order is not None:
            first, second = self._order.get(_named(row), len(self._order)), width
        return first, second, -row.valid_from.toordinal(), -row.id

    def _seen(
        self, row: RateRow, chosen: RateRow | None, on: date, by_piece: bool, allowed: set[str]
    ) -> dict[str, Any]:
        refused = "" if row is chosen else self._refusal(row, on, by_piece, allowed)
        return _row_facts(row, "" if row is chosen else refused or self._lost(row, chosen))

    def _lost(self, row: RateRow, chosen: RateRow | None) -> str:
        if chosen is None:
            return "the role of this work is not known, and a row for roles would come first"
        if self._order is not None and self._order[_named(row)] != self._order[_named(chosen)]:
            return "the contract's order of prices puts another first"
        narrower = row.scope != chosen.scope and f"{_SCOPE_NAMES[chosen.scope]} come first"
        wider = _specificity(row) != _specificity(chosen) and "a more specific row applies"
        reason = (wider or narrower) if self._precedence == "specificity_then_scope" else (narrower or wider)
        return reason or (
            "a later row applies" if row.valid_from < chosen.valid_from else "a row entered later applies"
        )


def resolve(
    rows: Iterable[RateRow],
    *,
    currency: str,
    resource: str,
    role: str,
    items: Sequence[str] = (),
    on: date,
    precedence: Precedence = "scope_then_specificity",
) -> RateAnswer:
    """One resolution over loose rows: what a simulation or a screen asks."""
    return Card(rows, currency=currency, precedence=precedence).resolve(
        resource=resource, role=role, items=items, on=on
    )


def hourly(row: RateRow) -> Decimal:
    """The row's price per hour, exact: a day has the hours agreed."""
    return row.rate / row.hours_per_day if row.unit == "day" else row.rate


def _named(row: RateRow) -> str:
    """What an explicit order calls a row: `contract.role`."""
    key = "item" if row.item else "resource" if row.resource else "role" if row.role else "default"
    return f"{row.scope}.{key}"


def _specificity(row: RateRow) -> int:
    return 4 * bool(row.item) + 2 * bool(row.resource) + bool(row.role)


def _row_facts(row: RateRow, reason: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "scope": row.scope,
        "for": row.item or row.resource or row.role or "default",
        "role": row.role,
        "resource": row.resource,
        "item": row.item,
        "rate": plain(row.rate),
        "unit": row.unit,
        **({"hours": plain(row.hours_per_day)} if row.unit == "day" else {}),
        "currency": row.currency,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "source": row.source,
        "accepted": not reason,
        "reason": reason or "applies",
    }
