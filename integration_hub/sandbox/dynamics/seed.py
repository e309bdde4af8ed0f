"""What the environment starts with: three companies, a fiscal calendar, a chart of accounts, payment terms."""

from __future__ import annotations

import calendar
from collections.abc import Iterator

from ..messages import Json

CURRENCIES = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "INR"})
COMPANIES = (
    ("US01", "Meridian Advisory Inc", "USA", "USD"),
    ("GB01", "Meridian Advisory Ltd", "GBR", "GBP"),
    ("DE01", "Meridian Advisory GmbH", "DEU", "EUR"),
)
"""Written as the legal entities have it; in rows of data it is in small letters."""
CALENDAR, CHART = "Fiscal", "Shared"
TERMS = (("Net 30", 30), ("Net 15", 15), ("Net 45", 45), ("Net 60", 60), ("Due on receipt", 0))
ACCOUNTS = (
    ("110110", "Bank", "BalanceSheet"),
    ("130100", "Accounts receivable", "BalanceSheet"),
    ("130700", "Unbilled revenue", "BalanceSheet"),
    ("200100", "Accounts payable", "BalanceSheet"),
    ("200140", "Accrued subcontractors", "BalanceSheet"),
    ("202100", "Sales tax payable", "BalanceSheet"),
    ("250600", "Deferred revenue", "BalanceSheet"),
    ("401100", "Consulting revenue", "ProfitAndLoss"),
    ("401200", "Reimbursed expenses", "ProfitAndLoss"),
    ("510100", "Cost of labour", "ProfitAndLoss"),
    ("510200", "Cost of subcontractors", "ProfitAndLoss"),
    ("602100", "Travel", "ProfitAndLoss"),
    ("618900", "Labour absorbed", "ProfitAndLoss"),
)
BANK, RECEIVABLE = "110110", "130100"
YEARS = range(2025, 2028)


def period_name(month: int) -> str:
    return f"Period {month}"


def records() -> Iterator[tuple[str, Json]]:
    """Set and values of every seeded row."""
    for code, name, country, currency in COMPANIES:
        yield "LegalEntities", {"LegalEntityId": code, "Name": name, "AddressCountryRegionId": country}
        ledger = {"AccountingCurrency": currency, "FiscalCalendar": CALENDAR, "ChartOfAccounts": CHART}
        yield "Ledgers", {"LegalEntityId": code, **ledger}
        for term, days in TERMS:
            yield "PaymentTerms", {"dataAreaId": code.lower(), "Name": term, "Description": term, "NumberOfDays": days}
    for number, name, kind in ACCOUNTS:
        account = {"MainAccountId": number, "Name": name, "MainAccountType": kind, "IsSuspended": "No"}
        yield "MainAccounts", {"ChartOfAccounts": CHART, **account}
    yield from _periods()


def _periods() -> Iterator[tuple[str, Json]]:
    for year in YEARS:
        for month in range(1, 13):
            last = calendar.monthrange(year, month)[1]
            key = {"Calendar": CALENDAR, "FiscalYear": str(year), "PeriodName": period_name(month)}
            days = {"StartDate": f"{year}-{month:02d}-01", "EndDate": f"{year}-{month:02d}-{last}"}
            yield "FiscalPeriods", {**key, **days, "Type": "Operating"}
            for code, *_ in COMPANIES:
                yield "LedgerPeriodStatuses", {"dataAreaId": code.lower(), **key, "PeriodStatus": "Open"}
