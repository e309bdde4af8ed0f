"""Money in: payment intents with their charges, and what of it pays an invoice."""

from __future__ import annotations

from ..messages import Call, Json, Refusal
from .book import Book
from .customers import currency
from .wording import error, integer, known, needed, refused, truth, words

DECLINED = "pm_card_chargeDeclined"


class Payments:
    """Writes to payment intents, charges and payments of invoices."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def intent(self, call: Call | None, values: Json) -> Json:
        """An intent; confirmed, it is charged at once."""
        known(values, {"amount", "currency", "customer", "confirm", "payment_method", "description", "metadata",
                       "off_session", "payment_method_types", "automatic_payment_methods"})  # fmt: skip
        amount = integer(needed(values, "amount"), "amount")
        if amount <= 0:
            raise refused("This value must be greater than or equal to 1.", param="amount")
        customer = values.get("customer")
        if customer:
            self._book.get("customers", customer, "customer")
        body = self._book.make("payment_intents", {
            "amount": amount, "amount_received": 0, "currency": currency(needed(values, "currency")),
            "customer": customer, "status": "requires_payment_method", "latest_charge": None,
            "description": values.get("description"), "metadata": words(values.get("metadata")),
        })  # fmt: skip
        if not truth(values.get("confirm", False), "confirm"):
            return self._book.save("payment_intents", body, call, "payment_intent.created")
        self._refuse_declined(values.get("payment_method"))
        charge = self._book.make("charges", {
            "amount": amount, "amount_refunded": 0, "refunded": False, "paid": True, "status": "succeeded",
            "currency": body["currency"], "customer": customer, "payment_intent": body["id"],
        })  # fmt: skip
        body |= {"status": "succeeded", "amount_received": amount, "latest_charge": charge["id"]}
        self._book.save("charges", charge, call, "charge.succeeded")
        return self._book.save("payment_intents", body, call, "payment_intent.succeeded")

    def pay(self, call: Call, key: str, values: Json) -> Json:
        """What is left of an open invoice: by a charge, or as paid elsewhere."""
        known(values, {"paid_out_of_band", "payment_method", "source", "off_session", "forgive"})
        invoice = self._open(key)
        if truth(values.get("paid_out_of_band", False), "paid_out_of_band"):
            invoice["amount_paid_off_stripe"] += invoice["amount_remaining"]
            return self._paid(call, invoice, invoice["amount_remaining"])
        self._refuse_declined(values.get("payment_method"))
        intent = self.intent(call, {
            "amount": invoice["amount_remaining"], "currency": invoice["currency"], "customer": invoice["customer"],
            "confirm": "true",
        })  # fmt: skip
        return self._attached(call, invoice, intent)

    def attach(self, call: Call, key: str, values: Json) -> Json:
        """A payment that was made apart from the invoice, such as a part of it by bank transfer."""
        known(values, {"payment_intent", "payment_record"})
        invoice = self._open(key)
        intent = self._book.get("payment_intents", needed(values, "payment_intent"), "payment_intent")
        if intent["status"] != "succeeded" or intent["currency"] != invoice["currency"]:
            raise refused("The payment intent must have succeeded, in the invoice's currency.", param="payment_intent")
        return self._attached(call, invoice, intent)

    def refund(self, call: Call, invoice: Json, amount: int) -> str:
        """Give back what a charge brought, by a credit note; the refund's id."""
        paid = self._book.records["invoice_payments"].find("invoice = ? AND status = 'paid'", [invoice["id"]])
        for row in paid:
            intent = self._book.get("payment_intents", row.body["payment"]["payment_intent"])
            charge = self._book.get("charges", intent["latest_charge"])
            if charge["amount"] - charge["amount_refunded"] >= amount:
                charge["amount_refunded"] += amount
                charge["refunded"] = charge["amount_refunded"] == charge["amount"]
                self._book.save("charges", charge, call, "charge.refunded")
                return self._book.number("re")
        message = "The refund is larger than what is left of the charge of this invoice."
        raise refused(message, code="amount_too_large", param="refund_amount")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _open(self, key: str) -> Json:
        invoice = self._book.get("invoices", key)
        if invoice["status"] == "paid":
            raise refused("Invoice is already paid", code="invoice_already_paid")
        if invoice["status"] not in {"open", "uncollectible"}:
            raise refused(f"Invoices that are {invoice['status']} cannot be paid.", code="invoice_not_editable")
        return invoice

    @staticmethod
    def _refuse_declined(method: object) -> None:
        if method == DECLINED:
            raise Refusal(error(402, "Your card was declined.", code="card_declined", kind="card_error"))

    def _attached(self, call: Call, invoice: Json, intent: Json) -> Json:
        amount = min(intent["amount_received"], invoice["amount_remaining"])
        now = self._book.now()
        payment = self._book.make("invoice_payments", {
            "invoice": invoice["id"], "amount_paid": amount, "amount_requested": amount,
            "currency": invoice["currency"], "is_default": True, "status": "paid",
            "status_transitions": {"paid_at": now, "canceled_at": None},
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        })  # fmt: skip
        self._book.save("invoice_payments", payment, call, "invoice_payment.paid")
        return self._paid(call, invoice, amount)

    def _paid(self, call: Call, invoice: Json, amount: int) -> Json:
        invoice["amount_paid"] += amount
        invoice["amount_remaining"] -= amount
        told = ["invoice.updated"]
        if not invoice["amount_remaining"]:
            invoice["status"] = "paid"
            invoice["status_transitions"] |= {"paid_at": self._book.now()}
            told += ["invoice.paid", "invoice.payment_succeeded"]
        return self._book.save("invoices", invoice, call, *told)
