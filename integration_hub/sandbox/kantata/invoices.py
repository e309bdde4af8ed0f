"""Kantata's own invoices: they mark what they contain as invoiced, and cancelling takes the marks off again."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import rounded
from ..messages import Call, Json
from .changes import Changes
from .errors import invalid
from .schema import COLLECTIONS

_MARKED = {"time_entry_ids": "time_entries", "expense_ids": "expenses"}


class Invoices:
    """Creating and cancelling invoices."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._of = COLLECTIONS["invoices"]

    def create(self, call: Call | None, values: Json) -> str:
        invoice_id = self._changes.create(call, self._of, values)
        invoice = self._changes.body(self._of, invoice_id)
        total = 0
        for field, name in _MARKED.items():
            for key in invoice[field]:
                line = self._changes.body(COLLECTIONS[name], key)
                if line["is_invoiced"]:
                    raise invalid("A line item is already invoiced", field)
                total += _cents(line)
                self._changes.touch(call, COLLECTIONS[name], line, {"is_invoiced": True, "invoice_id": invoice_id})
        for key in invoice["billing_milestone_ids"]:
            milestone = self._changes.body(COLLECTIONS["billing_milestones"], key)
            total += milestone["amount_in_cents"]
            known = [*milestone["invoice_ids"], invoice_id]
            self._changes.touch(call, COLLECTIONS["billing_milestones"], milestone, {"invoice_ids": known})
        amounts = {"total_in_cents": total, "balance_in_cents": total}
        self._changes.touch(None, self._of, invoice, amounts, quietly=True)
        return invoice_id

    def cancel(self, call: Call, invoice_id: str) -> None:
        invoice = self._changes.body(self._of, invoice_id)
        if invoice["status"] == "canceled":
            raise invalid("The invoice is already canceled", "status")
        for field, name in _MARKED.items():
            for key in invoice[field]:
                line = self._changes.body(COLLECTIONS[name], key)
                self._changes.touch(call, COLLECTIONS[name], line, {"is_invoiced": False, "invoice_id": None})
        for key in invoice["billing_milestone_ids"]:
            milestone = self._changes.body(COLLECTIONS["billing_milestones"], key)
            rest = [known for known in milestone["invoice_ids"] if known != invoice_id]
            self._changes.touch(call, COLLECTIONS["billing_milestones"], milestone, {"invoice_ids": rest})
        self._changes.touch(call, self._of, invoice, {"status": "canceled", "balance_in_cents": 0})


def _cents(line: Json) -> int:
    """What a line adds to the invoice, in cents."""
    if "amount_in_cents" in line:
        return int(line["amount_in_cents"]) if line["is_billable"] else 0
    if not line["billable"]:
        return 0
    cents = Decimal(line["time_in_minutes"]) * Decimal(line["rate_in_cents"] or 0) / 60
    return int(rounded(cents, "JPY"))
