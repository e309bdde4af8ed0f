"""Lines of bank statements and the totals of each statement; what does not add up is named."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.money import ZERO, is_currency

ASK = "Ask the bank for the file again."
LONGEST = 2000
"""Characters of what a payer wrote that are kept; the file keeps all."""


class Line(NamedTuple):
    """One line as a row of a file: its columns are those a mapping reads.

    `line` is its identity: account, day and the bank's own reference, or its place in the statement where the bank
    gives none. `status` is booked or pending, `direction` credit or debit: what happened to the balance.
    """

    line: str
    account: str
    statement: str
    status: str
    direction: str
    reversal: str
    booked_on: str
    value_on: str
    amount: str
    currency: str
    bank_reference: str = ""
    end_to_end_id: str = ""
    reference: str = ""
    remittance: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """How many lines, and their sum."""

    count: int = 0
    sum: Decimal = ZERO

    def plus(self, amount: Decimal) -> "Total":
        """With one more."""
        return Total(self.count + 1, self.sum + amount)


@dataclass(slots=True)
class Statement:
    """One statement of one account, added up while its lines go by."""

    account: str
    number: str
    currency: str
    opening: Decimal | None = None
    closing: Decimal | None = None
    credits: Total = field(default_factory=Total)
    debits: Total = field(default_factory=Total)
    reversals: Total = field(default_factory=Total)
    pending: Total = field(default_factory=Total)
    first_on: date | None = None
    last_on: date | None = None
    digest: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where a problem is, in words."""
        return f"statement {self.number} of account {self.account}"

    def wrong(self, message: str, remedy: str = ASK) -> None:
        """Note what does not add up."""
        self.problems.append(Problem(self.place, message, remedy))

    def balanced(self, *, required: bool) -> None:
        """Opening balance and booked lines must make the closing balance."""
        missing = [name for name in ("opening", "closing") if getattr(self, name) is None]
        if missing:
            if required:
                self.wrong(f"has no {' and no '.join(missing)} balance.")
            return
        assert self.opening is not None and self.closing is not None  # noqa: S101, PT018 - said above
        reached = self.opening + self.credits.sum - self.debits.sum
        if reached != self.closing:
            self.wrong(
                f"opens with {self.opening:,} {self.currency}, its lines lead to {reached:,}, and it closes with"
                f" {self.closing:,}."
            )


class Tally:
    """Gives the lines of one statement their identities and adds them up."""

    def __init__(self, name: str, statement: Statement) -> None:
        if not statement.account or not statement.number:
            lacks = "account" if not statement.account else "number"
            raise refused(name, f"statement {statement.number or statement.account}".strip(), f"has no {lacks}.")
        if not is_currency(statement.currency):
            raise refused(name, statement.place, f"is in the currency {statement.currency!r}, which is none.")
        self.statement = statement
        self._name = name
        self._seen: dict[str, int] = {}
        self._digest = hashlib.sha256()

    def add(self, line: Line, amount: Decimal) -> Line:
        """Count a line; it comes back with its identity."""
        told = self.statement
        named = line._replace(line=self._identity(line), account=told.account, statement=told.number)
        self._digest.update(repr(named).encode())
        if line.status == "pending":
            told.pending = told.pending.plus(amount)
            return named
        if line.direction == "credit":
            told.credits = told.credits.plus(amount)
        else:
            told.debits = told.debits.plus(amount)
        if line.reversal == "yes":
            told.reversals = told.reversals.plus(amount)
        return named

    def finished(self) -> Statement:
        """The statement, when all its lines went by."""
        told = self.statement
        self._digest.update(f"{told.opening} {told.closing} {told.currency}".encode())
        told.digest = self._digest.hexdigest()
        return told

    def _identity(self, line: Line) -> str:
        """Account, day and the bank's reference. What the bank did not name, or named twice, is counted."""
        told = self.statement
        wait = "pending " if line.status == "pending" else ""
        named = f"{wait}{told.account} {line.booked_on} {line.bank_reference}"
        if not line.bank_reference:
            named = f"{wait}{told.account} {told.number} #"
        count = self._seen[named] = self._seen.get(named, 0) + 1
        if not line.bank_reference:
            return f"{named}{count}"
        return named if count == 1 else f"{named} #{count}"


def refused(name: str, place: str, message: str, remedy: str = ASK) -> BadInput:
    """A whole file that cannot be taken."""
    return BadInput(f"File {name}", [Problem(place, message, remedy)])


def day(name: str, place: str, text: str) -> date | None:
    """A date, or the day of a time. Raises BadInput."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise refused(name, place, f"has the date {text!r}, which is none.") from None


def checked(name: str, parts: Iterator[Line | Statement]) -> tuple[Statement, ...]:
    """The statements of a file, when all of them add up. Raises BadInput naming each that does not."""
    found = [part for part in parts if isinstance(part, Statement)]
    if not found:
        raise refused(name, "", "holds no statement.")
    problems = [problem for statement in found for problem in statement.problems]
    seen: dict[tuple[str, str], str] = {}
    for statement in found:
        if seen.setdefault((statement.account, statement.number), statement.digest) != statement.digest:
            problems.append(Problem(statement.place, "is in the file twice, with different content.", ASK))
    if problems:
        raise BadInput(f"File {name}", problems[:20])
    return tuple(found)
