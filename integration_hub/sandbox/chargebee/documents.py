"""Invoices that were computed elsewhere and are imported, what pays them, and the credit notes that take them back."""

from __future__ import annotations

from typing import Any

from ..forms import nested
from ..messages import Call, Json
from .book import Book, document_lines
from .wording import integer, known, needed, rows, state, wrong

_LINE = {"id", "description", "unit_amount", "quantity", "amount", "entity_type", "tax1_name", "tax1_amount",
         "reference_line_item_id", "date_from", "date_to"}  # fmt: skip
_TAX = {"name", "rate", "amount", "description"}
_INVOICE = {"id", "currency_code", "customer_id", "po_number", "date", "total", "status", "due_date", "net_term_days",
            "line_items", "taxes", "notes", "price_type"}  # fmt: skip
_NOTE = {"id", "customer_id", "reference_invoice_id", "type", "currency_code", "create_reason_code", "date", "status",
         "total", "line_items", "taxes", "allocations"}  # fmt: skip
_OPEN = {"posted", "payment_due", "not_paid"}


class Documents:
    """Writes to invoices, transactions and credit notes."""

    def __init__(self, book: Book) -> None:
        self._book = book

    # -- invoices -----------------------------------------------------------------------------------------------------

    def bring(self, call: Call, values: Json) -> Json:
        """import_invoice: under the id it is told, with the figures it is told."""
        known(values, _INVOICE)
        key = self._book.free("invoices", needed(values, "id", 50))
        customer = self._book.get("customers", needed(values, "customer_id"))
        status = str(values.get("status") or "paid")
        if status not in _OPEN | {"paid"}:
            raise wrong("status", "should be one of paid, posted, payment_due, not_paid")
        total = integer(needed(values, "total"), "total")
        sums = document_lines(rows(values, "line_items", _LINE), total, rows(values, "taxes", _TAX))
        paid = total if status == "paid" else 0
        return self._book.save("invoices", {
            "id": key, "customer_id": customer["id"], "status": status if total else "paid", "recurring": False,
            "currency_code": self._currency(values), "po_number": values.get("po_number"),
            "price_type": "tax_exclusive",
            "date": integer(needed(values, "date"), "date"), "due_date": _moment(values, "due_date"), **sums,
            "amount_paid": paid, "amount_due": total - paid, "amount_adjusted": 0, "credits_applied": 0,
            "write_off_amount": 0, "voided_at": None, "paid_at": None, "linked_payments": [],
            "issued_credit_notes": [], "adjustment_credit_notes": [], "applied_credits": [],
            "notes": rows(values, "notes", {"note", "entity_type"}), "exchange_rate": 1.0,
        }, call, "invoice_generated")  # fmt: skip

    def charge(self, call: Call, values: Json) -> Json:
        """create_for_charge_items_and_charges: Chargebee gives the number; consolidated it stays pending."""
        known(values, {"customer_id", "currency_code", "charges", "auto_collection", "po_number", "invoice_note"})
        charges = rows(values, "charges", {"amount", "description", "taxable"})
        total = sum(integer(item.get("amount", ""), "charges[amount]", 1) for item in charges)
        lines = {name: {str(n): item.get(name, "") for n, item in enumerate(charges)} for name in
                 ("amount", "description")}  # fmt: skip
        given = {"id": self._book.number(), "customer_id": values.get("customer_id"), "total": str(total),
                 "currency_code": values.get("currency_code"), "status": "payment_due",
                 "date": str(self._book.now()), "line_items": lines}  # fmt: skip
        made = self.bring(call, given)
        if self._book.setting("consolidates"):
            made = self._book.save("invoices", made | {"status": "pending"}, call, "pending_invoice_created")
        return made

    def close(self, call: Call, key: str, values: Json) -> Json:
        invoice = self._book.get("invoices", key)
        if invoice["status"] != "pending":
            raise state("Only pending invoices can be closed.")
        return self._book.save("invoices", invoice | {"status": "payment_due"}, call, "invoice_generated")

    def void(self, call: Call, key: str, values: Json) -> Json:
        invoice = self._open(key)
        if invoice["linked_payments"] or invoice["amount_adjusted"] or invoice["credits_applied"]:
            raise state("Invoices with payments or credits cannot be voided.")
        change = {"status": "voided", "voided_at": self._book.now(), "amount_due": 0}
        return self._book.save("invoices", invoice | change, call, "invoice_updated")

    def write_off(self, call: Call, key: str, values: Json) -> Json:
        invoice = self._open(key)
        change = {"status": "not_paid", "write_off_amount": invoice["amount_due"], "amount_due": 0}
        return self._book.save("invoices", invoice | change, call, "invoice_updated")

    def pay(self, call: Call, key: str) -> Json:
        """record_payment: money that came in elsewhere; the invoice and the payment."""
        values = nested(call.body)
        known(values, {"transaction", "comment"})
        told = values.get("transaction")
        if not isinstance(told, dict) or not told.get("payment_method"):
            raise wrong("transaction[payment_method]", "cannot be blank")
        invoice = self._open(key)
        amount = integer(told.get("amount") or invoice["amount_due"], "transaction[amount]", 1)
        applied, now = min(amount, invoice["amount_due"]), self._book.now()
        on = integer(told.get("date") or now, "transaction[date]")
        linked = {"invoice_id": key, "applied_amount": applied, "applied_at": now}
        payment = self._book.save("transactions", {
            "id": self._book.number("txn_"), "customer_id": invoice["customer_id"], "type": "payment",
            "status": "success", "date": on, "amount": amount, "amount_unused": amount - applied,
            "currency_code": invoice["currency_code"], "payment_method": told["payment_method"],
            "reference_number": told.get("reference_number"), "linked_invoices": [linked],
        }, call, "payment_succeeded")  # fmt: skip
        invoice["linked_payments"].append({"txn_id": payment["id"], "applied_amount": applied, "applied_at": now})
        invoice["amount_paid"] += applied
        return {"invoice": self._less(call, invoice, applied), "transaction": payment}

    # -- credit notes -------------------------------------------------------------------------------------------------

    def credit(self, call: Call, values: Json) -> Json:
        """import_credit_note: as it was computed elsewhere, against one invoice, allocated as it is told."""
        known(values, _NOTE)
        key, kind = self._book.free("credit_notes", needed(values, "id", 50)), needed(values, "type")
        if kind not in {"adjustment", "refundable"}:
            raise wrong("type", "should be one of adjustment, refundable")
        needed(values, "create_reason_code")
        invoice = self._book.get("invoices", needed(values, "reference_invoice_id"))
        if self._currency(values) != invoice["currency_code"]:
            raise wrong("currency_code", f"should be {invoice['currency_code']}, as the invoice's")
        total = integer(needed(values, "total"), "total", 1)
        lines = rows(values, "line_items", _LINE)
        sums = document_lines(lines, total, rows(values, "taxes", _TAX))
        self._not_too_much(invoice, sums["line_items"], total)
        parts = rows(values, "allocations", {"invoice_id", "allocated_amount", "allocated_at"})
        allocated = sum(integer(part.get("allocated_amount", ""), "allocations[allocated_amount]") for part in parts)
        if allocated > total or (kind == "adjustment" and allocated != total):
            raise wrong("allocations[allocated_amount]", f"adds up to {allocated}, the note is of {total}")
        left = total - allocated
        note = self._book.save("credit_notes", {
            "id": key, "customer_id": invoice["customer_id"], "reference_invoice_id": invoice["id"], "type": kind,
            "status": "refund_due" if left else "adjusted", "currency_code": invoice["currency_code"],
            "create_reason_code": values["create_reason_code"], "date": integer(needed(values, "date"), "date"),
            "amount_allocated": allocated, "amount_refunded": 0, "amount_available": left, "voided_at": None,
            "allocations": [{"invoice_id": part["invoice_id"], "allocated_amount": int(part["allocated_amount"]),
                             "allocated_at": self._book.now()} for part in parts], **sums,
        }, call, "credit_note_created")  # fmt: skip
        for part in note["allocations"]:
            self._allocate(call, part, kind)
        invoice = self._book.get("invoices", invoice["id"])
        invoice["issued_credit_notes"].append({"cn_id": key, "cn_total": total, "cn_status": note["status"]})
        self._book.save("invoices", invoice, call, "invoice_updated")
        return note

    def void_note(self, call: Call, key: str, values: Json) -> Json:
        note = self._book.get("credit_notes", key)
        if note["status"] == "voided" or note["amount_refunded"]:
            raise state("Only credit notes that were not refunded can be voided.")
        for part in note["allocations"]:
            self._allocate(call, part | {"allocated_amount": -part["allocated_amount"]}, note["type"])
        change = {"status": "voided", "voided_at": self._book.now(), "allocations": [], "amount_available": 0}
        return self._book.save("credit_notes", note | change, call, "credit_note_updated")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _currency(self, values: Json) -> str:
        code = needed(values, "currency_code")
        if code not in self._book.setting("currencies"):
            raise wrong("currency_code", f"{code} is not enabled for this site")
        return code

    def _open(self, key: str) -> Json:
        invoice = self._book.get("invoices", key)
        if invoice["status"] not in _OPEN:
            raise state(f"This is not possible for invoices that are {invoice['status']}.")
        return invoice

    def _less(self, call: Call, invoice: Json, amount: int) -> Json:
        """So much less is due."""
        invoice["amount_due"] -= amount
        if not invoice["amount_due"]:
            invoice |= {"status": "paid", "paid_at": self._book.now()}
        elif invoice["status"] == "paid":
            invoice |= {"status": "payment_due", "paid_at": None}
        return self._book.save("invoices", invoice, call, "invoice_updated")

    def _allocate(self, call: Call, part: Json, kind: str) -> None:
        invoice = self._book.get("invoices", part["invoice_id"])
        amount = part["allocated_amount"]
        if amount > invoice["amount_due"]:
            message = f"is more than what invoice {invoice['id']} still asks for"
            raise wrong("allocations[allocated_amount]", message)
        invoice["amount_adjusted" if kind == "adjustment" else "credits_applied"] += amount
        self._less(call, invoice, amount)

    def _not_too_much(self, invoice: Json, lines: list[Json], total: int) -> None:
        notes = [row.body for row in self._book.records["credit_notes"].find(
            "json_extract(body, '$.reference_invoice_id') = ? AND status <> 'voided'", [invoice["id"]])]  # fmt: skip
        if total + sum(note["total"] for note in notes) > invoice["total"]:
            raise wrong("total", "is more than what is left of the invoice")
        billed = {line["id"]: line["amount"] for line in invoice["line_items"]}
        taken: dict[Any, int] = {}
        for line in [*(line for note in notes for line in note["line_items"]), *lines]:
            if of := line["reference_line_item_id"]:
                taken[of] = taken.get(of, 0) + line["amount"]
        for of, amount in taken.items():
            if amount > billed.get(of, -1):
                message = "is more than what is left of the line" if of in billed else "is no line of the invoice"
                raise wrong("line_items[reference_line_item_id]", message)


def _moment(values: Json, name: str) -> int | None:
    return integer(values[name], name) if values.get(name) else None
