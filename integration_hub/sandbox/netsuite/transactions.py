"""Invoices, credit memos, payments and journals: totals, periods, document numbers, applications, postings.

Every posted transaction has balanced postings. They are written with it and read only by the control port's ledger and
by SuiteQL, so a hub's figures can be compared with books it has never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .. import stamps
from ..amounts import decimal, number, rounded
from ..messages import Json
from . import seed
from .errors import bad_value, user_error
from .payables import Payables
from .periods import Periods
from .records import Book
from .schema import APPLICATIONS, POSTINGS, TYPES, RecordType

_STATUS = {"open": "Open", "paidInFull": "Paid In Full", "pendingApproval": "Pending Approval", "posted": "Posted"}
_STATUS |= {"fullyApplied": "Fully Applied", "deposited": "Deposited"}


def status(key: str) -> Json:
    return {"id": key, "refName": _STATUS[key]}


class Transactions:
    """Everything that posts."""

    def __init__(self, book: Book, periods: Periods, setting: Callable[[str], Any]) -> None:
        self._book = book
        self._periods = periods
        self._setting = setting
        self._postings = book.store.records(POSTINGS)
        self._applications = book.store.records(APPLICATIONS)
        self._payables = Payables(book, self._applications)

    # -- the life of a transaction ------------------------------------------------------------------------------

    def write(self, of: RecordType, body: Json, before: Json | None) -> None:
        """Complete, check, number, store and post a transaction. `before` is what it replaces."""
        self._complete(of, body)
        subsidiary = body["subsidiary"]["id"]
        if before and _posts(before):
            self._periods.check_open(before["postingPeriod"]["id"], before["subsidiary"]["id"])
        if _posts(body):
            chosen = body.get("postingPeriod")
            moved = before is not None and before.get("tranDate") != body["tranDate"]
            chosen_id = (
                chosen["id"] if chosen and not (moved and chosen == (before or {}).get("postingPeriod")) else None
            )
            period = self._periods.posting(
                body["tranDate"], subsidiary, closed=self._setting("closed_period"), chosen=chosen_id
            )
            body["postingPeriod"] = {"id": period["id"], "refName": period["periodName"]}
        if not body.get("tranId"):
            body["tranId"] = self._document_number(of, subsidiary)
        match of.name:
            case "invoice":
                self._settle(body)
            case "creditMemo" | "customerPayment":
                self._apply(of, body)
            case "vendorPayment":
                self._payables.pay(body, self._symbol(body))
                body["status"] = status("posted")
            case _:
                body["status"] = status("posted")
        self._book.save(of, body, new=before is None)
        self._post(of, body)

    def remove(self, of: RecordType, body: Json) -> None:
        """Delete a transaction, its postings and its applications."""
        if _posts(body):
            self._periods.check_open(body["postingPeriod"]["id"], body["subsidiary"]["id"])
        if of.name == "invoice" and self._applications.count("invoice = ?", (int(body["id"]),)):
            raise user_error("This transaction cannot be deleted because it is linked to by one or more transactions.")
        if of.name == "vendorPayment":
            self._payables.undo(body)
        else:
            self._unapply(body["id"])
        self._unpost(body["id"])
        self._book.records[of.name].remove(int(body["id"]))

    # -- completing ---------------------------------------------------------------------------------------------

    def _complete(self, of: RecordType, body: Json) -> None:
        """Defaults from the customer and the subsidiary, then totals."""
        partner = {} if of.name == "vendorPayment" else self._partner(body)
        for name in ("subsidiary", "currency", "terms"):
            if name in of.by_name and not body.get(name) and partner.get(name):
                body[name] = partner[name]
        if not body.get("subsidiary"):
            raise user_error("Please enter value(s) for: subsidiary")
        if partner.get("subsidiary") and partner["subsidiary"]["id"] != body["subsidiary"]["id"]:
            raise bad_value("subsidiary")
        home = self._book.get(TYPES["subsidiary"], body["subsidiary"]["id"])
        body["currency"] = body.get("currency") or home["currency"]
        body.setdefault("exchangeRate", 1.0)
        body["tranDate"] = body.get("tranDate") or f"{stamps.instant(self._book.store.clock.now()):%Y-%m-%d}"
        match of.name:
            case "invoice" | "creditMemo":
                self._total(body)
                if of.name == "invoice":
                    body["approvalStatus"] = body.get("approvalStatus") or {"id": self._setting("invoice_approval")}
                    body["dueDate"] = body.get("dueDate") or self._due(body)
            case "journalEntry":
                self._check_balance(body)

    def _partner(self, body: Json) -> Json:
        """The customer behind a transaction; a project stands for its customer."""
        reference = body.get("entity") or body.get("customer")
        if not reference:
            return {}
        job = self._book.find(TYPES["job"], reference["id"])
        if job is not None:
            customer = self._book.get(TYPES["customer"], job["parent"]["id"])
            return customer | {key: job[key] for key in ("subsidiary", "currency") if job.get(key)}
        return self._book.get(TYPES["customer"], reference["id"])

    def _symbol(self, body: Json) -> str:
        return str(self._book.get(TYPES["currency"], body["currency"]["id"])["symbol"])

    def _total(self, body: Json) -> None:
        lines = body.get("item") or []
        if not lines:
            raise user_error("You must enter at least one line item for this transaction.")
        symbol, net = self._symbol(body), Decimal(0)
        for line in lines:
            if not line.get("item"):
                raise bad_value("item.items.item")
            quantity = decimal(line.get("quantity", 1))
            if line.get("amount") is None:
                line["amount"] = number(rounded(quantity * decimal(line.get("rate")), symbol))
            line |= {"quantity": number(quantity), "amount": number(rounded(decimal(line["amount"]), symbol))}
            if line.get("rate") is None:
                line["rate"] = number(decimal(line["amount"]) / quantity) if quantity else 0.0
            net += decimal(line["amount"])
        tax = self._tax(body, lines, symbol)
        body |= {"subtotal": number(net), "taxTotal": number(tax), "total": number(net + tax)}
        if net + tax < 0:
            raise user_error("Transaction total may not be negative.")

    @staticmethod
    def _tax(body: Json, lines: list[Json], symbol: str) -> Decimal:
        """Tax is what the override says. Without the override the details are dropped: no engine computes them here."""
        if not body.get("taxDetailsOverride"):
            body["taxDetails"] = []
            return Decimal(0)
        details = body.get("taxDetails") or []
        known = {line["taxDetailsReference"] for line in lines if line.get("taxDetailsReference")}
        for detail in details:
            if known and detail.get("taxDetailsReference") not in known:
                raise user_error(f"Tax details reference {detail.get('taxDetailsReference')} matches no line.")
        return rounded(sum((decimal(detail.get("taxAmount")) for detail in details), Decimal(0)), symbol)

    def _due(self, body: Json) -> str:
        days = 0
        if body.get("terms"):
            days = int(self._book.get(TYPES["term"], body["terms"]["id"]).get("daysUntilNetDue") or 0)
        return (stamps.day(body["tranDate"]) + timedelta(days=days)).isoformat()

    @staticmethod
    def _check_balance(body: Json) -> None:
        lines = body.get("line") or []
        debit = sum((decimal(line.get("debit")) for line in lines), Decimal(0))
        credit = sum((decimal(line.get("credit")) for line in lines), Decimal(0))
        if not lines or debit != credit:
            raise user_error("The amounts in a journal entry must balance.")
        body["total"] = number(debit)

    def _document_number(self, of: RecordType, subsidiary: str) -> str:
        """Sequential per subsidiary and type, given at posting and taken back with a failed call: no gaps."""
        home = self._book.get(TYPES["subsidiary"], subsidiary)
        code = home.get("tranPrefix") or home.get("externalId") or subsidiary
        key = f"{of.prefix}-{code}"
        last = int(self._book.store.fact("netsuite:document-numbers", key) or 0) + 1
        self._book.store.remember("netsuite:document-numbers", key, last)
        return f"{key}-{last:06d}"

    # -- applications -------------------------------------------------------------------------------------------

    def _settle(self, body: Json) -> None:
        """What is paid and what remains of an invoice, from the applications against it."""
        rows = self._applications.find("invoice = ?", (int(body["id"]),))
        paid = sum((decimal(row.body["amount"]) for row in rows), Decimal(0))
        remaining = decimal(body["total"]) - paid
        if remaining < 0:
            raise user_error("The total may not be less than the amount already applied to this invoice.")
        body |= {"amountPaid": number(paid), "amountRemaining": number(remaining)}
        body["status"] = status("open" if remaining else "paidInFull")
        if not _posts(body):
            body["status"] = status("pendingApproval")

    def _apply(self, of: RecordType, body: Json) -> None:
        """Apply a payment or credit to invoices; it can neither overpay an invoice nor spend more than it holds."""
        self._unapply(body["id"])
        symbol, applied = self._symbol(body), Decimal(0)
        lines = [line for line in body.get("apply") or [] if line.get("apply", True)]
        for line in lines:
            if not line.get("doc"):
                raise bad_value("apply.items.doc")
            invoice = self._book.get(TYPES["invoice"], line["doc"]["id"])
            applied += self._apply_line(body, invoice, line, symbol)
        body["apply"] = lines
        if of.name == "customerPayment":
            body["payment"] = number(rounded(decimal(body.get("payment")) or applied, symbol))
            body["total"] = body["payment"]
        if applied > decimal(body["total"]):
            raise user_error(f"The amount applied ({applied}) exceeds the amount of the transaction ({body['total']}).")
        left = decimal(body["total"]) - applied
        body |= {"applied": number(applied), "unapplied": number(left)}
        payment = of.name == "customerPayment"
        body["status"] = status("deposited" if payment else "open" if left else "fullyApplied")

    def _apply_line(self, body: Json, invoice: Json, line: Json, symbol: str) -> Decimal:
        remaining = decimal(invoice["amountRemaining"])
        amount = rounded(decimal(line.get("amount")), symbol) if line.get("amount") is not None else remaining
        if (
            invoice["currency"]["id"] != body["currency"]["id"]
            or invoice["subsidiary"]["id"] != body["subsidiary"]["id"]
        ):
            raise bad_value("apply.items.doc")
        if amount <= 0 or amount > remaining:
            raise user_error(
                f"The amount applied ({amount}) exceeds the amount remaining ({remaining}) on {invoice['tranId']}."
            )
        line["amount"] = number(amount)
        key = self._book.store.next("netsuite:application")
        application = {"source": int(body["id"]), "invoice": int(invoice["id"]), "amount": number(amount)}
        self._applications.put(key, application, self._book.store.clock.tick())
        self._refresh(invoice)
        return amount

    def _unapply(self, source_id: str) -> None:
        for row in self._applications.find("source = ?", (int(source_id),)):
            self._applications.remove(row.id)
            self._refresh(self._book.get(TYPES["invoice"], str(row.body["invoice"])))

    def _refresh(self, invoice: Json) -> None:
        """Store what an application changed on its invoice; that is a modification of the invoice too."""
        self._settle(invoice)
        self._book.save(TYPES["invoice"], invoice, new=False)

    # -- postings -----------------------------------------------------------------------------------------------

    def _unpost(self, transaction_id: str) -> None:
        for row in self._postings.find('"transaction" = ?', (int(transaction_id),)):
            self._postings.remove(row.id)

    def _post(self, of: RecordType, body: Json) -> None:
        self._unpost(body["id"])
        if not _posts(body):
            return
        entries = list(self._entries(of, body))
        if sum(debit - credit for _, debit, credit in entries) != 0:
            raise user_error("The transaction does not balance.")
        for account, debit, credit in entries:
            posting = {
                "transaction": int(body["id"]),
                "account": account,
                "debit": str(debit),
                "credit": str(credit),
                "subsidiary": body["subsidiary"]["id"],
                "currency": body["currency"]["id"],
                "period": body["postingPeriod"]["id"],
                "date": body["tranDate"],
            }
            self._postings.put(self._book.store.next("netsuite:posting"), posting, self._book.store.clock.tick())

    def _entries(self, of: RecordType, body: Json) -> list[tuple[str, Decimal, Decimal]]:
        """Account, debit and credit."""
        zero = Decimal(0)
        if of.name == "journalEntry":
            return [
                (line["account"]["id"], decimal(line.get("debit")), decimal(line.get("credit")))
                for line in body["line"]
            ]
        total = decimal(body["total"])
        if of.name == "customerPayment":
            return [(seed.BANK, total, zero), (seed.RECEIVABLE, zero, total)]
        if of.name == "vendorPayment":
            return [(seed.PAYABLE, total, zero), (seed.BANK, zero, total)]
        entries = [(seed.RECEIVABLE, total, zero)]
        for line in body["item"]:
            item = self._book.get(TYPES["serviceSaleItem"], line["item"]["id"])
            account = (item.get("incomeAccount") or {"id": seed.INCOME})["id"]
            entries.append((account, zero, decimal(line["amount"])))
        if body["taxTotal"]:
            entries.append((seed.TAX, zero, decimal(body["taxTotal"])))
        if of.name == "creditMemo":
            entries = [(account, credit, debit) for account, debit, credit in entries]
        return entries


def _posts(body: Json) -> bool:
    """An invoice that waits for approval is not in the books."""
    approval = body.get("approvalStatus")
    return approval is None or approval["id"] == "2"
