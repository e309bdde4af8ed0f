"""What an account holds: kinds of objects, what lists may be filtered by, and who must be allowed to see them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..store import Column, Kind


@dataclass(frozen=True, slots=True)
class Collection:
    """One list of the API. `permission` is what a restricted key needs, less `rak_` and `_read` or `_write`."""

    name: str
    singular: str
    prefix: str
    permission: str
    filters: tuple[str, ...] = ()
    columns: tuple[Column, ...] = field(default=())

    def kind(self) -> Kind:
        columns = (Column("created", kind="INTEGER"), Column("livemode", kind="INTEGER"))
        own = tuple(Column(name) for name in self.filters)
        return Kind(f"stripe_{self.name}", (*columns, *own, *self.columns), key="TEXT", indexes=("created_ms, id",))


_DECLARED = (
    Collection("customers", "customer", "cus", "customer", ("email",)),
    Collection(
        "invoices", "invoice", "in", "invoice", ("customer", "status", "collection_method"),
        (Column("auto_advance", kind="INTEGER"), Column("automatically_finalizes_at", kind="INTEGER")),
    ),
    Collection("invoiceitems", "invoiceitem", "ii", "invoice", ("customer", "invoice")),
    Collection("lines", "line_item", "il", "invoice", ("invoice",)),
    Collection("credit_notes", "credit_note", "cn", "credit_note", ("customer", "invoice")),
    Collection("invoice_payments", "invoice_payment", "inpay", "invoice", ("invoice", "status")),
    Collection("payment_intents", "payment_intent", "pi", "payment_intent", ("customer",)),
    Collection("charges", "charge", "ch", "charge", ("customer", "payment_intent")),
    Collection("tax_rates", "tax_rate", "txr", "tax_rate"),
    Collection("events", "event", "evt", "event", ("type",)),
)  # fmt: skip
COLLECTIONS = {found.name: found for found in _DECLARED}

VERSION = "2026-06-24.dahlia"
"""The version of the account: what a call gets that names none."""
CURRENCIES = {
    "usd", "eur", "gbp", "chf", "cad", "aud", "sek", "inr", "jpy", "krw", "vnd", "clp", "isk", "kwd", "bhd", "nok",
    "dkk", "pln", "sgd", "hkd", "nzd", "mxn", "brl", "zar",
}  # fmt: skip
