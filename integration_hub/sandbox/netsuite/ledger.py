"""The ERP's own books, as the control port tells them: the other side of every reconciliation."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from ..amounts import decimal
from ..messages import Json
from ..store import Records
from .records import Book
from .schema import TYPES

_SUMS = (
    "invoices",
    "net",
    "tax",
    "gross",
    "credits",
    "credit_net",
    "credit_tax",
    "credit_gross",
    "payments",
    "paid",
    "open",
)


def books(book: Book, postings: Records) -> Json:
    """Totals per subsidiary and currency, the trial balance, and every document with its external id."""
    codes = {str(row.id): row.body for row in book.records["subsidiary"].find()}
    symbols = {str(row.id): row.body["symbol"] for row in book.records["currency"].find()}
    totals: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(_SUMS, Decimal(0)))
    documents: list[Json] = []
    for name in ("invoice", "creditMemo", "customerPayment", "journalEntry"):
        for row in book.records[name].find():
            body = row.body
            if body.get("approvalStatus", {"id": "2"})["id"] == "2":
                _add(totals[(body["subsidiary"]["id"], body["currency"]["id"])], name, body)
            documents.append(_document(name, body, codes, symbols))
    return {
        "vendor": "netsuite",
        "totals": [
            {
                "subsidiary": subsidiary,
                "code": codes[subsidiary].get("tranPrefix") or codes[subsidiary].get("externalId"),
                "name": codes[subsidiary]["name"],
                "currency": symbols[currency],
                **{
                    key: int(value) if key in {"invoices", "credits", "payments"} else _money(value)
                    for key, value in sums.items()
                },
            }
            for (subsidiary, currency), sums in sorted(totals.items())
        ],
        "documents": documents,
        "trial_balance": _trial_balance(book, postings, symbols),
        "records": {
            name: records.count() for name, records in book.records.items() if TYPES[name].family or name == "charge"
        },
    }


def _add(sums: dict[str, Decimal], name: str, body: Json) -> None:
    match name:
        case "invoice":
            sums["invoices"] += 1
            sums["net"] += decimal(body["subtotal"])
            sums["tax"] += decimal(body["taxTotal"])
            sums["gross"] += decimal(body["total"])
            sums["open"] += decimal(body["amountRemaining"])
        case "creditMemo":
            sums["credits"] += 1
            sums["credit_net"] += decimal(body["subtotal"])
            sums["credit_tax"] += decimal(body["taxTotal"])
            sums["credit_gross"] += decimal(body["total"])
        case "customerPayment":
            sums["payments"] += 1
            sums["paid"] += decimal(body["payment"])


def _document(name: str, body: Json, codes: dict[str, Json], symbols: dict[str, Any]) -> Json:
    money = {
        key: body[key] for key in ("subtotal", "taxTotal", "total", "amountPaid", "amountRemaining") if key in body
    }
    return {
        "type": name,
        "id": body["id"],
        "externalId": body.get("externalId"),
        "tranId": body["tranId"],
        "tranDate": body["tranDate"],
        "period": (body.get("postingPeriod") or {}).get("refName"),
        "subsidiary": body["subsidiary"]["id"],
        "code": codes[body["subsidiary"]["id"]].get("tranPrefix"),
        "currency": symbols[body["currency"]["id"]],
        "entity": (body.get("entity") or body.get("customer") or {}).get("id"),
        "status": body["status"]["id"],
        "lines": len(body.get("item") or body.get("line") or body.get("apply") or []),
        **{key: _money(decimal(value)) for key, value in money.items()},
    }


def _trial_balance(book: Book, postings: Records, symbols: dict[str, Any]) -> Json:
    """Debits and credits per subsidiary, currency and account. They are equal, or something is wrong here."""
    accounts = {str(row.id): row.body["acctName"] for row in book.records["account"].find()}
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in postings.find():
        body = row.body
        entry = sums[(body["subsidiary"], body["currency"], body["account"])]
        entry[0] += Decimal(body["debit"])
        entry[1] += Decimal(body["credit"])
    debits = sum((entry[0] for entry in sums.values()), Decimal(0))
    credited = sum((entry[1] for entry in sums.values()), Decimal(0))
    return {
        "balanced": debits == credited,
        "accounts": [
            {
                "subsidiary": subsidiary,
                "currency": symbols[currency],
                "account": accounts.get(account, account),
                "debit": _money(debit),
                "credit": _money(credit),
            }
            for (subsidiary, currency, account), (debit, credit) in sorted(sums.items())
        ],
    }


def _money(value: Decimal) -> str:
    return f"{value:.2f}"
