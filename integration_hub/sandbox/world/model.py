"""The nouns of the demo world: plain frozen values, dates and decimals, nothing a vendor would recognise yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity of the firm; in NetSuite a subsidiary whose externalId is `code`."""

    code: str
    name: str
    currency: str
    country: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the invoices of a legal entity say of it; no system keeps it, an administrator writes it down."""

    entity: str
    street: str
    postal_code: str
    city: str
    tax_id: str
    registration: str
    remittance: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Payment terms NetSuite knows."""

    name: str
    days: int


@dataclass(frozen=True, slots=True)
class Period:
    """An accounting period; `last` is its last day."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who delivers. The e-mail is what contracts and the hub know the person by."""

    key: str
    name: str
    role: str
    entity: str
    cost_centre: str
    joins: date

    @property
    def email(self) -> str:
        return f"{self.key}@meridian.example"


@dataclass(frozen=True, slots=True)
class Customer:
    """A client. `code` is the AccountNumber in the CRM and the externalId in the ERP, where `in_erp`."""

    code: str
    name: str
    entity: str
    currency: str
    country: str
    region: str
    city: str
    street: str
    postal_code: str
    tax_id: str
    terms: str = "Net 30"
    parent: str = ""
    in_erp: bool = True
    pays: str = "on time"
    """How it pays: "on time", "late", "in parts"."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A price agreed in a contract: for a role, or for one person."""

    rate: Decimal
    role: str = ""
    person: str = ""
    unit: str = "Hour"


@dataclass(frozen=True, slots=True)
class Term:
    """A milestone as agreed, and the day the client accepts it (None: not within the story)."""

    sequence: int
    name: str
    amount: Decimal
    due: date
    accepted: date | None = None
    approver: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a contract; `method` and the other picklists are spelled as the CRM spells them."""

    number: int
    name: str
    method: str
    amount: Decimal | None = None
    hours: Decimal | None = None
    overage: Decimal | None = None
    unused: str = ""
    cap: Decimal | None = None
    frequency: str = ""
    expense_rule: str = ""
    markup: Decimal | None = None
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change order. It is written on `drafted` and signed on `signed`, if ever."""

    number: int
    kind: str
    drafted: date
    effective: date
    signed: date | None = None
    line: int | None = None
    role: str = ""
    new_rate: Decimal | None = None
    new_limit: Decimal | None = None
    new_end: date | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Staffing:
    """A person on a contract line for `days` days a week between two dates; `role` only if it is not the usual one."""

    person: str
    line: int
    days: int
    first: date | None = None
    last: date | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """A deal and its contract. `name` is unique and is how the player finds it again."""

    key: str
    name: str
    customer: str
    entity: str
    currency: str
    value: Decimal
    signed: date
    start: date
    end: date
    tax: str
    manager: str
    lines: tuple[Line, ...]
    rates: tuple[Rate, ...] = ()
    staffing: tuple[Staffing, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    subjects: tuple[str, ...] = ()
    journeys: tuple[tuple[str, Decimal], ...] = ()
    """What people travel for this contract and what the ticket costs."""
    hotel: Decimal = Decimal(0)
    terms: str = "Net 30"
    po: str = ""
    po_amount: Decimal | None = None
    po_expires: date | None = None
    activates: bool = True
    """False for the two deals that never get a project."""

    def line(self, number: int) -> Line:
        return next(line for line in self.lines if line.number == number)

    @property
    def last_day(self) -> date:
        """The last day of work, extensions that were signed included."""
        return max([self.end, *(a.new_end for a in self.amendments if a.signed and a.new_end)])

    @property
    def expense_line(self) -> Line | None:
        return next((line for line in self.lines if line.method == "Expenses"), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """Work of one person on one day. `tag` marks the entries that a trouble or a normal rarity is about."""

    contract: str
    line: int
    person: str
    role: str
    day: date
    minutes: int
    billable: bool
    notes: str
    tag: str = ""

    @property
    def month(self) -> int:
        return self.day.month


@dataclass(frozen=True, slots=True)
class Expense:
    """A cost of one person for one contract."""

    contract: str
    person: str
    day: date
    category: str
    amount: Decimal
    currency: str
    notes: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A week of one person on one project, cut at the month's end. `outcome`: approved, pending, rejected."""

    contract: str
    person: str
    first: date
    last: date
    outcome: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody did to an entry after it was approved: new minutes, or gone (None)."""

    entry: Entry
    minutes: int | None


@dataclass(frozen=True)
class World:
    """Everything that will happen, decided before anything is played."""

    seed: int
    months: tuple[date, ...]
    """The first day of each month that is played."""
    entities: tuple[Entity, ...]
    payment_terms: tuple[PaymentTerms, ...]
    periods: tuple[Period, ...]
    people: tuple[Person, ...]
    customers: tuple[Customer, ...]
    contracts: tuple[Contract, ...]
    entries: tuple[Entry, ...]
    expenses: tuple[Expense, ...]
    corrections: tuple[Correction, ...]
    sheets: tuple[Sheet, ...] = field(default=())

    def contract(self, key: str) -> Contract:
        return next(contract for contract in self.contracts if contract.key == key)

    def customer(self, code: str) -> Customer:
        return next(customer for customer in self.customers if customer.code == code)

    def person(self, key: str) -> Person:
        return next(person for person in self.people if person.key == key)
