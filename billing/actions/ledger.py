"""The ledger of retainers: entries are added and never changed; what is wrong is moved back by a further entry.

Callers say what should have been moved by now; what is written is the difference to what was. So the same twice writes
nothing, and whatever order work came in, the sums are those of its final state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Q, Sum

from billing.models import RetainerAccount, RetainerEntry
from integration_hub.kernel.money import ZERO


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What moves an account: a kind of movement by one event, one candidate, or the terms alone."""

    kind: str
    event_id: int = 0
    candidate_id: int = 0


Moves = Mapping[Key, Decimal]
"""Signed sums by what moves them."""


def settle(wanted: Mapping[int, Moves], *, cause: str, among: Q | None = None) -> int:
    """Bring accounts (by id) to the wanted sums; what is not named counts as nothing, within the entries `among`.

    The caller holds the row of the contract or of the candidate. IntegrityError when an account would fall below its
    floor. Returns how many entries were written.
    """
    if not wanted:
        return 0
    balances = dict(
        RetainerAccount.objects.select_for_update(no_key=True)
        .filter(pk__in=list(wanted))
        .order_by("pk")
        .values_list("pk", "balance")
    )
    held = _sums(wanted, among)
    numbers = dict(
        RetainerEntry.objects.filter(account__in=list(wanted))
        .order_by()
        .values("account")
        .annotate(last=Max("number"))
        .values_list("account", "last")
    )
    rows: list[RetainerEntry] = []
    for account in sorted(wanted):
        number, balance = numbers.get(account, 0), balances[account]
        for key, amount in _differences(wanted[account], held[account]):
            number += 1
            rows.append(_entry(account, number, key, amount, balance, cause))
            balance += amount
    RetainerEntry.objects.bulk_create(rows)
    return len(rows)


def _sums(accounts: Iterable[int], among: Q | None) -> Mapping[int, dict[Key, Decimal]]:
    rows = RetainerEntry.objects.filter(among or Q(), account__in=list(accounts)).order_by()
    found: dict[int, dict[Key, Decimal]] = defaultdict(dict)
    keys = ("account", "kind", "event", "candidate")
    for account, kind, event, candidate, total in rows.values_list(*keys).annotate(total=Sum("amount")):
        found[account][Key(kind, event or 0, candidate or 0)] = total
    return found


def _differences(wanted: Moves, held: Moves) -> list[tuple[Key, Decimal]]:
    """What is to be moved: what comes in before what goes out, so that nothing is overdrawn on the way."""
    moves = [(key, wanted.get(key, ZERO) - held.get(key, ZERO)) for key in sorted({*wanted, *held})]
    return sorted((move for move in moves if move[1]), key=lambda move: (move[1] < 0, move[0]))


def _entry(account: int, number: int, key: Key, amount: Decimal, before: Decimal, cause: str) -> RetainerEntry:
    return RetainerEntry(
        account_id=account,
        number=number,
        kind=key.kind,
        amount=amount,
        before=before,
        after=before + amount,
        event_id=key.event_id or None,
        candidate_id=key.candidate_id or None,
        cause=cause[:200],
    )
