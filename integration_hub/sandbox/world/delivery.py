"""Six months of work, drawn from a seed: who worked when on what, what was spent, which sheets were handed in.

Every person and day has dice of its own. So a contract added to the book changes the days of its own people only, and
two runs with the same seed agree to the last note.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from . import calendar, wording
from .model import Contract, Entity, Entry, Expense, Person, Sheet, Staffing

UTILISATION = 0.96
NON_BILLABLE = 0.03
SECOND_ENTRY = 0.45


def dice(*what: object) -> random.Random:
    """The dice for one decision of the world."""
    return random.Random("/".join(str(part) for part in what))  # noqa: S311 — a story, not a secret


# -- time -------------------------------------------------------------------------------------------------------


def entries(
    seed: int,
    months: tuple[date, ...],
    people: Iterable[Person],
    contracts: tuple[Contract, ...],
    entities: Iterable[Entity],
) -> Iterator[Entry]:
    """The ordinary entries, person by person and day by day."""
    countries = {entity.code: entity.country for entity in entities}
    last = calendar.month_end(months[-1])
    for person in people:
        off = absences(seed, person)
        for day in calendar.working_days(max(months[0], person.joins), last, countries[person.entity]):
            throw = dice(seed, person.key, day)
            if day not in off:
                yield from _day(person, day, throw, contracts)


def absences(seed: int, person: Person) -> set[date]:
    """Two weeks of leave in summer, one in autumn, as seeds have it."""
    throw = dice(seed, person.key, "leave")
    summer = date(2026, 6, 29) + timedelta(weeks=throw.randrange(9))
    autumn = date(2026, 9, 28) + timedelta(weeks=throw.randrange(4))
    return {start + timedelta(days=n) for start, days in ((summer, 14), (autumn, 5)) for n in range(days)}


def assignments(person: Person, day: date, contracts: tuple[Contract, ...]) -> list[tuple[Contract, Staffing]]:
    """What the person could work on that day."""
    return [
        (contract, row)
        for contract in contracts
        if contract.start <= day <= contract.last_day
        for row in contract.staffing
        if row.person == person.key and (row.first or day) <= day <= (row.last or day)
    ]


def _day(person: Person, day: date, throw: random.Random, contracts: tuple[Contract, ...]) -> Iterator[Entry]:
    options = assignments(person, day, contracts)
    if throw.random() > UTILISATION * min(1, sum(row.days for _, row in options) / 5):
        return
    quarters = throw.choices((28, 29, 30, 31, 32, 33, 34, 36, 38), (4, 4, 10, 12, 40, 12, 10, 6, 2))[0]
    first = throw.choices(options, [row.days for _, row in options])[0]
    if throw.random() > SECOND_ENTRY:
        yield _entry(person, day, *first, quarters, throw, set())
        return
    second = throw.choice([option for option in options if option != first] or options)
    morning = throw.randrange(6, quarters - 5)
    written: set[str] = set()
    yield _entry(person, day, *first, morning, throw, written)
    yield _entry(person, day, *second, quarters - morning, throw, written)


def _entry(
    person: Person, day: date, contract: Contract, row: Staffing, quarters: int, throw: random.Random, written: set[str]
) -> Entry:
    role = row.role or person.role
    note = throw.choice(
        [note for note in wording.phrases(contract.entity, role, contract.subjects) if note not in written]
    )
    written.add(note)
    billable = throw.random() >= NON_BILLABLE
    return Entry(contract.key, row.line, person.key, role, day, quarters * 15, billable, note)


# -- expenses ---------------------------------------------------------------------------------------------------

PER_DIEM = {"USD": Decimal("64.00"), "GBP": Decimal("35.00"), "EUR": Decimal("28.00")}


def expenses(
    seed: int, months: tuple[date, ...], contracts: Iterable[Contract], work: Iterable[Entry]
) -> Iterator[Expense]:
    """A few trips a month for contracts that charge expenses, by people who worked there in that week."""
    days: dict[tuple[str, date], list[tuple[str, date]]] = {}
    for entry in work:
        days.setdefault((entry.contract, entry.day.replace(day=1)), []).append((entry.person, entry.day))
    for contract in contracts:
        if contract.expense_line is None:
            continue
        for month in months:
            throw = dice(seed, contract.key, month, "trips")
            present = days.get((contract.key, month), [])
            for person, day in throw.sample(present, min(len(present), throw.randrange(3, 6))):
                yield from _trip(contract, person, day, throw)


def _trip(contract: Contract, person: str, day: date, throw: random.Random) -> Iterator[Expense]:
    journey, fare = throw.choice(contract.journeys)
    fare = (fare * Decimal(throw.randrange(90, 128)) / 100).quantize(Decimal("0.01"))
    yield Expense(contract.key, person, day, "Travel", fare, contract.currency, journey)
    nights = throw.randrange(0, 3)
    if nights:
        room = (contract.hotel * Decimal(throw.randrange(92, 118)) / 100).quantize(Decimal("0.01"))
        text = f"Hotel, {nights} night{'s' if nights > 1 else ''}"
        yield Expense(contract.key, person, day, "Hotel", room * nights, contract.currency, text)
    diem = PER_DIEM[contract.currency] * (nights + 1)
    yield Expense(contract.key, person, day, "Per Diem", diem, contract.currency, f"Per diem, {nights + 1} day(s)")


# -- timesheets -------------------------------------------------------------------------------------------------


def sheets(seed: int, months: tuple[date, ...], work: Iterable[Entry]) -> Iterator[Sheet]:
    """One sheet per person, project and week. All are approved the week after, but for the last week of the story."""
    found: dict[tuple[str, str, date], Sheet] = {}
    for entry in work:
        first, last = calendar.week(entry.day)
        found[(entry.contract, entry.person, first)] = Sheet(entry.contract, entry.person, first, last, "approved")
    final_week = calendar.week(calendar.month_end(months[-1]))[0]
    for key in sorted(found):
        sheet = found[key]
        if sheet.first >= final_week:
            chance = dice(seed, *key, "approval").random()
            sheet = replace(sheet, outcome="pending" if chance < 0.16 else "rejected" if chance < 0.20 else "approved")
        yield sheet
