"""Credit notes: never more than their invoice, and what was paid already goes back in one of three ways."""

from __future__ import annotations

from ..messages import Call, Json
from .book import Book
from .payments import Payments
from .wording import integer, known, needed, refused, rows, words

_FIELDS = {
    "invoice", "lines", "amount", "credit_amount", "refund_amount", "out_of_band_amount", "memo", "reason", "metadata",
    "effective_at",
}  # fmt: skip
_LINE = {"type", "invoice_line_item", "amount", "quantity", "unit_amount", "description", "tax_amounts", "tax_rates",
         "metadata"}  # fmt: skip
_REASONS = {"duplicate", "fraudulent", "order_change", "product_unsatisfactory"}


class Credits:
    """Writes to credit notes."""

    def __init__(self, book: Book, payments: Payments) -> None:
        self._book = book
        self._payments = payments

    def create(self, call: Call, values: Json) -> Json:
        known(values, _FIELDS)
        invoice = self._book.get("invoices", needed(values, "invoice"), "invoice")
        if invoice["status"] not in {"open", "paid"}:
            message = f"Credit notes can only be created on open or paid invoices; this one is {invoice['status']}."
            raise refused(message, code="invoice_not_editable", param="invoice")
        if values.get("reason") and values["reason"] not in _REASONS:
            raise refused(f"Invalid reason: must be one of {', '.join(sorted(_REASONS))}", param="reason")
        lines = [self._line(invoice, given) for given in rows(values.get("lines") or [], "lines")]
        net = sum(line["amount"] for line in lines)
        tax = sum(found["amount"] for line in lines for found in line["taxes"])
        total = net + tax if lines else integer(needed(values, "amount"), "amount")
        before = min(total, invoice["amount_remaining"])
        after = total - before
        self._refuse_too_much(invoice, values, total, after)
        return self._issue(call, invoice, values, lines, (total - tax, total), before, after)

    def update(self, call: Call, key: str, values: Json) -> Json:
        known(values, {"memo", "metadata"})
        note = self._book.get("credit_notes", key)
        note["memo"] = values.get("memo", note["memo"])
        note["metadata"] |= words(values.get("metadata"))
        return self._book.save("credit_notes", note, call, "credit_note.updated")

    def void(self, call: Call, key: str) -> Json:
        note = self._book.get("credit_notes", key)
        invoice = self._book.get("invoices", note["invoice"])
        if note["status"] == "void" or invoice["status"] != "open":
            raise refused("You can only void credit notes of open invoices that were not voided.", param="id")
        amount = note["pre_payment_amount"]
        invoice["pre_payment_credit_notes_amount"] -= amount
        invoice |= {name: invoice[name] + amount for name in ("amount_due", "amount_remaining")}
        self._book.save("invoices", invoice, call, "invoice.updated")
        note |= {"status": "void", "voided_at": self._book.now()}
        return self._book.save("credit_notes", note, call, "credit_note.voided")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _line(self, invoice: Json, given: Json) -> Json:
        known(given, _LINE)
        kind = needed(given, "type")
        line: Json = {"type": kind, "taxes": [], "description": given.get("description"),
                      "metadata": words(given.get("metadata"))}  # fmt: skip
        if kind == "custom_line_item":
            quantity = integer(given.get("quantity", 1), "quantity")
            amount = integer(needed(given, "unit_amount"), "unit_amount") * quantity
        else:
            billed = self._book.get("lines", needed(given, "invoice_line_item"), "invoice_line_item")
            if billed["invoice"] != invoice["id"]:
                raise refused("The invoice line item is not of this invoice.", param="invoice_line_item")
            amount = integer(given.get("amount", billed["amount"]), "amount")
            if amount > billed["amount"] - self._credited(billed["id"]):
                message = "The amount of the line is larger than what is left of the invoice line item."
                raise refused(message, code="amount_too_large", param="amount")
            line |= {"invoice_line_item": billed["id"], "description": billed["description"]}
        for tax in rows(given.get("tax_amounts") or [], "tax_amounts"):
            rate = self._book.get("tax_rates", needed(tax, "tax_rate"), "tax_rate")
            line["taxes"].append({
                "amount": integer(needed(tax, "amount"), "amount"), "type": "tax_rate_details",
                "taxable_amount": integer(needed(tax, "taxable_amount"), "taxable_amount"),
                "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": rate["id"]},
            })  # fmt: skip
        return line | {"amount": amount}

    def _credited(self, line: str) -> int:
        """What issued credit notes took back of an invoice line."""
        notes = self._book.store.query(
            "SELECT sum(json_extract(item.value, '$.amount')) FROM stripe_credit_notes AS note,"
            " json_each(note.body, '$.lines.data') AS item"
            " WHERE json_extract(note.body, '$.status') = 'issued'"
            " AND json_extract(item.value, '$.invoice_line_item') = ?",
            (line,),
        )
        return int(notes[0][0] or 0)

    @staticmethod
    def _refuse_too_much(invoice: Json, values: Json, total: int, after: int) -> None:
        if total <= 0:
            raise refused("The credit note must be of more than nothing.", param="amount")
        taken = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
        if total + taken > invoice["total"]:
            raise refused(
                f"The sum of credit notes ({total + taken}) cannot exceed the invoice total ({invoice['total']}).",
                code="amount_too_large",
                param="amount",
            )
        ways = ("credit_amount", "refund_amount", "out_of_band_amount")
        told = sum(integer(values.get(name) or 0, name) for name in ways)
        if told != after:
            raise refused(
                "The sum of credit_amount, refund_amount and out_of_band_amount must be what is credited beyond the"
                f" amount remaining: {after}, not {told}.",
                param="credit_amount",
            )

    def _issue(
        self, call: Call, invoice: Json, values: Json, lines: list[Json], sums: tuple[int, int], before: int,
        after: int,
    ) -> Json:  # fmt: skip
        net, total = sums
        count = self._book.records["credit_notes"].count("invoice = ?", [invoice["id"]]) + 1
        taxes = [found for line in lines for found in line["taxes"]]
        note = self._book.make("credit_notes", {
            "number": f"{invoice['number']}-CN-{count:02d}", "invoice": invoice["id"], "customer": invoice["customer"],
            "currency": invoice["currency"], "status": "issued", "amount": total, "total": total, "subtotal": net,
            "subtotal_excluding_tax": net, "total_excluding_tax": net, "total_taxes": taxes,
            "pre_payment_amount": before, "post_payment_amount": after,
            "out_of_band_amount": integer(values.get("out_of_band_amount") or 0, "out_of_band_amount") or None,
            "type": "pre_payment" if not after else "post_payment" if not before else "mixed",
            "memo": values.get("memo") or None, "reason": values.get("reason") or None,
            "metadata": words(values.get("metadata")), "refunds": [], "voided_at": None,
            "effective_at": integer(values.get("effective_at") or self._book.now(), "effective_at"),
        })  # fmt: skip
        url = f"/v1/credit_notes/{note['id']}/lines"
        made = [
            {"id": self._book.number("cnli"), "object": "credit_note_line_item", "livemode": self._book.live, **line}
            for line in lines
        ]
        note["lines"] = {"object": "list", "data": made, "has_more": False, "total_count": len(made), "url": url}
        self._settle(call, invoice, note, values, before, after)
        return self._book.save("credit_notes", note, call, "credit_note.created")

    def _settle(self, call: Call, invoice: Json, note: Json, values: Json, before: int, after: int) -> None:
        invoice["pre_payment_credit_notes_amount"] += before
        invoice["post_payment_credit_notes_amount"] += after
        invoice |= {name: invoice[name] - before for name in ("amount_due", "amount_remaining")}
        told = ["invoice.updated"]
        if invoice["status"] == "open" and not invoice["amount_remaining"]:
            invoice["status"] = "paid"
            invoice["status_transitions"] |= {"paid_at": self._book.now()}
            told.append("invoice.paid")
        if refund := integer(values.get("refund_amount") or 0, "refund_amount"):
            note["refunds"] = [{"amount_refunded": refund, "refund": self._payments.refund(call, invoice, refund)}]
        if credit := integer(values.get("credit_amount") or 0, "credit_amount"):
            customer = self._book.get("customers", invoice["customer"])
            customer["balance"] -= credit
            self._book.save("customers", customer, call, "customer.updated")
        self._book.save("invoices", invoice, call, *told)
