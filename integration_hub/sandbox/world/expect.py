"""What must come out of the world whatever the hub does: counts, hours, sums. Computed from the world alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import calendar, rarities
from .model import Contract, Entry, World
from .troubles import BY_SLUG

ZERO = Decimal(0)


@dataclass(frozen=True)
class EntityFigures:
    """One legal entity. Hours are exact; money is in the currencies it was spent or agreed in."""

    currency: str
    contracts_signed: int = 0
    contracts_active: int = 0
    entries: int = 0
    hours: Decimal = ZERO
    hours_approved: Decimal = ZERO
    hours_by_contract: dict[str, Decimal] = field(default_factory=dict)
    expenses: dict[str, Decimal] = field(default_factory=dict)
    milestones_accepted: Decimal = ZERO


@dataclass(frozen=True)
class Expectation:
    """By legal entity code. `hours_parked` belongs to people the hub cannot place; it is inside `hours` too."""

    entities: dict[str, EntityFigures]
    hours_parked: Decimal
    people: int
    customers: int

    @property
    def hours(self) -> Decimal:
        return sum((figures.hours for figures in self.entities.values()), ZERO)

    @property
    def entries(self) -> int:
        return sum(figures.entries for figures in self.entities.values())


def expect(world: World) -> Expectation:
    """The figures at the end of the story, after corrections and deletions."""
    work = rarities.after(world.entries, world.corrections)
    approved = {(sheet.contract, sheet.person, sheet.first) for sheet in world.sheets if sheet.outcome == "approved"}
    stranger = BY_SLUG["unmapped-cost-centre"].person
    return Expectation(
        entities={
            entity.code: _entity(
                entity.code,
                entity.currency,
                world,
                [e for e in work if world.contract(e.contract).entity == entity.code],
                approved,
            )
            for entity in world.entities
        },
        hours_parked=hours(entry for entry in work if entry.person == stranger),
        people=len(world.people),
        customers=len(world.customers),
    )


def hours(entries: Iterable[Entry]) -> Decimal:
    """Hours of some entries; quarter hours, so always exact."""
    return Decimal(sum(entry.minutes for entry in entries)) / 60


def _entity(
    code: str, currency: str, world: World, work: list[Entry], approved: set[tuple[str, str, date]]
) -> EntityFigures:
    contracts = [contract for contract in world.contracts if contract.entity == code]
    keys = {contract.key for contract in contracts}
    spent: dict[str, Decimal] = {}
    for expense in world.expenses:
        if expense.contract in keys:
            spent[expense.currency] = spent.get(expense.currency, ZERO) + expense.amount
    per_contract: dict[str, list[Entry]] = {}
    for entry in work:
        per_contract.setdefault(entry.contract, []).append(entry)
    return EntityFigures(
        currency=currency,
        contracts_signed=len(contracts),
        contracts_active=sum(contract.activates for contract in contracts),
        entries=len(work),
        hours=hours(work),
        hours_approved=hours(e for e in work if (e.contract, e.person, calendar.week(e.day)[0]) in approved),
        hours_by_contract={key: hours(entries) for key, entries in sorted(per_contract.items())},
        expenses=dict(sorted(spent.items())),
        milestones_accepted=sum((accepted_value(contract, world) for contract in contracts), ZERO),
    )


def accepted_value(contract: Contract, world: World) -> Decimal:
    """The value of the contract's milestones that are accepted within the story."""
    last = calendar.month_end(world.months[-1])
    return sum(
        (term.amount for line in contract.lines for term in line.terms if term.accepted and term.accepted <= last), ZERO
    )
