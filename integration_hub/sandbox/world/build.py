"""The world from a seed: the book, the work drawn from it, the rarities put in. Same seed, same world, same digest."""

from __future__ import annotations

import hashlib

from . import book, calendar, delivery, rarities
from .model import World


def build(seed: int = 7, months: int = calendar.LONGEST) -> World:
    """Everything that will happen in the first `months` (1–6) months. Raises ValueError for another number."""
    played = calendar.months(months)
    last = calendar.month_end(played[-1])
    contracts = tuple(contract for contract in book.CONTRACTS if contract.start <= last)
    people = tuple(person for person in book.PEOPLE if person.joins <= last)
    ordinary = delivery.entries(seed, played, people, contracts, book.ENTITIES)
    rare = [entry for entry in rarities.extra_entries() if entry.day <= last]
    if rarities.LONG_DAY_OF[1] <= last:
        ordinary = rarities.with_long_day(ordinary)
    work = sorted(
        rarities.without_clashes(ordinary, rare), key=lambda e: (e.day, e.person, e.contract, e.line, e.notes)
    )
    costs = [*delivery.expenses(seed, played, contracts, work), *rarities.extra_expenses()]
    return World(
        seed=seed,
        months=played,
        entities=book.ENTITIES,
        payment_terms=book.PAYMENT_TERMS,
        periods=book.PERIODS,
        people=people,
        customers=book.CUSTOMERS,
        contracts=contracts,
        entries=tuple(work),
        expenses=tuple(
            sorted((e for e in costs if e.day <= last), key=lambda e: (e.day, e.person, e.contract, e.category))
        ),
        corrections=rarities.corrections(work, played),
        sheets=tuple(delivery.sheets(seed, played, work)),
    )


def digest(world: World) -> str:
    """A fingerprint of everything in the world."""
    return hashlib.sha256(repr(world).encode()).hexdigest()
