"""The entries and expenses that the troubles are made of, and the one long day that is no trouble at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from .model import Correction, Entry, Expense
from .troubles import BY_SLUG, Trouble

AFTER_THE_END = "after-the-end"
NEGATIVE = "negative-hours"
FOREIGN = "foreign-expense"
CHANGED = "late-change"
LONG_DAY = "long-day"

CORRECTED_BY = "sofia.delgado"
LONG_DAY_OF = ("tomasz.zielinski", date(2026, 7, 30))
LONG_DAY_MINUTES = 690
"""Eleven and a half hours before a go-live: the only day above ten hours in the world."""


def extra_entries() -> Iterator[Entry]:
    """What nobody should have logged."""
    late, negative = BY_SLUG[AFTER_THE_END], BY_SLUG[NEGATIVE]
    for day, note in ((1, "Stores interface: restart"), (2, "Fault log triage after hand-over"), (3, "Hand-over call")):
        yield Entry(
            late.contract, 1, late.person, "Consultant", date(2026, 9, day), 450 - 60 * day, True, note, AFTER_THE_END
        )
    note = "Correction of double booking"
    yield Entry(negative.contract, 1, negative.person, "Consultant", date(2026, 6, 17), -180, True, note, NEGATIVE)


def extra_expenses() -> Iterator[Expense]:
    """One hotel bill in a currency nobody has a rate for."""
    foreign = BY_SLUG[FOREIGN]
    text = "Hotel Winterthur, machine supplier"
    yield Expense(foreign.contract, foreign.person, date(2026, 7, 16), "Hotel", Decimal("412.60"), "CHF", text, FOREIGN)


def with_long_day(work: Iterable[Entry]) -> Iterator[Entry]:
    """The ordinary work, but that day is one long go-live rehearsal."""
    person, day = LONG_DAY_OF
    for entry in work:
        if (entry.person, entry.day) != LONG_DAY_OF:
            yield entry
    note = "Go-live rehearsal, night cut-over"
    yield Entry("AWC-DATA", 1, person, "Architect", day, LONG_DAY_MINUTES, True, note, LONG_DAY)


def without_clashes(work: Iterable[Entry], extra: Iterable[Entry]) -> list[Entry]:
    """Ordinary entries give way on the days of extra ones, so that no day gets longer than it was meant to be."""
    added = list(extra)
    taken = {(entry.person, entry.day) for entry in added}
    return [*(entry for entry in work if (entry.person, entry.day) not in taken), *added]


def corrections(work: list[Entry], months: Iterable[date]) -> tuple[Correction, ...]:
    """One approved entry that gets an hour more, one that disappears, both before the month is billed."""
    trouble: Trouble = BY_SLUG[CHANGED]
    if trouble.month not in {month.month for month in months}:
        return ()
    mine = [
        entry
        for entry in work
        if (entry.contract, entry.person, entry.month) == (trouble.contract, CORRECTED_BY, trouble.month)
        and entry.billable
        and entry.minutes <= 420
    ]
    return Correction(mine[0], mine[0].minutes + 60), Correction(mine[-1], None)


def after(work: Iterable[Entry], changes: Iterable[Correction]) -> list[Entry]:
    """The entries as they stand once the corrections are made."""
    by_entry = {change.entry: change for change in changes}
    kept = []
    for entry in work:
        change = by_entry.get(entry)
        if change is None:
            kept.append(entry)
        elif change.minutes is not None:
            kept.append(replace(entry, minutes=change.minutes))
    return kept
