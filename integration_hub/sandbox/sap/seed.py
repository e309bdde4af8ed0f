"""What the tenant starts with: three company codes and the accounts one may post to."""

from __future__ import annotations

from collections.abc import Iterator

from ..messages import Json

CURRENCIES = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "INR"})
COMPANIES = (
    ("US01", "Meridian Advisory Inc", "US", "USD"),
    ("GB01", "Meridian Advisory Ltd", "GB", "GBP"),
    ("DE01", "Meridian Advisory GmbH", "DE", "EUR"),
)
"""A sales organisation has the code of its company."""
BANK, RECEIVABLE, PAYABLE, REVENUE, TAX = "11001010", "12100000", "21100000", "41000000", "22000000"
ACCOUNTS = frozenset(
    {BANK, RECEIVABLE, PAYABLE, REVENUE, TAX, "12200000", "25000000", "51100000", "51900000", "61003000", "65100000"}
)
PRODUCTS = frozenset({"P001", "P002", "P003"})


def companies() -> Iterator[Json]:
    for code, name, country, currency in COMPANIES:
        yield {"CompanyCode": code, "CompanyCodeName": name, "Country": country, "Currency": currency}
