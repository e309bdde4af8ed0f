"""What the account owes its employees by journals, and paying them: a payment settles the payable line of a journal."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import decimal, number, rounded
from ..messages import Json
from ..store import Records
from . import seed
from .errors import bad_value, user_error
from .records import Book
from .schema import TYPES


class Payables:
    """Payments to employees. One payment may settle several journals, and a journal may be settled by parts."""

    def __init__(self, book: Book, applications: Records) -> None:
        self._book = book
        self._applications = applications

    def pay(self, body: Json, symbol: str) -> None:
        """Apply a payment to journals, and say what it comes to."""
        self.undo(body)
        total = Decimal(0)
        for line in body.get("apply") or []:
            if not line.get("doc"):
                raise bad_value("apply.items.doc")
            total += self._settle(body, self._book.get(TYPES["journalEntry"], line["doc"]["id"]), line, symbol)
        if not total:
            raise user_error("You must select at least one transaction to pay.")
        body["total"] = number(total)

    def _settle(self, body: Json, journal: Json, line: Json, symbol: str) -> Decimal:
        left = self._owed(journal, body["entity"]["id"]) - self._paid(journal)
        amount = rounded(decimal(line["amount"]), symbol) if line.get("amount") is not None else left
        if journal["currency"]["id"] != body["currency"]["id"]:
            raise bad_value("apply.items.doc")
        if amount <= 0 or amount > left:
            raise user_error(f"The amount paid ({amount}) exceeds what is open ({left}) on {journal['tranId']}.")
        line["amount"] = number(amount)
        row = {"source": int(body["id"]), "invoice": int(journal["id"]), "amount": number(amount)}
        self._applications.put(self._book.store.next("netsuite:application"), row, self._book.store.clock.tick())
        self._book.save(TYPES["journalEntry"], journal, new=False)
        return amount

    def undo(self, body: Json) -> None:
        """Take a payment off what it settled."""
        for row in self._applications.find("source = ?", (int(body["id"]),)):
            self._applications.remove(row.id)
            journal = self._book.get(TYPES["journalEntry"], str(row.body["invoice"]))
            self._book.save(TYPES["journalEntry"], journal, new=False)

    @staticmethod
    def _owed(journal: Json, employee: str) -> Decimal:
        lines = [line for line in journal["line"] if line["account"]["id"] == seed.PAYABLE]
        mine = [line for line in lines if (line.get("entity") or {}).get("id") == employee]
        return sum((decimal(line.get("credit")) - decimal(line.get("debit")) for line in mine), Decimal(0))

    def _paid(self, journal: Json) -> Decimal:
        rows = self._applications.find("invoice = ?", (int(journal["id"]),))
        return sum((decimal(row.body["amount"]) for row in rows), Decimal(0))
