"""Customers and tax rates: what an invoice needs before it is one."""

from __future__ import annotations

import re

from ..messages import Call, Json
from .book import Book
from .schema import CURRENCIES
from .wording import known, needed, refused, truth, words

_FIELDS = {"name", "email", "description", "phone", "address", "metadata", "balance", "preferred_locales"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def currency(value: object) -> str:
    """A currency the account may charge in, in small letters."""
    code = str(value).lower()
    if code not in CURRENCIES:
        raise refused(f"Invalid currency: {code}. Stripe currently supports these currencies: usd, …", param="currency")
    return code


class Customers:
    """Writes to customers and tax rates."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def create(self, call: Call | None, values: Json) -> Json:
        known(values, _FIELDS)
        number = self._book.store.next("stripe:customer")
        body = self._book.make("customers", {
            "name": None, "email": None, "description": None, "phone": None, "address": None, "balance": 0,
            "currency": None, "delinquent": False, "invoice_prefix": f"L{number:07d}", "next_invoice_sequence": 1,
            "metadata": {},
        })  # fmt: skip
        self._fill(body, values)
        return self._book.save("customers", body, call, "customer.created")

    def update(self, call: Call, key: str, values: Json) -> Json:
        known(values, _FIELDS)
        body = self._living(key)
        self._fill(body, values)
        return self._book.save("customers", body, call, "customer.updated")

    def delete(self, call: Call, key: str) -> Json:
        body = self._living(key)
        gone = {"id": key, "object": "customer", "deleted": True}
        self._book.tell("customer.deleted", body, call)
        self._book.save("customers", body | {"deleted": True}, call)
        return gone

    def rate(self, call: Call | None, values: Json) -> Json:
        """A rate that lines may name."""
        known(values, {"display_name", "percentage", "inclusive", "country", "state", "jurisdiction", "description",
                       "tax_type", "metadata", "active"})  # fmt: skip
        percentage = str(needed(values, "percentage"))
        made = {
            "display_name": needed(values, "display_name"),
            "percentage": float(percentage),
            "inclusive": truth(needed(values, "inclusive"), "inclusive"),
            "active": True,
            "metadata": words(values.get("metadata")),
        }
        return self._book.save("tax_rates", self._book.make("tax_rates", made), call)

    def _living(self, key: str) -> Json:
        body = self._book.get("customers", key)
        if body.get("deleted"):
            raise refused(f"No such customer: '{key}'", code="resource_missing", param="id", status=404)
        return body

    @staticmethod
    def _fill(body: Json, values: Json) -> None:
        if values.get("email") and not _EMAIL.fullmatch(str(values["email"])):
            raise refused(f"Invalid email address: {values['email']}", code="email_invalid", param="email")
        merged = body["metadata"] | words(values.get("metadata"))
        body |= {name: value or None for name, value in values.items() if name in _FIELDS - {"metadata", "balance"}}
        body["metadata"] = {name: text for name, text in merged.items() if text}
