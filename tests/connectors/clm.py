"""What an executed contract and an amendment to it look like in a CLM."""

from typing import Any


def text(value: str) -> dict[str, Any]:
    return {"type": "string", "value": value}


def day(value: str) -> dict[str, Any]:
    return {"type": "date", "value": f"{value}T00:00:00-07:00"}


def money(currency: str, amount: float) -> dict[str, Any]:
    return {"type": "monetary_amount", "value": {"currency": currency, "amount": amount}}


def contract_of(number: str, counterparty: str, *, name: str = "MSA", currency: str = "EUR") -> dict[str, Any]:
    """An executed contract."""
    return {
        "type": "masterServicesAgreement",
        "name": name,
        "properties": {
            "contractNumber": text(number),
            "counterparty": {"type": "reference", "value": {"recordId": counterparty}},
            "legalEntity": text("US01"),
            "contractValue": money(currency, 100000),
            "agreementDate": day("2026-05-01"),
            "effectiveDate": day("2026-05-01"),
            "expirationDate": day("2026-12-31"),
        },
    }


def amendment_of(parent: str, number: str, rate: float, *, currency: str = "USD") -> dict[str, Any]:
    """An executed amendment of a rate, which its parent shows as well."""
    return {
        "type": "amendment",
        "name": f"Amendment {number}",
        "parent": {"recordId": parent, "parentLinkType": "amendment"},
        "propertiesToAmend": {"expirationDate": {"amendmentType": "replace"}},
        "properties": {
            "amendmentNumber": text(number),
            "amendmentKind": text("Rate"),
            "role": text("Architect"),
            "newRate": money(currency, rate),
            "agreementDate": day("2026-06-20"),
            "effectiveDate": day("2026-07-01"),
            "expirationDate": day("2027-12-31"),
        },
    }


def envelope_of(contract: str, amendment: str = "", *, status: str = "sent") -> dict[str, Any]:
    """An envelope about a contract, or an amendment to it."""
    named = {"ContractNumber": contract, **({"AmendmentNumber": amendment} if amendment else {})}
    return {
        "status": status,
        "emailSubject": "Please sign",
        "customFields": {"textCustomFields": [{"name": name, "value": value} for name, value in named.items()]},
        "recipients": {"signers": [{"name": "Ida Lund", "email": "ida@tidewater.example"}]},
    }
