"""Invoices: drafts that take lines, and what becomes of them once they are finalised."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..messages import Call, Json
from .book import Book
from .customers import Customers, currency
from .wording import integer, known, needed, refused, rows, truth, words

_HEADER = {
    "description", "footer", "days_until_due", "due_date", "effective_at", "custom_fields", "collection_method",
    "auto_advance", "metadata", "number", "default_tax_rates", "automatic_tax",
}  # fmt: skip
_ITEM = {"customer", "invoice", "amount", "currency", "description", "period", "tax_rates", "metadata", "quantity",
         "unit_amount_decimal", "discountable", "pricing"}  # fmt: skip
_LINE = {"amount", "description", "metadata", "period", "tax_rates", "tax_amounts", "quantity", "discountable",
         "invoice_item"}  # fmt: skip
AN_HOUR = 3600


class Invoices:
    """Writes to invoices and their lines."""

    def __init__(self, book: Book, customers: Customers) -> None:
        self._book = book
        self._customers = customers

    def shown(self, body: Json) -> Json:
        """An invoice with its first lines."""
        lines = [row.body for row in self._lines(body["id"])]
        url = f"/v1/invoices/{body['id']}/lines"
        listed = {"object": "list", "data": lines[:10], "has_more": len(lines) > 10, "url": url}
        return body | {"lines": listed | {"total_count": len(lines)}}

    def pass_time(self) -> None:
        """Drafts that advance by themselves are finalised an hour after they were made."""
        where = "livemode = ? AND status = 'draft' AND auto_advance = 1 AND automatically_finalizes_at <= ?"
        for row in self._book.records["invoices"].find(where, [int(self._book.live), self._book.now()]):
            self.finalize(None, row.id, {})

    # -- drafts -------------------------------------------------------------------------------------------------------

    def create(self, call: Call | None, values: Json) -> Json:
        known(values, _HEADER | {"customer", "currency", "pending_invoice_items_behavior"})
        customer = self._book.get("customers", needed(values, "customer"), "customer")
        if customer.get("deleted"):
            raise refused(f"No such customer: '{customer['id']}'", code="resource_missing", param="customer")
        method = str(values.get("collection_method") or "charge_automatically")
        if method == "send_invoice" and not (values.get("days_until_due") or values.get("due_date")):
            message = "If invoices are sent, one of `days_until_due` or `due_date` is required."
            raise refused(message, param="days_until_due")
        advances = truth(values.get("auto_advance", True), "auto_advance")
        body = self._book.make("invoices", {
            "customer": customer["id"], "customer_name": customer["name"], "customer_email": customer["email"],
            "currency": currency(values.get("currency") or customer["currency"] or "usd"),
            "status": "draft", "number": None, "auto_advance": advances, "collection_method": method,
            "automatically_finalizes_at": self._book.now() + AN_HOUR if advances else None,
            "description": None, "footer": None, "due_date": None, "effective_at": None, "custom_fields": None,
            "metadata": {}, "amount_paid": 0, "amount_paid_off_stripe": 0, "amount_overpaid": 0,
            "pre_payment_credit_notes_amount": 0, "post_payment_credit_notes_amount": 0, "starting_balance": 0,
            "ending_balance": None, "last_finalization_error": None, "parent": None,
            "automatic_tax": {"enabled": False},
            "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        })  # fmt: skip
        self._fill(body, values)
        self._book.save("invoices", self._summed(body), call)
        behaviour = values.get("pending_invoice_items_behavior") or self._book.setting("pending_items_default")
        if behaviour == "include":
            self._take_pending(body)
        return self.shown(self._book.save("invoices", self._summed(body), call, "invoice.created"))

    def update(self, call: Call, key: str, values: Json) -> Json:
        body = self._book.get("invoices", key)
        known(values, _HEADER)
        late = set(values) - {"metadata", "auto_advance", "expand"}
        if body["status"] != "draft" and late:
            message = f"Finalized invoices can't be updated in this way: {', '.join(sorted(late))}."
            raise refused(message, code="invoice_not_editable", param=sorted(late)[0])
        self._fill(body, values)
        return self.shown(self._book.save("invoices", self._summed(body), call, "invoice.updated"))

    def delete(self, call: Call, key: str) -> Json:
        body = self._draft(key, "You can only delete draft invoices.")
        for row in self._lines(key):
            self._book.records["lines"].remove(row.id)
        self._book.tell("invoice.deleted", body, call)
        self._book.save("invoices", body | {"deleted": True}, call)
        return {"id": key, "object": "invoice", "deleted": True}

    def item(self, call: Call | None, values: Json) -> Json:
        """An invoice item: on a draft, or waiting for the next one."""
        known(values, _ITEM)
        customer = self._book.get("customers", needed(values, "customer"), "customer")
        invoice = None
        if values.get("invoice"):
            invoice = self._draft(str(values["invoice"]), "The invoice is no longer editable.")
        amount = self._amount(values)
        code = currency(values.get("currency") or (invoice or customer)["currency"] or "usd")
        if invoice and invoice["currency"] != code:
            raise refused(f"The currency of the invoice is {invoice['currency']}, not {code}.", param="currency")
        body = self._book.make("invoiceitems", {
            "customer": customer["id"], "invoice": None, "amount": amount, "currency": code, "date": self._book.now(),
            "description": values.get("description"), "quantity": integer(values.get("quantity", 1), "quantity"),
            "metadata": words(values.get("metadata")), "tax_rates": list(values.get("tax_rates") or []),
            "period": values.get("period"),
        })  # fmt: skip
        if invoice:
            self._put_on(invoice, body)
            self._book.save("invoices", self._summed(invoice), call, "invoice.updated")
        return self._book.save("invoiceitems", body, call, "invoiceitem.created")

    def add_lines(self, call: Call, key: str, values: Json) -> Json:
        """Several lines at once, with the tax somebody else computed."""
        known(values, {"lines", "invoice_metadata"})
        body = self._draft(key, "You can only add lines to a draft invoice.")
        for given in rows(needed(values, "lines"), "lines"):
            known(given, _LINE)
            item = self._book.make("invoiceitems", {
                "customer": body["customer"], "invoice": None, "amount": self._amount(given), "date": self._book.now(),
                "currency": body["currency"], "description": given.get("description"), "period": given.get("period"),
                "quantity": integer(given.get("quantity", 1), "quantity"), "metadata": words(given.get("metadata")),
                "tax_rates": list(given.get("tax_rates") or []),
            })  # fmt: skip
            self._put_on(body, item, rows(given.get("tax_amounts") or [], "tax_amounts"))
            self._book.save("invoiceitems", item, call, "invoiceitem.created")
        body["metadata"] |= words(values.get("invoice_metadata"))
        return self.shown(self._book.save("invoices", self._summed(body), call, "invoice.updated"))

    # -- what becomes of it -------------------------------------------------------------------------------------------

    def finalize(self, call: Call | None, key: str, values: Json) -> Json:
        known(values, {"auto_advance"})
        body = self._draft(key, "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
        customer = self._book.get("customers", body["customer"])
        number = body["number"] or f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        customer["next_invoice_sequence"] += 1
        customer["currency"] = customer["currency"] or body["currency"]
        now = self._book.now()
        owed = body["total"]
        used = min(max(-customer["balance"], 0), max(owed, 0)) if customer["currency"] == body["currency"] else 0
        body |= {"starting_balance": customer["balance"], "ending_balance": customer["balance"] + used}
        customer["balance"] += used
        self._book.records["customers"].put_quietly(customer["id"], customer)
        body |= {
            "number": number, "status": "open", "effective_at": body["effective_at"] or now,
            "automatically_finalizes_at": None, "amount_due": owed - used, "amount_remaining": owed - used,
        }  # fmt: skip
        if "auto_advance" in values:
            body["auto_advance"] = truth(values["auto_advance"], "auto_advance")
        body["status_transitions"] |= {"finalized_at": now}
        told = ["invoice.updated", "invoice.finalized"]
        if not body["amount_remaining"]:
            body["status"] = "paid"
            body["status_transitions"] |= {"paid_at": now}
            told.append("invoice.paid")
        return self.shown(self._book.save("invoices", body, call, *told))

    def send(self, call: Call, key: str, values: Json) -> Json:
        body = self._book.get("invoices", key)
        if body["status"] == "draft":
            self.finalize(call, key, {})
            body = self._book.get("invoices", key)
        self._must_be(body, ("open",), "send")
        return self.shown(self._book.save("invoices", body, call, "invoice.sent"))

    def void(self, call: Call, key: str, values: Json) -> Json:
        body = self._book.get("invoices", key)
        self._must_be(body, ("open", "uncollectible"), "void")
        body |= {"status": "void", "amount_remaining": 0}
        body["status_transitions"] |= {"voided_at": self._book.now()}
        return self.shown(self._book.save("invoices", body, call, "invoice.updated", "invoice.voided"))

    def give_up(self, call: Call, key: str, values: Json) -> Json:
        body = self._book.get("invoices", key)
        self._must_be(body, ("open",), "mark as uncollectible")
        body["status"] = "uncollectible"
        body["status_transitions"] |= {"marked_uncollectible_at": self._book.now()}
        return self.shown(self._book.save("invoices", body, call, "invoice.updated", "invoice.marked_uncollectible"))

    # -- parts --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _must_be(body: Json, states: tuple[str, ...], verb: str) -> None:
        if body["status"] not in states:
            raise refused(
                f"You can only {verb} invoices that are {' or '.join(states)}; this one is {body['status']}.",
                code="invoice_not_editable",
            )

    def _draft(self, key: str, message: str) -> Json:
        body = self._book.get("invoices", key)
        if body.get("deleted"):
            raise refused(f"No such invoice: '{key}'", code="resource_missing", param="id", status=404)
        if body["status"] != "draft":
            raise refused(message, code="invoice_not_editable", param="invoice")
        return body

    @staticmethod
    def _fill(body: Json, values: Json) -> None:
        for name in ("description", "footer", "number", "collection_method"):
            if name in values:
                body[name] = values[name] or None
        for name in ("due_date", "effective_at"):
            if values.get(name):
                body[name] = integer(values[name], name)
        if values.get("days_until_due"):
            body["due_date"] = body["created"] + 86_400 * integer(values["days_until_due"], "days_until_due")
        if "custom_fields" in values:
            fields = rows(values["custom_fields"] or [], "custom_fields")
            for field in fields:
                if len(str(field.get("name"))) > 40 or len(str(field.get("value"))) > 140:
                    raise refused("A custom field takes a name of 40 and a value of 140.", param="custom_fields")
            body["custom_fields"] = fields or None
        if "auto_advance" in values and body["status"] != "draft":
            body["auto_advance"] = truth(values["auto_advance"], "auto_advance")
        merged = body["metadata"] | words(values.get("metadata"))
        body["metadata"] = {name: text for name, text in merged.items() if text}

    @staticmethod
    def _amount(values: Json) -> int:
        if "unit_amount_decimal" in values:
            unit = Decimal(str(values["unit_amount_decimal"]))
            exact = unit * integer(values.get("quantity", 1), "quantity")
            return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        return integer(needed(values, "amount"), "amount")

    def _lines(self, invoice: str) -> list[Any]:
        return self._book.records["lines"].find("invoice = ?", [invoice], order="created_ms")

    def _take_pending(self, invoice: Json) -> None:
        """Items that wait for the customer's next invoice."""
        where = "customer = ? AND invoice IS NULL AND livemode = ?"
        params = [invoice["customer"], int(self._book.live)]
        for row in self._book.records["invoiceitems"].find(where, params, order="created_ms"):
            if row.body["currency"] == invoice["currency"]:
                item = row.body
                self._put_on(invoice, item)
                self._book.save("invoiceitems", item, None)

    def _put_on(self, invoice: Json, item: Json, taxes: list[Json] | None = None) -> None:
        item["invoice"] = invoice["id"]
        details = {"invoice_item": item["id"], "proration": False}
        line = self._book.make("lines", {
            "invoice": invoice["id"], "amount": item["amount"], "subtotal": item["amount"],
            "currency": item["currency"], "description": item["description"], "quantity": item["quantity"],
            "metadata": item["metadata"], "period": item["period"],
            "parent": {"type": "invoice_item_details", "invoice_item_details": details},
            "taxes": self._given(taxes) if taxes else self._computed(item),
        })  # fmt: skip
        self._book.save("lines", line, None)

    def _given(self, taxes: list[Json]) -> list[Json]:
        """Tax that was computed elsewhere: each with a rate made for it."""
        made = []
        for tax in taxes:
            known(tax, {"amount", "taxable_amount", "tax_rate_data", "taxability_reason"})
            data = needed(tax, "tax_rate_data")
            rate = self._customers.rate(None, data if isinstance(data, dict) else {})
            made.append(
                _tax(
                    rate,
                    integer(needed(tax, "amount"), "amount"),
                    integer(needed(tax, "taxable_amount"), "taxable_amount"),
                )
            )
        return made

    def _computed(self, item: Json) -> list[Json]:
        """Tax by the rates an item names, rounded line by line."""
        made = []
        for key in item["tax_rates"]:
            rate = self._book.get("tax_rates", key, "tax_rates")
            exact = Decimal(item["amount"]) * Decimal(str(rate["percentage"])) / 100
            made.append(_tax(rate, int(exact.quantize(Decimal(1), ROUND_HALF_UP)), item["amount"]))
        return made

    def _summed(self, body: Json) -> Json:
        """The sums of a draft; those of a finalised invoice stand."""
        if body["status"] != "draft":
            return body
        lines = [row.body for row in self._lines(body["id"])]
        taxes: dict[str, Json] = {}
        for tax in (tax for line in lines for tax in line["taxes"]):
            key = tax["tax_rate_details"]["tax_rate"]
            known_ = taxes.setdefault(key, tax | {"amount": 0, "taxable_amount": 0})
            known_["amount"] += tax["amount"]
            known_["taxable_amount"] += tax["taxable_amount"]
        net, tax = sum(line["amount"] for line in lines), sum(found["amount"] for found in taxes.values())
        total = net + tax
        return body | {
            "subtotal": net, "subtotal_excluding_tax": net, "total_excluding_tax": net, "total": total,
            "total_taxes": list(taxes.values()), "amount_due": max(total, 0), "amount_remaining": max(total, 0),
        }  # fmt: skip


def _tax(rate: Json, amount: int, basis: int) -> Json:
    return {
        "amount": amount,
        "taxable_amount": basis,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": None,
        "type": "tax_rate_details",
    }
