"""From a transaction as sent to a transaction with tax: per line, per jurisdiction, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from .. import stamps
from ..amounts import decimal, number, rounded
from ..messages import Json, mapping, scalar, sequence
from . import rates
from .errors import invalid, required
from .rates import Jurisdiction

TYPES = {
    f"{noun}{kind}" for noun in ("Sales", "Purchase", "Return", "InventoryTransfer") for kind in ("Order", "Invoice")
}


def check(model: Json) -> None:
    """What every transaction needs; raises AvaTax's refusal that names the first thing missing or malformed."""
    for name in ("customerCode", "date", "lines"):
        if not model.get(name):
            raise required(name)
    for name in ("type", "code", "companyCode", "currencyCode", "customerCode", "date"):
        if model.get(name) is not None:
            scalar(model[name], name)
    if model.get("type", "SalesOrder") not in TYPES:
        raise invalid("ModelStateInvalid", f"{model['type']} is not a document type.", refers_to="type")
    try:
        stamps.day(str(model["date"]))
    except ValueError as problem:
        raise invalid("ModelStateInvalid", str(problem), refers_to="date") from None
    for place in (model, *sequence(model["lines"], "lines")):
        for address in mapping(mapping(place, "a line").get("addresses") or {}, "addresses").values():
            mapping(address, "an address")
        mapping(place.get("taxOverride") or {}, "taxOverride")


def calculate(model: Json) -> Json:
    """Totals, lines, details and summary of a checked transaction."""
    currency = str(model.get("currencyCode") or "USD")
    lines = [_line(model, line, position, currency) for position, line in enumerate(model["lines"], 1)]
    _override_total(model, lines, currency)
    return {
        "currencyCode": currency,
        "lines": lines,
        "summary": _summary(lines),
        "addresses": _addresses(model),
        **totals(lines),
    }


def totals(lines: Sequence[Json]) -> Json:
    """Sums over lines."""

    def total(name: str) -> float:
        return number(sum((decimal(line[name]) for line in lines), Decimal(0)))

    return {
        "totalAmount": total("lineAmount"),
        "totalExempt": total("exemptAmount"),
        "totalDiscount": total("discountAmount"),
        "totalTax": total("tax"),
        "totalTaxable": total("taxableAmount"),
        "totalTaxCalculated": total("taxCalculated"),
    }


def shift_tax(answer: Json, variance: Decimal) -> None:
    """Change the tax of a calculated transaction by an amount, on its first line that carries any tax."""
    line = next((line for line in answer["lines"] if line["tax"]), answer["lines"][0])
    line["tax"] = number(decimal(line["tax"]) + variance)
    if line["details"]:
        line["details"][0]["tax"] = number(decimal(line["details"][0]["tax"]) + variance)
    answer |= totals(answer["lines"]) | {"summary": _summary(answer["lines"])}


# -- one line -----------------------------------------------------------------------------------------------------


def _line(model: Json, line: Json, position: int, currency: str) -> Json:
    destination, origin = _address(model, line, "shipTo"), _address(model, line, "shipFrom", optional=True)
    amount = rounded(decimal(line.get("amount")), currency)
    exempt = _exempt(model, line)
    authorities = () if exempt else _authorities(model, line, destination, origin)
    rate = sum((item.rate for item in authorities), Decimal(0))
    if line.get("taxIncluded") and authorities:
        amount = rounded(amount / (1 + rate), currency)
    taxable = amount if authorities else Decimal(0)
    calculated = rounded(taxable * rate, currency)
    tax = calculated
    override = line.get("taxOverride") or {}
    if override.get("type") == "TaxAmount":
        tax = rounded(decimal(override.get("taxAmount")), currency)
    return {
        "lineNumber": str(line.get("number") or position),
        "quantity": number(decimal(line.get("quantity", 1))),
        "lineAmount": number(amount),
        "discountAmount": 0.0,
        "taxableAmount": number(taxable),
        "exemptAmount": number(amount - taxable),
        "tax": number(tax),
        "taxCalculated": number(calculated),
        "isItemTaxable": bool(authorities),
        "taxIncluded": bool(line.get("taxIncluded")),
        "taxCode": line.get("taxCode") or "P0000000",
        "itemCode": line.get("itemCode"),
        "description": line.get("description"),
        "ref1": line.get("ref1"),
        "ref2": line.get("ref2"),
        "revAccount": line.get("revenueAccount"),
        "reportingDate": str(model["date"])[:10],
        "details": _details(authorities, taxable, tax, destination, currency),
    }


def _exempt(model: Json, line: Json) -> bool:
    reasons = ("exemptionNo", "exemptionCode", "entityUseCode", "customerUsageType")
    return line.get("taxCode") == "NT" or any(model.get(name) or line.get(name) for name in reasons)


def _address(model: Json, line: Json, role: str, *, optional: bool = False) -> tuple[str, str]:
    """Country and state of an address: the line's own, the document's, or the single location."""
    for place in (line.get("addresses") or {}, model.get("addresses") or {}):
        found = {key.lower(): value for key, value in place.items()}
        address = found.get(role.lower()) or (None if optional else found.get("singlelocation"))
        if address:
            country = rates.country(str(address.get("country") or "US"))
            if not country:
                raise invalid("InvalidAddress", f"Country {address.get('country')} is not known.", refers_to=role)
            return country, rates.region(str(address.get("region") or ""))
    if optional:
        return "", ""
    raise required("addresses")


def _authorities(
    model: Json, line: Json, destination: tuple[str, str], origin: tuple[str, str]
) -> tuple[Jurisdiction, ...]:
    business = bool(model.get("businessIdentificationNo") or line.get("businessIdentificationNo"))
    if rates.reverse_charged(origin[0], destination[0], business=business):
        return ()
    found = rates.jurisdictions(*destination)
    if not found:
        message = f"The address is not deliverable: {destination[1] or 'no region'}, {destination[0]}."
        raise invalid("InvalidAddress", message, refers_to="region")
    return tuple(item for item in found if item.rate)


def _details(
    authorities: Sequence[Jurisdiction], taxable: Decimal, tax: Decimal, where: tuple[str, str], currency: str
) -> list[Json]:
    """The line's tax shared out to its authorities, so that the parts add up to the cent."""
    shares = _shared(tax, [item.rate for item in authorities], currency)
    return [
        {
            "country": where[0],
            "region": where[1] or where[0],
            "jurisType": item.type,
            "jurisdictionType": item.type,
            "jurisCode": item.code,
            "jurisName": item.name,
            "rate": float(item.rate),
            "tax": number(share),
            "taxCalculated": number(share),
            "taxableAmount": number(taxable),
            "exemptAmount": 0.0,
            "taxName": item.tax,
            "taxType": "Sales" if where[0] == "US" else "Output",
            "rateType": "General",
        }
        for item, share in zip(authorities, shares, strict=True)
    ]


def _shared(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split by weight; cents that are left go to the largest remainders."""
    whole = sum(weights, Decimal(0))
    if not whole:
        return [Decimal(0) for _ in weights]
    unit = Decimal(1) if rounded(Decimal("0.4"), currency) == 0 else Decimal("0.01")
    exact = [total * weight / whole for weight in weights]
    shares = [value.quantize(unit, ROUND_DOWN) for value in exact]
    left = int((total - sum(shares)) / unit)
    order = sorted(range(len(weights)), key=lambda n: abs(exact[n] - shares[n]), reverse=True)
    for n in order[: abs(left)]:
        shares[n] += unit if left > 0 else -unit
    return shares


# -- the document -------------------------------------------------------------------------------------------------


def _override_total(model: Json, lines: list[Json], currency: str) -> None:
    """A tax amount given for the whole document is shared out to its lines."""
    override = model.get("taxOverride") or {}
    if override.get("type") != "TaxAmount":
        return
    total = rounded(decimal(override.get("taxAmount")), currency)
    shares = _shared(total, [abs(decimal(line["lineAmount"])) for line in lines], currency)
    for line, share in zip(lines, shares, strict=True):
        line["tax"] = number(share)
        parts = _shared(share, [Decimal(str(detail["rate"])) for detail in line["details"]], currency)
        for detail, part in zip(line["details"], parts, strict=True):
            detail["tax"] = number(part)


def _summary(lines: Sequence[Json]) -> list[Json]:
    """Tax per authority over all lines."""
    found: dict[tuple[str, str], Json] = {}
    for detail in (detail for line in lines for detail in line["details"]):
        key = (detail["jurisCode"], detail["jurisType"])
        entry = found.setdefault(
            key,
            {name: detail[name] for name in ("country", "region", "jurisType", "jurisCode", "jurisName", "taxType")}
            | {"taxName": detail["taxName"], "rateType": "General", "rate": detail["rate"]}
            | {"taxable": 0.0, "tax": 0.0, "taxCalculated": 0.0, "exemption": 0.0},
        )
        for name, source in (("taxable", "taxableAmount"), ("tax", "tax"), ("taxCalculated", "taxCalculated")):
            entry[name] = number(decimal(entry[name]) + decimal(detail[source]))
    return list(found.values())


def _addresses(model: Json) -> list[Json]:
    addresses: dict[str, Any] = model.get("addresses") or {}
    return [
        {"id": position, "boundaryLevel": "Address"}
        | {name: address.get(name) for name in ("line1", "city", "region", "country", "postalCode")}
        for position, address in enumerate(addresses.values(), 1)
        if isinstance(address, dict)
    ]
