"""Which price applies (billing.md R1): the service date picks it, the narrowest scope wins, then the most specific row.

A row fits when each of its filled keys (item, resource, role) is the work's. Among the fitting rows of one currency,
valid on the service date, `scope_then_specificity` takes the first scope that has any and its most specific row;
`specificity_then_scope` asks the other way round. Then the latest start wins, then the row entered last.
No row is `RATE_MISSING`: never zero, never another currency.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from billing.engine.notation import plain
from billing.engine.values import Precedence, RateRow

HOURS_PER_DAY = 8
_SCOPES = {"contract": 0, "customer": 1, "legal_entity": 2}
_SCOPE_NAMES = {
    "contract": "the contract's own rates",
    "customer": "the customer's rates",
    "legal_entity": "the standard",
}


@dataclass(frozen=True, slots=True)
class RateAnswer:
    """The row that applies, its price per hour (exact), or the code that says why there is none; and every row seen."""

    row: RateRow | None
    hourly: Decimal | None
    code: str
    considered: tuple[dict[str, Any], ...]


class Card:
    """The rate rows of one contract, indexed by key. Rows may come in any order."""

    def __init__(self, rows: Iterable[RateRow], *, currency: str, precedence: Precedence) -> None:
        self.currency = currency
        self._by_key: dict[tuple[str, str, str], list[RateRow]] = {}
        self._of_roles: list[RateRow] = []
        self._scope_first = precedence == "scope_then_specificity"
        for row in rows:
            self._by_key.setdefault((row.item, row.resource, row.role), []).append(row)
            if row.role:
                self._of_roles.append(row)

    def resolve(self, *, resource: str, role: str, items: Sequence[str], on: date) -> RateAnswer:
        """The price of an hour on a service date. `items` are the work's task and category, `role` may be unknown.

        Without a role a row for roles might apply, and we cannot know: if one would come before the row found,
        the answer is `ROLE_MISSING`.
        """
        fitting = self._fitting(resource, role, items)
        valid = sorted((row for row in fitting if not self._refusal(row, on)), key=self._rank)
        best = valid[0] if valid else None
        undecided = [] if role else self._undecided(resource, items, on)
        code = ""
        if undecided and (best is None or self._rank(undecided[0]) < self._rank(best)):
            code = "ROLE_MISSING"
        elif best is None:
            code = "RATE_MISSING"
        chosen = None if code else best
        seen = [self._seen(row, chosen, on) for row in fitting] + [
            _row_facts(row, "the role of this work is not known") for row in undecided
        ]
        return RateAnswer(chosen, hourly(chosen) if chosen else None, code, tuple(sorted(seen, key=lambda s: s["id"])))

    def _fitting(self, resource: str, role: str, items: Sequence[str]) -> list[RateRow]:
        keys = product(sorted({"", *items}), sorted({"", resource}), sorted({"", role}))
        return [row for key in keys for row in self._by_key.get(key, ())]

    def _undecided(self, resource: str, items: Sequence[str], on: date) -> list[RateRow]:
        rows = [
            row
            for row in self._of_roles
            if row.resource in ("", resource) and row.item in ("", *items) and not self._refusal(row, on)
        ]
        return sorted(rows, key=self._rank)

    def _refusal(self, row: RateRow, on: date) -> str:
        if row.currency != self.currency:
            return f"in {row.currency}, this contract bills in {self.currency}"
        if row.unit == "item":
            return "priced per piece, not by time"
        if on < row.valid_from:
            return f"valid from {row.valid_from.isoformat()}"
        if row.valid_to is not None and on >= row.valid_to:
            return f"valid until {(row.valid_to - timedelta(days=1)).isoformat()}"
        return ""

    def _rank(self, row: RateRow) -> tuple[int, int, int, int]:
        scope, width = _SCOPES[row.scope], -_specificity(row)
        first, second = (scope, width) if self._scope_first else (width, scope)
        return first, second, -row.valid_from.toordinal(), -row.id

    def _seen(self, row: RateRow, chosen: RateRow | None, on: date) -> dict[str, Any]:
        return _row_facts(row, "" if row is chosen else self._refusal(row, on) or self._lost(row, chosen))

    def _lost(self, row: RateRow, chosen: RateRow | None) -> str:
        if chosen is None:
            return "the role of this work is not known, and a row for roles would come first"
        narrower = row.scope != chosen.scope and f"{_SCOPE_NAMES[chosen.scope]} come first"
        wider = _specificity(row) != _specificity(chosen) and "a more specific row applies"
        reason = (narrower or wider) if self._scope_first else (wider or narrower)
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
    """The row's price per hour, exact: a day has eight hours."""
    return row.rate / HOURS_PER_DAY if row.unit == "day" else row.rate


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
        "currency": row.currency,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "source": row.source,
        "accepted": not reason,
        "reason": reason or "applies",
    }
