"""What every NetSuite account of the landscape starts with."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date

from ..messages import Json

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "INR")
TERMS = (("Net 30", 30), ("Net 15", 15), ("Net 45", 45), ("Net 60", 60), ("Due on receipt", 0), ("Net 14", 14))
SUBSIDIARIES = (
    ("Meridian Advisory Inc", "US", "USD"),
    ("Meridian Advisory Ltd", "GB", "GBP"),
    ("Meridian Advisory GmbH", "DE", "EUR"),
    ("Meridian Advisory SAS", "FR", "EUR"),
    ("Meridian Advisory BV", "NL", "EUR"),
)
ACCOUNTS = (
    ("1000", "Bank", "Bank"),
    ("1200", "Accounts Receivable", "AcctRec"),
    ("2200", "Sales Tax Payable", "OthCurrLiab"),
    ("2400", "Deferred Revenue", "DeferRevenue"),
    ("4000", "Service Income", "Income"),
    ("4100", "Reimbursed Expenses", "Income"),
    ("1250", "Unbilled Receivable", "UnbilledRec"),
    ("6000", "Bad Debt", "Expense"),
    ("5000", "Cost of Labour", "COGS"),
    ("5100", "Cost of Subcontractors", "COGS"),
    ("6900", "Labour Absorbed", "Expense"),
    ("2050", "Accrued Subcontractors", "OthCurrLiab"),
    ("2000", "Accounts Payable", "AcctPay"),
    ("6200", "Travel and Expenses", "Expense"),
)
BANK, RECEIVABLE, TAX, INCOME, PAYABLE = "1", "2", "3", "5", "13"
"""Ids of the accounts that postings use."""
ITEMS = (
    ("Time and materials", "5"),
    ("Fixed fee", "5"),
    ("Milestone", "5"),
    ("Retainer", "5"),
    ("Recurring fee", "5"),
    ("Overage", "5"),
    ("Reimbursable expense", "6"),
    ("Adjustment", "5"),
)
YEARS = range(2024, 2029)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def records() -> Iterator[tuple[str, str, Json]]:
    """Type, id and values of every seeded record, in an order in which references resolve."""
    for number, symbol in enumerate(CURRENCIES, 1):
        precision = 0 if symbol == "JPY" else 2
        yield (
            "currency",
            str(number),
            {"name": symbol, "symbol": symbol, "exchangeRate": 1.0, "currencyPrecision": precision},
        )
    for number, (name, days) in enumerate(TERMS, 1):
        yield "term", str(number), {"name": name, "daysUntilNetDue": days}
    for number, (code, name, kind) in enumerate(ACCOUNTS, 1):
        yield "account", str(number), {"acctNumber": code, "acctName": name, "acctType": kind}
    for number, (name, account) in enumerate(ITEMS, 1):
        yield "serviceSaleItem", str(number), {"itemId": name, "displayName": name, "incomeAccount": {"id": account}}
    for number, (name, country, symbol) in enumerate(SUBSIDIARIES, 1):
        yield (
            "subsidiary",
            str(number),
            {
                "name": name,
                "legalName": name,
                "country": country,
                "tranPrefix": country,
                "externalId": country,
                "currency": {"id": str(CURRENCIES.index(symbol) + 1)},
            },
        )
    yield from _periods()


def _periods() -> Iterator[tuple[str, str, Json]]:
    """Years contain quarters contain months; only months take postings."""
    number = 0
    for year in YEARS:
        number += 1
        year_id = str(number)
        yield "accountingPeriod", year_id, _period(f"FY {year}", date(year, 1, 1), date(year, 12, 31), isYear=True)
        for quarter in range(4):
            number += 1
            quarter_id, first, last = str(number), quarter * 3 + 1, quarter * 3 + 3
            start, end = date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])
            parent = {"id": year_id}
            yield "accountingPeriod", quarter_id, _period(f"Q{quarter + 1} {year}", start, end, parent, isQuarter=True)
            for month in range(first, last + 1):
                number += 1
                start, end = date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
                name, parent = f"{_MONTHS[month - 1]} {year}", {"id": quarter_id}
                yield "accountingPeriod", str(number), _period(name, start, end, parent, isPosting=True)


def _period(name: str, start: date, end: date, parent: Json | None = None, **kind: bool) -> Json:
    flags = ("closed", "allLocked", "arLocked", "apLocked", "payrollLocked", "allowNonGLChanges", "isAdjust")
    values: Json = {"periodName": name, "startDate": start.isoformat(), "endDate": end.isoformat()}
    values |= dict.fromkeys((*flags, "isPosting", "isQuarter", "isYear"), False) | kind
    return values | ({"parent": parent} if parent else {})
