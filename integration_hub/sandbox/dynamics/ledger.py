"""The environment's own books: what is posted, and what it makes of the accounts."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from ..amounts import decimal
from ..messages import Json
from . import seed
from .rows import Rows
from .schema import SETS

_POSTED = ("FreeTextInvoiceHeaders", "LedgerJournalHeaders", "CustomerPaymentJournalHeaders")

_KEPT = (
    "InvoiceNumber", "JournalBatchNumber", "CustomerReference", "IntegrationKey", "InvoiceAmount", "SettledAmount",
    "DocumentStatus", "JournalTotalDebit",
)  # fmt: skip


def books(rows: Rows) -> Json:
    """Posted documents by company, drafts, the trial balance, and how many rows of each kind there are."""
    headers = [(name, row.body) for name in _POSTED for row in rows.of[name].find()]
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for name, header in headers:
        if header["IsPosted"] == "Yes":
            for account, amount in _entries(rows, name, header):
                sums[header["dataAreaId"], account][amount < 0] += abs(amount)
    debits, credited = (sum((entry[side] for entry in sums.values()), Decimal(0)) for side in (0, 1))
    return {
        "vendor": "dynamics",
        "documents": [_document(name, header) for name, header in headers],
        "drafts": sum(header["IsPosted"] == "No" for _, header in headers),
        "trial_balance": {
            "balanced": debits == credited,
            "accounts": [
                {"company": company, "account": account, "debit": f"{debit:.2f}", "credit": f"{credit:.2f}"}
                for (company, account), (debit, credit) in sorted(sums.items())
            ],
        },
        "records": {name: records.count() for name, records in rows.of.items()},
    }


def _document(name: str, header: Json) -> Json:
    return {"set": name, "company": header["dataAreaId"], "posted": header["IsPosted"] == "Yes"} | {
        key: header[key] for key in _KEPT if key in header
    }


def _entries(rows: Rows, name: str, header: Json) -> list[tuple[str, Decimal]]:
    """Account and amount, debits positive."""
    lines = rows.lines(SETS[name], header)
    if name == "FreeTextInvoiceHeaders":
        return [(seed.RECEIVABLE, decimal(header["InvoiceAmount"])), *(_line(line, "LineAmount", -1) for line in lines)]
    entries = []
    for line in lines:
        amount = decimal(line["DebitAmount"]) - decimal(line["CreditAmount"])
        main = seed.RECEIVABLE if line["AccountType"] == "Cust" else _main(line["AccountDisplayValue"])
        entries.append((main, amount))
        if line["OffsetAccountDisplayValue"]:
            entries.append((_main(line["OffsetAccountDisplayValue"]), -amount))
    return entries


def _line(line: Json, field: str, sign: int) -> tuple[str, Decimal]:
    return _main(line["AccountDisplayValue"]), sign * decimal(line[field])


def _main(shown: Any) -> str:
    return str(shown).split("-")[0]
