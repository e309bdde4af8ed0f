"""Tax rates by destination, as data. They are plausible and fixed, so figures repeat; they are not tax advice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One authority and its rate."""

    type: str
    code: str
    name: str
    rate: Decimal
    tax: str


_STATES = {
    # code: name, then the rates of state, county, city and special district
    "AL": ("Alabama", "4", "1"), "AK": ("Alaska", "0"), "AZ": ("Arizona", "5.6", "0.7"), "AR": ("Arkansas", "6.5"),
    "CA": ("California", "6", "0.25", "0", "1"), "CO": ("Colorado", "2.9", "1"), "CT": ("Connecticut", "6.35"),
    "DC": ("District of Columbia", "6"), "DE": ("Delaware", "0"), "FL": ("Florida", "6", "1"),
    "GA": ("Georgia", "4", "3"), "HI": ("Hawaii", "4", "0.5"), "IA": ("Iowa", "6"), "ID": ("Idaho", "6"),
    "IL": ("Illinois", "6.25", "1.75", "1.25", "1"), "IN": ("Indiana", "7"), "KS": ("Kansas", "6.5"),
    "KY": ("Kentucky", "6"), "LA": ("Louisiana", "5"), "MA": ("Massachusetts", "6.25"), "MD": ("Maryland", "6"),
    "ME": ("Maine", "5.5"), "MI": ("Michigan", "6"), "MN": ("Minnesota", "6.875"), "MO": ("Missouri", "4.225"),
    "MS": ("Mississippi", "7"), "MT": ("Montana", "0"), "NC": ("North Carolina", "4.75", "2"),
    "ND": ("North Dakota", "5"), "NE": ("Nebraska", "5.5"), "NH": ("New Hampshire", "0"),
    "NJ": ("New Jersey", "6.625"), "NM": ("New Mexico", "4.875"), "NV": ("Nevada", "6.85"),
    "NY": ("New York", "4", "0", "4.5", "0.375"), "OH": ("Ohio", "5.75"), "OK": ("Oklahoma", "4.5"),
    "OR": ("Oregon", "0"), "PA": ("Pennsylvania", "6"), "RI": ("Rhode Island", "7"), "SC": ("South Carolina", "6"),
    "SD": ("South Dakota", "4.2"), "TN": ("Tennessee", "7", "2.25"), "TX": ("Texas", "6.25", "0", "2"),
    "UT": ("Utah", "4.85"), "VA": ("Virginia", "4.3", "1"), "VT": ("Vermont", "6"),
    "WA": ("Washington", "6.5", "0", "3.85"), "WI": ("Wisconsin", "5"), "WV": ("West Virginia", "6"),
    "WY": ("Wyoming", "4"),
}  # fmt: skip


def _authorities(code: str, name: str, *rates: str) -> tuple[Jurisdiction, ...]:
    kinds = ("State", "County", "City", "Special")
    return tuple(
        Jurisdiction(
            kind,
            code if kind == "State" else f"{code}-{kind.upper()}",
            name.upper() if kind == "State" else f"{name} {kind}".upper(),
            Decimal(rate) / 100,
            f"{code} {kind.upper()} TAX",
        )
        for kind, rate in zip(kinds, rates, strict=False)
    )


US_STATES = {code: _authorities(code, *entry) for code, entry in _STATES.items()}
_STATE_NAMES = {entry[0].upper(): code for code, entry in _STATES.items()}

_VAT = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "22", "ES": "21",
    "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LU": "17",
    "LV": "21", "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "19", "SE": "25", "SI": "22", "SK": "23",
    "GB": "20", "CH": "8.1", "NO": "25", "AU": "10", "NZ": "15", "JP": "10", "SG": "9", "IN": "18", "ZA": "15",
}  # fmt: skip
EU = frozenset(_VAT) - {"GB", "CH", "NO", "AU", "NZ", "JP", "SG", "IN", "ZA"}
_CANADA = {
    "AB": "5", "BC": "12", "MB": "12", "NB": "15", "NL": "15", "NS": "14", "NT": "5", "NU": "5", "ON": "13",
    "PE": "15", "QC": "14.975", "SK": "11", "YT": "5",
}  # fmt: skip
_COUNTRY_NAMES = {
    "USA": "US", "UNITED STATES": "US", "UNITED STATES OF AMERICA": "US", "UK": "GB", "UNITED KINGDOM": "GB",
    "GREAT BRITAIN": "GB", "GERMANY": "DE", "DEUTSCHLAND": "DE", "FRANCE": "FR", "NETHERLANDS": "NL",
    "THE NETHERLANDS": "NL", "BELGIUM": "BE", "AUSTRIA": "AT", "SPAIN": "ES", "ITALY": "IT", "IRELAND": "IE",
    "SWITZERLAND": "CH", "CANADA": "CA", "AUSTRALIA": "AU", "JAPAN": "JP", "INDIA": "IN", "SWEDEN": "SE",
    "DENMARK": "DK", "FINLAND": "FI", "NORWAY": "NO", "POLAND": "PL", "PORTUGAL": "PT", "LUXEMBOURG": "LU",
    "SINGAPORE": "SG",
}  # fmt: skip


def country(text: str) -> str:
    """The ISO code of a country written as code or name; empty when it is unknown."""
    upper = text.strip().upper()
    code = _COUNTRY_NAMES.get(upper, upper)
    return code if code in _VAT or code in {"US", "CA"} else ""


def region(text: str) -> str:
    """The code of a US state written as code or name, or of a province."""
    upper = text.strip().upper()
    return _STATE_NAMES.get(upper, upper)


def jurisdictions(country_code: str, region_code: str) -> tuple[Jurisdiction, ...]:
    """Who taxes a service delivered there; empty for an unknown region of a country that has regions."""
    if country_code == "US":
        return US_STATES.get(region_code, ())
    if country_code == "CA":
        rate = _CANADA.get(region_code)
        return () if rate is None else (_national("CA", rate, "GST/HST"),)
    return (_national(country_code, _VAT[country_code], "Standard Rate"),)


def _national(code: str, rate: str, tax: str) -> Jurisdiction:
    return Jurisdiction("Country", code, code, Decimal(rate) / 100, tax)


def reverse_charged(origin: str, destination: str, *, business: bool) -> bool:
    """Whether the customer accounts for the tax: exports of services, and between EU members for businesses."""
    if not origin or origin == destination:
        return False
    return business or not {origin, destination} <= EU
